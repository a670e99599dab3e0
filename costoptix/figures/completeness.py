"""Which days and months can be compared: those that are known whole. Pure."""

from __future__ import annotations

from datetime import date

from costoptix.costs.answers import CostReport
from costoptix.figures.comparison import Compare, ComparedDays, compared_days
from costoptix.periods import DateRange, month_end, month_range


def known_part(days: DateRange, report: CostReport) -> DateRange | None:
    """Return the days of a range whose bills are all in; None when there are none.

    They begin with the first day that has charges of the organization, whatever the filters:
    what came before is unknown, not zero. They end with the day that the report's data are
    complete through.
    """
    since, through = report.data_since, report.data_as_of.complete_through
    if since is None or through is None:
        return None
    first, last = max(days.first, since), min(days.last, through)
    return DateRange(first, last) if first <= last else None


def known_whole(days: DateRange, report: CostReport) -> bool:
    """Tell whether all days of a range are known."""
    return known_part(days, report) == days


def compared_part(report: CostReport, compare: Compare) -> ComparedDays | None:
    """Return which days of a report's range stand against which; None where none do."""
    return compared_over(report.query.date_range, report, compare)


def compared_over(days: DateRange, report: CostReport, compare: Compare) -> ComparedDays | None:
    """Return which of some days stand against which, as far as a report knows them."""
    through = report.data_as_of.complete_through
    return compared_days(days, report.data_since, through, compare)


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
