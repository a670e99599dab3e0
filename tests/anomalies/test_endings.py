"""The end of an anomaly is told once, whatever is restated."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from costoptix import clock
from costoptix.anomalies import service
from costoptix.models import Event
from tests.anomalies.test_service import costs, restate
from tests.support.lake import Lake


def told(lake: Lake) -> list[str]:
    """Detect; return the names of every event so far."""
    service.run(lake.session, lake.organization, lake.store)
    return list(lake.session.scalars(select(Event.name).order_by(Event.id)))


def ending(lake: Lake) -> Event:
    return lake.session.scalars(select(Event).where(Event.name == "anomaly.ended")).one()


def test_an_episode_ends_after_two_days_without_it_and_ends_once(lake: Lake) -> None:
    lake.deliver(*costs([date(2026, 3, 17)]))
    assert told(lake) == ["anomaly.detected", "anomaly.ended"]
    assert told(lake) == ["anomaly.detected", "anomaly.ended"]
    data = ending(lake).data
    assert (data["date"], data["end_date"]) == ("2026-03-17", "2026-03-17")
    assert (data["account"], data["is_withdrawn"]) == ("aws:111", False)


@pytest.mark.parametrize("day", [date(2026, 3, 18), date(2026, 3, 19)])
def test_one_that_may_go_on_has_no_end_yet(lake: Lake, day: date) -> None:
    lake.deliver(*costs([day]))
    assert told(lake) == ["anomaly.detected"]


def test_restated_away_it_ends_and_restated_again_it_has_ended(lake: Lake) -> None:
    lake.deliver(*costs([date(2026, 3, 19)]))
    assert told(lake) == ["anomaly.detected"]
    restate(lake, *costs([]))
    assert told(lake) == ["anomaly.detected", "anomaly.ended"]
    assert ending(lake).data["is_withdrawn"] is True
    for spikes in ([date(2026, 3, 19)], [], [date(2026, 3, 18)]):
        restate(lake, *costs(spikes))
        assert told(lake) == ["anomaly.detected", "anomaly.ended"]


def test_an_alert_of_long_ago_is_not_waited_for(lake: Lake) -> None:
    lake.deliver(*costs([date(2026, 3, 18)]))
    before = told(lake)
    clock.configure("2026-08-20T12:00:00Z")
    assert told(lake) == before
