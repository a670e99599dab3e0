"""Two questions of which one is judged by the other: what movers and sentences compare. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from costoptix.costs.answers import CostReport
from costoptix.costs.query import ACCOUNT, CostQuery, Filter, parse_account
from costoptix.errors import Invalid
from costoptix.figures.comparison import Compare
from costoptix.figures.completeness import compared_part, known_part, known_whole
from costoptix.figures.summary import asked_over
from costoptix.periods import DateRange, parse_day

NOTHING_TO_COMPARE = (
    "Nothing to compare: no day of the range is complete, or days of the earlier range lie before"
    " the first bill."
)
NOT_ASKED = "Nothing is compared: compare is none."


def nothing_to_compare(compare: Compare) -> str:
    """Say why nothing is compared."""
    return NOT_ASKED if compare is Compare.NONE else NOTHING_TO_COMPARE


@dataclass(frozen=True)
class Comparison:
    """Two questions of which the first is judged by the second."""

    now: CostQuery
    before: CostQuery

    @property
    def is_of_accounts(self) -> bool:
        """Tell whether two accounts are compared, over the same days."""
        return self.now.filters != self.before.filters

    def over_groups(self, *group_by: str, metric: str) -> tuple[CostQuery, CostQuery]:
        """Ask both, now and before, as totals by groups."""
        now, before = (
            asked_over(query, query.date_range, *group_by, metric=metric)
            for query in (self.now, self.before)
        )
        return now, before


def days_to_compare(first: str | None, last: str | None) -> DateRange | None:
    """Read the parameters ``compare_start_date`` and ``compare_end_date``; None without them.

    Raises:
        Invalid: one is missing or wrong.
    """
    if not first and not last:
        return None
    if not first or not last:
        raise Invalid("compare_start_date and compare_end_date must be given together.")
    start, end = parse_day(first, "compare_start_date"), parse_day(last, "compare_end_date")
    if end < start:
        raise Invalid("compare_end_date must not be before compare_start_date.")
    return DateRange.asked(start, end)


def account_to_compare(text: str | None) -> str | None:
    """Read the parameter ``compare_account``; None without it.

    Raises:
        Invalid: it is not ``slug:sub_account_id``.
    """
    return parse_account(text, "compare_account") if text else None


def comparison(
    report: CostReport,
    *,
    before: DateRange | None = None,
    account: str | None = None,
    compare: Compare | None = None,
) -> Comparison | None:
    """Compare the complete days of a report's range with others; None where that says nothing.

    With ``account``, another account over the same days; with ``before``, those days; else by
    the one rule (``figures.comparison``). There is nothing to compare with where no day is
    complete, or where days of the earlier range lie before the first day with charges.

    Raises:
        Invalid: two of them were given.
    """
    if before is not None and account is not None:
        raise Invalid("compare_account and compare_start_date cannot be combined.")
    if compare is not None and (before is not None or account is not None):
        other = "compare_start_date" if account is None else "compare_account"
        raise Invalid(f"compare and {other} cannot be combined.")
    if before is None and account is None:
        return _by_rule(report, compare or Compare.PREVIOUS)
    days = known_part(report.query.date_range, report)
    if days is None:
        return None
    now = replace(report.query, date_range=days, preset=None)
    if account is not None:
        others = [condition for condition in now.filters if condition.dimension != ACCOUNT]
        chosen = sorted([*others, Filter(ACCOUNT, (account,))])
        return Comparison(now, replace(now, filters=tuple(chosen)))
    if before is None or not known_whole(before, report):
        return None
    return Comparison(now, replace(now, date_range=before))


def _by_rule(report: CostReport, compare: Compare) -> Comparison | None:
    days = compared_part(report, compare)
    if days is None:
        return None
    now = replace(report.query, date_range=days.now, preset=None)
    return Comparison(now, replace(now, date_range=days.before))
