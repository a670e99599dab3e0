"""Which days and months can be compared: those that are known whole. Pure."""

from __future__ import annotations

from datetime import date

from costoptix.costs.answers import CostReport
from costoptix.periods import FIRST_DAY, DateRange, month_end, month_range


def known_part(days: DateRange, report: CostReport) -> DateRange | None:
    """Return the days of a range whose bills are all in; None when there are none.

    They begin with the first day that has charges of the organization, whatever the filters:
    what came before is unknown, not zero. They end with the day that the report's data are
    complete through.
    """
    since, through = report.data_since, report.data_as_of.complete_through
    if since is None or through is None or through < since:
        return None
    return DateRange(since, through).clip(days)


def known_whole(days: DateRange, report: CostReport) -> bool:
    """Tell whether all days of a range are known."""
    return known_part(days, report) == days


def earlier_part(days: DateRange, report: CostReport) -> DateRange | None:
    """Return the range as long right before; None where a day of it is not known."""
    if (days.first - FIRST_DAY).days < days.length:
        return None
    earlier = days.previous()
    return earlier if known_whole(earlier, report) else None


def full_months(days: DateRange, complete: DateRange | None) -> list[date]:
    """List the months (their first days) that lie whole in a range and in its known part."""
    return [
        month
        for month in days.months()
        if complete and complete.clip(month_range(month)) == month_range(month)
    ]


def partial_months(days: DateRange, complete: DateRange | None) -> list[tuple[date, int, int]]:
    """List the other months: first day, known days in the range, days of the month."""
    partial = []
    for month in days.months():
        part = complete.clip(month_range(month)) if complete else None
        count, length = part.length if part else 0, month_end(month).day
        if count < length:
            partial.append((month, count, length))
    return partial
