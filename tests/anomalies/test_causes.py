"""One cause is one finding: put together, kept with its parts, and followed as one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from costoptix.anomalies import episodes, listing, service
from costoptix.anomalies.causes import by_cause, members
from costoptix.anomalies.detect import Method, detect, severity_of
from costoptix.anomalies.dispositions import Disposition
from costoptix.anomalies.episodes import Episode, Series
from costoptix.anomalies.listing import AnomalyFilters
from costoptix.anomalies.recording import ALERT
from costoptix.anomalies.service import AUTOMATIC
from costoptix.models import Anomaly, AnomalyPart, Delivery, Event
from costoptix.money import total
from costoptix.periods import DateRange
from tests.anomalies.anomaly import make_anomaly
from tests.support.lake import TODAY, Charge, Lake

SPIKE = date(2026, 3, 10)
DAY = timedelta(days=1)

TOLD = select(Event).where(Event.name == ALERT)


def episode(service_name: str, account: str, day: int, impact: int, currency: str) -> Episode:
    first = SPIKE + timedelta(days=day)
    amount = Decimal(impact)
    return Episode(
        Series("AWS", service_name, account, currency), DateRange(first, first), amount + 10,
        Decimal(10), Decimal(9), Decimal(11), amount, Decimal(10 * impact),
        severity_of(amount, Decimal(10 * impact)), Method.ADAPTIVE,
    )  # fmt: skip


EPISODES = st.lists(
    st.builds(
        episode, st.sampled_from("abc"), st.sampled_from("123"), st.integers(0, 9),
        st.integers(-9, 9).filter(bool), st.sampled_from(["USD", "EUR"]),
    ),
    max_size=20, unique_by=lambda e: e.key,
)  # fmt: skip


@given(EPISODES)
def test_nothing_is_lost_or_doubled_when_put_together(singles: list[Episode]) -> None:
    findings = by_cause(singles)
    parts = [part for finding in findings for part in members(finding)]
    assert sorted(part.key for part in parts) == sorted(one.key for one in singles)
    for finding in findings:
        of = members(finding)
        assert finding.impact == total([part.impact for part in of])
        assert finding.actual - finding.expected == finding.impact
        begins = [part.days.first for part in of]
        assert max(begins) - min(begins) <= DAY
        assert len({(p.series.currency, p.impact > 0) for p in of}) == 1
        assert 1 in (
            len({part.series.service_name for part in of}),
            len({part.series.sub_account_id for part in of}),
        )
    assert by_cause(list(reversed(singles))) == findings


def costs(spikes: Iterable[date], account: str, amount: str = "700", **more: Any) -> list[Charge]:
    unusual = set(spikes)
    return [
        Charge(
            day=day, effective_cost=Decimal(amount if day in unusual else "100"),
            sub_account_id=account, **more,
        )
        for day in DateRange(date(2025, 12, 1), TODAY)
    ]  # fmt: skip


def kept(lake: Lake) -> list[Anomaly]:
    return list(listing.list_anomalies(lake.session, lake.organization))


def run(lake: Lake) -> service.Outcome:
    return service.run(lake.session, lake.organization, lake.store)


def test_a_spike_of_two_days_is_one_episode_also_from_the_first_of_a_month_on() -> None:
    for first in (date(2026, 3, 1), date(2026, 3, 4)):
        days = DateRange(date(2025, 12, 1), date(2026, 3, 12))
        spike = {first, first + DAY}
        amounts = [(d, Decimal(609 if d in spike else 200 + d.day % 5)) for d in days]
        of = episodes.episodes(
            Series("AWS", "EC2", "1", "USD"), detect(amounts, AUTOMATIC).findings, dict(amounts)
        )
        assert [(one.days, one.actual) for one in of] == [(DateRange(first, first + DAY), 1218)]
        assert of[0].impact > 800


def test_one_service_in_several_accounts_is_one_finding_told_once(lake: Lake) -> None:
    lake.deliver(
        *costs([SPIKE], "111", resource_id="i-1"),
        *costs([SPIKE + DAY], "222", "900", resource_id="i-2"),
        *costs([SPIKE + 4 * DAY], "333"),
        *costs([SPIKE], "111", service_name="S3"),
    )
    for _ in range(2):
        run(lake)
    by_service = {(row.service_name, len(row.parts)): row for row in kept(lake)}
    assert by_service.keys() == {("EC2", 2), ("EC2", 0), ("S3", 0)}
    row = by_service["EC2", 2]
    assert (row.first_day, row.last_day) == (SPIKE, SPIKE + DAY)
    assert [(p.sub_account_id, p.impact) for p in row.parts] == [("222", 800), ("111", 600)]
    assert (row.sub_account_id, row.impact, row.actual) == ("222", 1400, 1600)
    assert len(lake.session.scalars(TOLD).all()) == 3
    for account, count in (("aws:111", 2), ("aws:222", 1), ("aws:333", 1)):
        filters = AnomalyFilters(accounts=(account,))
        assert listing.count_anomalies(lake.session, lake.organization, filters) == count
    drivers = service.drivers_of(lake.session, lake.organization, row, lake.store)
    assert {driver.value for driver in drivers} >= {"i-1", "i-2"}


def test_several_services_of_one_account_are_one_finding(lake: Lake) -> None:
    lake.deliver(*(c for name in ("EC2", "S3") for c in costs([SPIKE], "111", service_name=name)))
    run(lake)
    (row,) = kept(lake)
    assert [part.service_name for part in row.parts] == ["EC2", "S3"] or len(row.parts) == 2
    filters = AnomalyFilters(service_names=("S3",))
    assert listing.count_anomalies(lake.session, lake.organization, filters) == 1


def test_what_was_kept_apart_before_stays_and_a_new_account_joins(lake: Lake) -> None:
    limit = Decimal(str(service.AUTOMATIC.limit))
    old = make_anomaly(lake.session, lake.organization, day=SPIKE, threshold=limit)
    lake.deliver(*costs([SPIKE], "111"))
    run(lake)
    assert [row.id for row in kept(lake)] == [old.id]
    lake.deliver(*costs([SPIKE], "222"), source="more")
    (result,) = run(lake).episodes
    assert result.disposition is Disposition.KNOWN
    (row,) = kept(lake)
    assert (row.id, row.impact, len(row.parts)) == (old.id, 1200, 2)


def test_a_judged_finding_keeps_its_parts_and_a_late_account_is_a_new_one(lake: Lake) -> None:
    lake.deliver(*costs([SPIKE], "111"), *costs([SPIKE], "222"))
    run(lake)
    (row,) = kept(lake)
    row.status, row.judged_at = "resolved", row.created_at
    lake.session.commit()
    lake.deliver(*costs([SPIKE], "333"), source="more")
    for _ in range(2):
        run(lake)
        rows = {one.id: one for one in kept(lake)}
        assert len(rows) == 2
        assert len(rows[row.id].parts) == 2
    assert len(lake.session.scalars(select(AnomalyPart)).all()) == 2


def test_parts_that_restated_bills_no_longer_show_go(lake: Lake) -> None:
    lake.deliver(*costs([SPIKE], "111"), *costs([SPIKE], "222"))
    run(lake)
    (before,) = kept(lake)
    assert len(before.parts) == 2
    lake.session.execute(update(Delivery).values(is_live=False))
    lake.deliver(*costs([SPIKE], "111"), *costs([], "222"))
    run(lake)
    (row,) = kept(lake)
    assert (row.id, row.sub_account_id, row.impact, row.parts) == (before.id, "111", 600, [])


def test_a_part_that_cannot_be_judged_leaves_its_finding_as_it_was(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.deliver(*costs([SPIKE], "111"), *costs([SPIKE], "222"))
    run(lake)
    judged: list[object] = []

    def broken_at_first(*given: Any) -> object:
        judged.append(given)
        if len(judged) == 1:
            raise RuntimeError("a mistake")
        return detect(*given)

    monkeypatch.setattr(episodes, "detect", broken_at_first)
    run(lake)
    assert [(row.impact, len(row.parts)) for row in kept(lake)] == [(1200, 2)]


def test_a_run_that_meets_what_another_has_kept_meanwhile_keeps_it_once(
    lake: Lake, monkeypatch: Any
) -> None:
    """On a server two people detect at once: the second decides before the first has kept."""
    lake.deliver(*costs([SPIKE], "111"), *costs([SPIKE], "222"))
    original = service.record
    calls: list[int] = []

    def after_another(*given: Any) -> Any:
        if not calls:
            calls.append(1)
            run(lake)
        return original(*given)

    monkeypatch.setattr(service, "record", after_another)
    (result,) = run(lake).episodes
    assert result.disposition is Disposition.KNOWN
    assert [len(row.parts) for row in kept(lake)] == [2]
    assert len(lake.session.scalars(TOLD).all()) == 1
