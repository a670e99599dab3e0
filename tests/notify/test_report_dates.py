"""When reports are due: by the organization's own days, over days in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from costoptix.models import Organization, Weekday
from costoptix.notify.report_dates import MONTHLY, WEEKLY, local_day, newest
from costoptix.periods import DateRange


def organization(weekday: str = "monday", zone: str = "UTC") -> Organization:
    return Organization(id="o", name="Acme", report_weekday=Weekday(weekday), time_zone=zone)


@pytest.mark.parametrize(
    ("weekday", "today", "day", "first", "last"),
    [
        ("monday", "2026-03-16", "2026-03-16", "2026-03-09", "2026-03-15"),
        ("monday", "2026-03-20", "2026-03-16", "2026-03-09", "2026-03-15"),
        ("friday", "2026-03-19", "2026-03-13", "2026-03-06", "2026-03-12"),
        ("sunday", "2026-03-01", "2026-03-01", "2026-02-22", "2026-02-28"),
    ],
)
def test_a_week_ends_the_day_before_the_report_day(
    weekday: str, today: str, day: str, first: str, last: str
) -> None:
    report = newest(WEEKLY, organization(weekday), date.fromisoformat(today))
    assert report.day == date.fromisoformat(day)
    assert report.days == DateRange(date.fromisoformat(first), date.fromisoformat(last))


def test_a_month_is_reported_from_the_first_of_the_next() -> None:
    for today in (date(2026, 3, 1), date(2026, 3, 31)):
        report = newest(MONTHLY, organization(), today)
        assert (report.day, report.days) == (
            date(2026, 3, 1), DateRange(date(2026, 2, 1), date(2026, 2, 28)),
        )  # fmt: skip
    assert newest(MONTHLY, organization(), date(2026, 1, 5)).days.first == date(2025, 12, 1)


def test_the_day_is_that_of_the_zone() -> None:
    at = datetime(2026, 3, 15, 23, 30, tzinfo=UTC)
    assert local_day(organization(zone="Asia/Tokyo"), at) == date(2026, 3, 16)
    assert local_day(organization(zone="America/New_York"), at) == date(2026, 3, 15)


def test_a_report_waits_three_days_for_its_bills_and_is_not_sent_late() -> None:
    report = newest(WEEKLY, organization(), date(2026, 3, 16))
    days = {day: date(2026, 3, day) for day in range(16, 24)}
    assert [day for day in days if report.is_sent_at(days[day], is_complete=False)] == [
        19, 20, 21, 22,
    ]  # fmt: skip
    assert [day for day in days if report.is_sent_at(days[day], is_complete=True)] == [
        16, 17, 18, 19, 20, 21, 22,
    ]  # fmt: skip
