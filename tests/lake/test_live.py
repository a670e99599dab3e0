"""How fresh the data are: complete days only count where all sources are complete."""

from __future__ import annotations

from datetime import date

import pytest

from costoptix.lake.live import DataAsOf, data_as_of, freshness, read_live
from costoptix.periods import DateRange
from tests.support.lake import IMPORTED_AT, TODAY, Charge, Lake, on

MARCH = DateRange(date(2026, 3, 1), date(2026, 3, 31))


def complete_through(lake: Lake, days: DateRange | None = None) -> date | None:
    live = read_live(lake.session, lake.organization)
    return freshness(live, days, TODAY).complete_through


def test_without_data_nothing_is_complete(lake):
    assert data_as_of(lake.session, lake.organization) == DataAsOf(None, None)


def test_the_last_day_with_charges_is_not_complete(lake):
    lake.deliver(*on(Charge(), date(2026, 3, 1), date(2026, 3, 18)))
    assert complete_through(lake) == date(2026, 3, 17)
    live = read_live(lake.session, lake.organization)
    assert freshness(live, MARCH, TODAY).imported_at == IMPORTED_AT


@pytest.mark.parametrize("last", [date(2026, 3, 20), date(2026, 3, 31), date(2026, 12, 31)])
def test_today_is_never_complete_even_when_charges_lie_ahead(lake, last):
    lake.deliver(*on(Charge(billing_period=date(2026, 3, 1)), date(2026, 3, 1), last))
    assert complete_through(lake) == date(2026, 3, 19)


def test_a_period_is_complete_when_its_successor_has_data(lake):
    lake.deliver(Charge(day=date(2026, 2, 20)))
    assert complete_through(lake) == date(2026, 2, 19)
    lake.deliver(Charge(day=date(2026, 2, 25), billing_period=date(2026, 3, 1)))
    assert complete_through(lake) == date(2026, 2, 28)


def test_a_week_is_complete_when_its_successor_has_data(lake):
    def week(first: int, *days: int) -> None:
        weekly = Charge(
            billing_period=date(2026, 3, first), billing_period_last=date(2026, 3, first + 6)
        )
        lake.deliver(*on(weekly, *(date(2026, 3, day) for day in days)))

    week(2, 2, 6)  # nothing was used on the weekend
    assert complete_through(lake) == date(2026, 3, 5)
    week(9, 9)
    assert complete_through(lake) == date(2026, 3, 8)


def test_a_range_is_complete_through_the_least_complete_of_its_sources(lake):
    lake.deliver(*on(Charge(), date(2026, 3, 2), date(2026, 3, 18)), source="aws")
    lake.deliver(Charge(day=date(2026, 3, 10)), source="gcp")
    assert complete_through(lake, MARCH) == date(2026, 3, 9)


def test_a_source_that_is_late_counts_and_one_that_ended_does_not(lake):
    lake.deliver(Charge(day=date(2026, 3, 18)), source="aws")
    lake.deliver(Charge(day=date(2025, 6, 1)), source="ended")
    assert complete_through(lake, MARCH) == date(2026, 3, 17)
    lake.deliver(Charge(day=date(2026, 2, 27)), source="late")
    assert complete_through(lake, MARCH) == date(2026, 2, 26)


def test_what_is_not_live_or_not_ours_does_not_count(lake, tmp_path):
    (delivery,) = lake.deliver(Charge(day=date(2026, 3, 18)))
    delivery.is_live = False
    lake.session.commit()
    assert read_live(lake.session, lake.organization).deliveries == ()
