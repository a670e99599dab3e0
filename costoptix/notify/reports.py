"""What a report holds: figures of a period, as the data of its event. Its words: ``report_words``.

A channel's filter narrows it as far as costs can be narrowed: by account, service and tag.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from costoptix.anomalies.listing import AnomalyFilters, worst_anomalies
from costoptix.budgets.standings import BudgetOrder, ListedBudget, list_budgets
from costoptix.clock import utc_today
from costoptix.costs.answers import CostStore
from costoptix.costs.asking import Ask
from costoptix.costs.query import CostQuery
from costoptix.figures import outlook
from costoptix.figures.asks import Asks, asks_of
from costoptix.figures.breakdown import breakdowns
from costoptix.figures.comparison import ComparedDays
from costoptix.figures.sides import Comparison
from costoptix.figures.summary import SERVICE, ChangedGroup, Spend, changes, range_summary
from costoptix.figures.trends import Change
from costoptix.figures.why import Why, explain
from costoptix.lake.live import complete_days
from costoptix.lake.providers import account_of
from costoptix.models import Anomaly, AnomalyStatus, Organization
from costoptix.money import Amount, to_text
from costoptix.notify.filters import ChannelFilter
from costoptix.notify.report_words import sentence_of
from costoptix.periods import DateRange, Granularity

TOP = 5
"""So many changes, of each currency, and so many findings are named."""

MOST_BUDGETS = 20
_JUDGED_REAL = tuple(
    status
    for status in AnomalyStatus
    if status not in (AnomalyStatus.FALSE_POSITIVE, AnomalyStatus.HISTORY)
)

Data = dict[str, Any]


def report_data(
    session: Session,
    organization: Organization,
    days: DateRange,
    narrowed: ChannelFilter,
    store: CostStore,
) -> Data:
    """Work out what an organization's costs of some days were, why they changed, and what is ahead.

    All of it is JSON, amounts as text.
    """
    asks, metric = asks_of(session, organization, store), organization.metric
    ask = asks.ask
    pairs = [("start_date", str(days.first)), ("end_date", str(days.last)), *_conditions(narrowed)]
    query = CostQuery.from_params(pairs, utc_today())
    costs = range_summary(ask, query, metric)
    moved = changes(ask, query, metric, costs.compared, *SERVICE)
    data: Data = {
        "start_date": str(days.first),
        "end_date": str(days.last),
        "metric": metric,
        "missing": _missing(complete_days(session, organization, days), days),
        "compared": _compared(costs.compared),
        "costs": [_costs(spend) for spend in costs.spends],
        "why": [_parts(why) for why in _why(asks, query, metric, costs.compared)],
        "changes": _largest(moved),
        "budgets": _budgets(session, organization, narrowed),
        "findings": [
            _finding(row, asks) for row in _anomalies(session, organization, days, narrowed)
        ],
        "forecast": _forecast(ask, query, metric),
        "chart": _chart(ask, query, metric),
        "path": f"/costs?{urlencode(pairs)}",
    }
    return data | {"sentence": sentence_of(data)}


def _conditions(narrowed: ChannelFilter) -> list[tuple[str, str]]:
    """Return a filter as parameters of a cost question."""
    return [
        *(("account", account) for account in narrowed.account),
        *(("service_name", service) for service in narrowed.service),
        *((f"tag:{key}", value) for key, values in narrowed.tag.items() for value in values),
    ]


def _missing(complete: DateRange | None, days: DateRange) -> Data | None:
    """Return the days whose bills are not all in."""
    if complete is not None and complete.last == days.last:
        return None
    first = days.first if complete is None else complete.after
    return {"start_date": str(first), "end_date": str(days.last)}


def _compared(compared: ComparedDays | None) -> Data | None:
    if compared is None:
        return None
    return {
        side: [str(days.first), str(days.last)]
        for side, days in (("now", compared.now), ("before", compared.before))
    }


def _costs(spend: Spend) -> Data:
    return {
        "currency": spend.currency,
        "amount": _text(spend.total),
        **_change(spend.change),
    }


def _change(change: Change | None) -> Data:
    """Return both sides of a change; null where nothing is compared."""
    if change is None:
        return {"compared": None, "before": None, "change": None}
    return {
        "compared": to_text(change.now),
        "before": to_text(change.before),
        "change": to_text(change.amount),
    }


def _why(asks: Asks, query: CostQuery, metric: str, compared: ComparedDays | None) -> list[Why]:
    """Say why the costs changed, by currency; nothing where nothing is compared."""
    if compared is None:
        return []
    now = replace(query, date_range=compared.now)
    asked = Comparison(now, replace(query, date_range=compared.before))
    return explain(asks, asked, metric, utc_today())


def _parts(why: Why) -> Data:
    """Return what a change is made of; the parts add up to it."""
    parts = {name: to_text(amount) for name, amount in why.parts._asdict().items() if amount}
    return {"currency": why.currency, "sentence": why.sentence, "parts": parts}


def _largest(moved: Iterable[ChangedGroup]) -> list[Data]:
    by_currency: dict[str, list[ChangedGroup]] = {}
    for group in moved:
        if group.change.amount:
            by_currency.setdefault(group.currency, []).append(group)
    return [
        {
            "currency": group.currency,
            "service_name": group.group[0],
            "provider_name": group.group[1],
            **_change(group.change),
        }
        for groups in by_currency.values()
        for group in groups[:TOP]
    ]


def _budgets(session: Session, organization: Organization, narrowed: ChannelFilter) -> list[Data]:
    listed = list_budgets(session, organization, BudgetOrder.MOST_USED, limit=MOST_BUDGETS)
    matching = [
        budget
        for budget in listed
        if not narrowed.account or budget.budget.account in narrowed.account
    ]
    return [_budget(budget) for budget in matching]


def _budget(listed: ListedBudget) -> Data:
    budget, figures = listed.budget, listed.figures
    return {
        "budget_id": budget.id,
        "budget_name": budget.name,
        "budget_amount": to_text(budget.amount),
        "currency": budget.currency,
        "current_spend": _text(figures.current_spend if figures else None),
        "utilization_percent": _text(figures.utilization_percent if figures else None),
        "predicted_spend": _text(figures.predicted_spend if figures else None),
        "state": figures.state if figures else None,
    }


def _anomalies(
    session: Session, organization: Organization, days: DateRange, narrowed: ChannelFilter
) -> Sequence[Anomaly]:
    filters = AnomalyFilters(
        statuses=_JUDGED_REAL,
        accounts=tuple(narrowed.account),
        service_names=tuple(narrowed.service),
        first_day=days.first,
        last_day=days.last,
    )
    return worst_anomalies(session, organization, filters, TOP)


def _finding(anomaly: Anomaly, asks: Asks) -> Data:
    account = account_of(anomaly.provider_name, anomaly.sub_account_id)
    return {
        "anomaly_id": anomaly.id,
        "service_name": anomaly.service_name,
        "account": account,
        "account_name": asks.given_name(account),
        "currency": anomaly.currency,
        "impact": to_text(anomaly.impact),
        "severity": anomaly.severity,
        "status": anomaly.status,
        "date": str(anomaly.first_day),
        "end_date": str(anomaly.last_day),
    }


def _forecast(ask: Ask, query: CostQuery, metric: str) -> list[Data]:
    """Return how the running month is expected to end."""
    return [
        {
            "currency": currency,
            "month": f"{ahead.month.first:%Y-%m}",
            "expected": _text(ahead.forecast.expected),
            "low": _text(ahead.forecast.low),
            "high": _text(ahead.forecast.high),
        }
        for currency, ahead in outlook.month_end(ask, query, metric, utc_today()).items()
        if ahead.month is not None and ahead.forecast.expected is not None
    ]


def _chart(ask: Ask, query: CostQuery, metric: str) -> Data | None:
    """Return the days of the largest currency by service; None where there are no costs."""
    by_service = replace(query, group_by=SERVICE)
    for broken_down in breakdowns(ask, by_service, metric, Granularity.DAILY)[:1]:
        return {
            "currency": broken_down.currency,
            "days": [str(bucket.first) for bucket in broken_down.buckets],
            "bands": [
                {"name": part.group and part.group[0], "amounts": list(map(_text, part.amounts))}
                for part in broken_down.parts
            ],
        }
    return None


def _text(amount: Amount | None) -> str | None:
    return None if amount is None else to_text(amount)
