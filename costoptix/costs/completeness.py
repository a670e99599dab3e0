"""Which days of a range can be compared: those that are known whole."""

from __future__ import annotations

from costoptix.costs.report import CostReport
from costoptix.periods import DateRange


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
