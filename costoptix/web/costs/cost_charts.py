"""Breakdowns of costs as charts: words for buckets and groups, colours, links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import count

from flask import url_for

from costoptix.charts import OTHERS_COLOUR, Band, Bucket, StackedChart
from costoptix.figures.breakdown import Breakdown, BreakdownPart, Earlier
from costoptix.money import EXACT, total
from costoptix.periods import BillingPeriod, DateRange, Granularity, bucket_of, length_in_words
from costoptix.web.costs.questions import CostQuestion
from costoptix.web.parts.routing import web
from costoptix.web.parts.wording import group_title
from costoptix.written import range_title

web.add_app_template_filter(length_in_words)

PER = {
    Granularity.DAILY: "Day",
    Granularity.WEEKLY: "Week",
    Granularity.MONTHLY: "Month",
    Granularity.QUARTERLY: "Quarter",
}
"""What one bucket is."""

MAX_DAILY = 92
MAX_WEEKLY = 400


def granularity_for(days: DateRange) -> Granularity:
    """Choose the width of the buckets, so that each can be seen: days, weeks, or months."""
    if days.length <= MAX_DAILY:
        return Granularity.DAILY
    return Granularity.WEEKLY if days.length <= MAX_WEEKLY else Granularity.MONTHLY


@dataclass(frozen=True)
class Note:
    """What is unusual on a day, and where it is looked at closer; "" where it is already."""

    name: str
    href: str = ""


def stacked_chart(
    breakdown: Breakdown,
    question: CostQuestion,
    granularity: Granularity,
    complete_through: date | None,
    notes: Mapping[date, Note] | None = None,
    *,
    is_kept: bool = False,
) -> StackedChart:
    """Return the chart of a breakdown; each band leads to the question for its group alone.

    There it is by what drives the group, or (``is_kept``) by the same groups as here. ``notes``
    say what is unusual on a day; the bucket of that day is marked. What has no value, as the
    untagged, has the muted colour, and takes none from the others.
    """
    lead = question.only_group if is_kept else question.opened
    group_by = question.query.group_by
    bands = [
        Band(
            name=group_title(group_by, part.group, part.group_count),
            amounts=part.amounts,
            colour=colour,
            href=lead(part.group).url if part.group else "",
        )
        for part, colour in zip(breakdown.parts, colours(breakdown.parts), strict=True)
    ]
    buckets = [
        _bucket(days, granularity, complete_through, notes or {}) for days in breakdown.buckets
    ]
    chart = StackedChart(breakdown.currency, tuple(buckets), tuple(bands))
    return chart if breakdown.earlier is None else _with_earlier(chart, breakdown.earlier)


def colours(parts: Iterable[BreakdownPart]) -> Iterator[int]:
    """Yield the colour of each part: in order, but the muted one for what has no value."""
    ranks = count()
    for part in parts:
        has_value = part.group == () or any(value is not None for value in part.group or ())
        yield min(next(ranks), OTHERS_COLOUR) if has_value else OTHERS_COLOUR


def _with_earlier(chart: StackedChart, earlier: Earlier) -> StackedChart:
    drawn = total([amount for amount in earlier.amounts if amount is not None])
    return replace(
        chart,
        previous=earlier.amounts,
        previous_rest=EXACT.subtract(earlier.total, drawn),
        previous_title=range_title(earlier.days),
    )


def _bucket(
    days: DateRange, granularity: Granularity, through: date | None, notes: Mapping[date, Note]
) -> Bucket:
    is_complete = through is not None and days.last <= through
    of_days = [note for day, note in notes.items() if day in days]
    return Bucket(
        bucket_title(days, granularity),
        short_title(days, granularity),
        is_complete,
        ", ".join(sorted({note.name for note in of_days})),
        _where(days, {note.href for note in of_days}),
    )


def _where(days: DateRange, addresses: set[str]) -> str:
    """Return where a mark leads: to its finding, or to the list of several; "" nowhere."""
    if len(addresses) > 1:
        return url_for("web.anomalies", start_date=days.first, end_date=days.last)
    return next(iter(addresses), "")


def bucket_title(days: DateRange, granularity: Granularity) -> str:
    """Name a bucket in full: ``Tue 3 Nov 2026``, ``2–8 Nov 2026``, ``Nov 2026, 15 of 30 days``."""
    first = days.first
    if granularity is Granularity.DAILY:
        return f"{first:%a} {first.day} {first:%b %Y}"
    if granularity in (Granularity.WEEKLY, Granularity.TOTAL):
        return range_title(days)
    whole = bucket_of(first, granularity)
    is_quarter = granularity is Granularity.QUARTERLY
    name = f"Q{(first.month + 2) // 3} {first.year}" if is_quarter else f"{first:%b %Y}"
    return name if days == whole else f"{name}, {days.length} of {whole.length} days"


@web.app_template_filter()
def month_title(month: date) -> str:
    """Write a month: ``Oct 2026``."""
    return f"{month:%b %Y}"


@web.app_template_filter()
def period_title(period: BillingPeriod) -> str:
    """Write a billing period: ``Oct 2026``, or ``2026-03-08/2026-04-07`` where it is no month."""
    return month_title(period.first) if period.is_month else period.text


def short_title(days: DateRange, granularity: Granularity) -> str:
    """Name a bucket by its first day, or its month or quarter: ``2 Nov``, ``Nov 2026``."""
    first = days.first
    if granularity is Granularity.QUARTERLY:
        return f"Q{(first.month + 2) // 3} {first.year}"
    if granularity is Granularity.MONTHLY:
        return month_title(first)
    return f"{first.day} {first:%b}"
