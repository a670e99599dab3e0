"""The dashboard's panels of anomalies and budgets, and the marks on its charts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask_login import current_user

from costoptix.anomalies.listing import AnomalyFilters, Flag, flags, list_anomalies
from costoptix.budgets import standings
from costoptix.budgets.standings import BudgetOrder, ListedBudget
from costoptix.costs.asking import Ask
from costoptix.costs.query import ACCOUNT, CostQuery
from costoptix.extensions import db
from costoptix.figures.breakdown import Group
from costoptix.models import OPEN_STATUSES, Anomaly, AnomalyStatus, Severity
from costoptix.money import Amount
from costoptix.web.parts.panels import panel

SHOWN = 6

_RANK = {severity: rank for rank, severity in enumerate(reversed(Severity))}


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


def anomalies_within(query: CostQuery) -> Sequence[Anomaly]:
    """List the anomalies with a day in a query's range, of its accounts; none if it asks closer."""
    if query.exclusions or any(condition.dimension != ACCOUNT for condition in query.filters):
        return []
    days = query.date_range
    accounts = tuple(value or "" for condition in query.filters for value in condition.values)
    filters = AnomalyFilters(accounts=accounts, first_day=days.first, last_day=days.last)
    return list_anomalies(db.session(), current_user.organization, filters)


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
    anomalies = list(
        list_anomalies(db.session(), current_user.organization, AnomalyFilters(OPEN_STATUSES))
    )
    anomalies.sort(key=lambda row: (_RANK[row.severity], -abs(row.impact)))
    return OpenAnomalies(anomalies[:SHOWN], len(anomalies))


def marks(anomalies: Iterable[Anomaly], currency: str) -> Mapping[date, str]:
    """Name what stands out on each first day of an anomaly that matters, the largest impact."""
    largest: dict[date, tuple[Amount, str]] = {}
    for row in anomalies:
        if row.currency != currency or row.severity == Severity.LOW:
            continue
        if row.status != AnomalyStatus.FALSE_POSITIVE:
            mark = (abs(row.impact), row.service_name or "no service")
            largest[row.first_day] = max(mark, largest.get(row.first_day, mark))
    return {day: name for day, (_, name) in largest.items()}


def worst_budgets() -> Budgets:
    """Return the budgets, the most used first; those that are not computed come last."""
    session, organization = db.session(), current_user.organization
    worst = standings.list_budgets(session, organization, BudgetOrder.MOST_USED, limit=SHOWN)
    counts = standings.count(session, organization)
    return Budgets(worst, counts.all, counts.failed)
