"""When reports are due, and over which days: by the organization's zone and report day. Pure.

Their days are days in UTC, as those of every figure; the zone says when a day of its own begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from costoptix.models import Organization, Weekday
from costoptix.periods import DateRange, add_months, month_range, month_start

WEEKLY, MONTHLY = "report.weekly", "report.monthly"
NAMES = (WEEKLY, MONTHLY)

PATIENCE = timedelta(days=3)
"""So long a report waits for the bills of its period; then it says what is missing."""

LATEST = timedelta(days=6)
"""A report that is later than this is not sent any more: the next one is near, or over."""

_WEEK = timedelta(days=7)
_ONE_DAY = timedelta(days=1)
_NUMBERS = {day: number for number, day in enumerate(Weekday)}


@dataclass(frozen=True)
class DueReport:
    """The newest report of a kind: the day that it is due on, and the days that it is about."""

    name: str  # an event: ``report.weekly``
    day: date
    days: DateRange

    @property
    def key(self) -> str:
        """Return what tells a report from all others of a channel."""
        return f"{self.name}:{self.days.first}/{self.days.last}"

    def is_sent_at(self, today: date, *, is_complete: bool) -> bool:
        """Tell whether it goes out on a day of the organization's zone."""
        return (is_complete or today >= self.day + PATIENCE) and today <= self.day + LATEST


def local_day(organization: Organization, at: datetime) -> date:
    """Return the day of an instant where the organization is."""
    return at.astimezone(ZoneInfo(organization.time_zone)).date()


def newest(name: str, organization: Organization, today: date) -> DueReport:
    """Return the newest report of a kind that is due by a day of the organization's zone."""
    if name == MONTHLY:
        first = month_start(today)
        return DueReport(name, first, month_range(add_months(first, -1)))
    behind = (today.weekday() - _NUMBERS[Weekday(organization.report_weekday)]) % 7
    day = today - timedelta(days=behind)
    return DueReport(name, day, DateRange(day - _WEEK, day - _ONE_DAY))
