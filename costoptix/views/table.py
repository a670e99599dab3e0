"""The table of a saved view: its largest rows and its totals, each the API's number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from costoptix.costs.answers import CostReport
from costoptix.costs.asking import Ask
from costoptix.costs.query import DEFAULT_ORDER, PERIOD_START, CostQuery
from costoptix.figures.breakdown import largest_first
from costoptix.figures.completeness import known_part
from costoptix.models import SavedView
from costoptix.periods import Granularity
from costoptix.views.questions import query_of


@dataclass(frozen=True)
class ViewTable:
    """What a view answers: ``report`` holds the first rows, and totals over all of them."""

    metric: str
    report: CostReport
    is_by_bucket: bool  # a row for each day, week, …; else one for each group


def table_of(ask: Ask, view: SavedView, usual_metric: str, today: date, limit: int) -> ViewTable:
    """Answer a view; what it groups is summed over its range, the largest first.

    Raises:
        Invalid: it cannot be asked any more.
    """
    metric = view.metric or usual_metric
    query = _summed(query_of(view, today), metric)
    report = ask(query, limit)
    complete = known_part(query.date_range, report) if view.complete_days else None
    if complete is not None and complete != query.date_range:
        report = ask(replace(query, date_range=complete, preset=None), limit)
    return ViewTable(metric, report, query.granularity is not Granularity.TOTAL)


def _summed(query: CostQuery, metric: str) -> CostQuery:
    if not query.group_by:
        return query
    order_by = tuple(step for step in query.order_by if step.column != PERIOD_START)
    if query.order_by == DEFAULT_ORDER or not order_by:
        order_by = largest_first(metric)
    return replace(query, granularity=Granularity.TOTAL, order_by=order_by)
