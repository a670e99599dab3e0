"""The dashboard's panels of anomalies and budgets, and the marks on its charts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask import url_for
from flask_login import current_user

from costoptix.anomalies.listing import (
    AnomalyFilters,
    Flag,
    Mark,
    count_anomalies,
    flags,
    marks,
    worst_anomalies,
)
from costoptix.budgets import standings
from costoptix.budgets.standings import BudgetOrder, ListedBudget
from costoptix.costs.asking import Ask
from costoptix.costs.query import ACCOUNT, CostQuery
from costoptix.extensions import db
from costoptix.figures.breakdown import Group
from costoptix.models import OPEN_STATUSES, Anomaly
from costoptix.money import Amount
from costoptix.web.costs.cost_charts import Note
from costoptix.web.parts.panels import panel

SHOWN = 6


@dataclass(frozen=True)
class OpenAnomalies:
    """The open anomalies that matter most, and how many are open."""

    shown: Sequence[Anomaly]
    count: int


@dataclass(frozen=True)
class Budgets:
    """The budgets that stand worst, how many there are, and how many cannot be computed."""

    shown: Sequence[ListedBudget]
    count: int
    failed: int


def marks_within(query: CostQuery) -> Sequence[Mark]:
    """List the marks of a query's range, of its accounts; none if it asks closer."""
    if query.exclusions or any(condition.dimension != ACCOUNT for condition in query.filters):
        return []
    days = query.date_range
    accounts = tuple(value or "" for condition in query.filters for value in condition.values)
    filters = AnomalyFilters(accounts=accounts, first_day=days.first, last_day=days.last)
    return marks(db.session(), current_user.organization, filters)


def anomaly_flags(ask: Ask) -> Callable[[CostQuery], Mapping[tuple[str, Group], Flag]]:
    """Return a function that flags the groups of a query by service that had anomalies.

    Where that cannot be told, nothing is flagged.
    """
    session, organization = db.session(), current_user.organization

    def flagged(query: CostQuery) -> Mapping[tuple[str, Group], Flag]:
        return panel("the flags", lambda: flags(session, organization, ask, query)).shown or {}

    return flagged


def open_anomalies() -> OpenAnomalies:
    """Return the open anomalies, the most severe and dearest first."""
    session, organization = db.session(), current_user.organization
    filters = AnomalyFilters(OPEN_STATUSES)
    return OpenAnomalies(
        worst_anomalies(session, organization, filters, SHOWN),
        count_anomalies(session, organization, filters),
    )


def marked_days(marks: Iterable[Mark], currency: str) -> Mapping[date, Note]:
    """Note what stands out on each first day of an anomaly that matters, the largest impact."""
    largest: dict[date, Mark] = {}
    for mark in marks:
        other = largest.get(mark.first_day)
        if mark.currency == currency and (other is None or _rank(mark) > _rank(other)):
            largest[mark.first_day] = mark
    return {
        day: Note(
            mark.service_name or "no service",
            url_for("web.anomaly_detail", anomaly_id=mark.anomaly_id),
        )
        for day, mark in largest.items()
    }


def _rank(mark: Mark) -> tuple[Amount, str, str]:
    return abs(mark.impact), mark.service_name or "no service", mark.anomaly_id


def worst_budgets() -> Budgets:
    """Return the budgets, the most used first; those that are not computed come last."""
    session, organization = db.session(), current_user.organization
    worst = standings.list_budgets(session, organization, BudgetOrder.MOST_USED, limit=SHOWN)
    counts = standings.count(session, organization)
    return Budgets(worst, counts.all, counts.failed)
