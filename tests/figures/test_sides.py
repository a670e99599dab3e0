"""What is compared with what, where a reader chooses both sides."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from costoptix.errors import Invalid
from costoptix.figures.sides import comparison
from tests.support.lake import Charge, Lake

WEEK = (("start_date", "2026-03-09"), ("end_date", "2026-03-15"))


def test_days_that_are_not_complete_are_not_compared(lake: Lake):
    lake.deliver(*(Charge(day=date(2026, 3, day)) for day in range(1, 19)))
    asked = comparison(lake.ask(("start_date", "2026-03-15"), ("end_date", "2026-03-20")))
    assert (asked.now.date_range.first.day, asked.now.date_range.last.day) == (15, 17)
    assert (asked.before.date_range.first.day, asked.before.date_range.last.day) == (12, 14)


def test_days_before_the_first_bill_cannot_be_compared_with(lake: Lake):
    lake.deliver(*(Charge(day=date(2026, 3, day)) for day in range(8, 19)))
    assert comparison(lake.ask(*WEEK)) is None
    assert comparison(lake.ask(("range", "last_month"))) is None


def test_two_ways_to_compare_at_once_are_refused(lake: Lake):
    report = lake.ask(*WEEK)
    with pytest.raises(Invalid, match="compare_account"):
        comparison(report, before=report.query.date_range, account="aws:1")


def test_a_single_day_has_the_day_before(lake: Lake):
    lake.deliver(*(Charge(day=date(2026, 3, day)) for day in range(1, 19)))
    asked = comparison(lake.ask(("start_date", "2026-03-10"), ("end_date", "2026-03-10")))
    assert asked.before.date_range.last == asked.now.date_range.first - timedelta(days=1)
