"""Crossings: what is spent reaches a threshold, and is told of once per budget and period.

Whether anything is crossed is asked with one grouped sum for all budgets of one shape. The months
before are asked for only when a threshold is crossed that was not told of yet: what is predicted
goes along with the event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from costoptix import events
from costoptix.budgets.drafts import BudgetDraft
from costoptix.budgets.figures import period_of
from costoptix.budgets.questions import draft_of, figures_of, query_of, terms_of
from costoptix.clock import utc_today
from costoptix.costs.answers import CostRow, CostStore
from costoptix.costs.asking import Ask, asker
from costoptix.costs.query import ACCOUNT, CostQuery, Filter, called_now, is_tag
from costoptix.database import writing
from costoptix.failures import reason
from costoptix.figures.breakdown import amount_of
from costoptix.figures.trends import share
from costoptix.lake.providers import account_of
from costoptix.lake.tag_rules import AS_WRITTEN, TagCleaning, read_tag_rules
from costoptix.models import Budget, BudgetState, Event, Organization
from costoptix.money import Amount, to_text, total
from costoptix.periods import DateRange

_NOTHING = Amount(0)


@dataclass(frozen=True)
class BudgetSpend:
    """What a budget has spent in its running period; ``query`` asks for it."""

    budget_id: str
    name: str
    draft: BudgetDraft
    query: CostQuery
    amount: Amount = _NOTHING

    @property
    def shape(self) -> tuple[DateRange, tuple[str, ...]]:
        """Return what the questions have in common that one grouped sum answers together."""
        return self.query.date_range, tuple(chosen.dimension for chosen in self.query.filters)

    @property
    def keys(self) -> dict[str, BudgetState]:
        """Return the thresholds that are crossed, by the keys of their events."""
        first = self.query.date_range.first
        crossed = terms_of(self.draft).crossed(self.amount)
        return {f"budget:{self.budget_id}:{first}:{state}": state for state in crossed}


def tell_crossings(
    session: Session, organization: Organization, budgets: Iterable[Budget], store: CostStore
) -> None:
    """Raise an event for every threshold that is crossed, once per budget and period."""
    ask, today = asker(session, organization, store), utc_today()
    rules = read_tag_rules(session, organization.id)
    spends = list(spends_of(ask, budgets, today, rules))
    raised = events.raised(session, organization, {key for spend in spends for key in spend.keys})
    for spend in spends:
        news = {key: state for key, state in spend.keys.items() if key not in raised}
        if news:
            data = _event_data(ask, spend, today)
            with writing(session):
                for key, state in news.items():
                    events.raise_once(
                        session, organization, f"budget.{state}",
                        key=key, subject_id=spend.budget_id, data=data,
                    )  # fmt: skip


def crossings_of(session: Session, organization: Organization, budget: Budget) -> Sequence[Event]:
    """List the crossings of a budget, newest first."""
    return events.of_subject(session, organization, budget.id)


def spends_of(
    ask: Ask, budgets: Iterable[Budget], today: date, rules: TagCleaning = AS_WRITTEN
) -> Iterator[BudgetSpend]:
    """Yield what each budget has spent so far; one that cannot be asked is logged and left out.

    Values of tags are looked for in the answers by what the rules call them.
    """
    by_shape: defaultdict[object, list[BudgetSpend]] = defaultdict(list)
    for budget in budgets:
        try:
            draft = draft_of(budget)
            query = query_of(draft, DateRange(period_of(draft.period, today).first, today))
        except Exception as error:
            reason(error, f"budget {budget.id}")
        else:
            spend = BudgetSpend(budget.id, budget.name, draft, called_now(query, rules))
            by_shape[spend.shape].append(spend)
    for alike in by_shape.values():
        yield from _asked_together(ask, alike) if len(alike) > 1 else _asked_singly(ask, alike)


def _asked_together(ask: Ask, alike: Sequence[BudgetSpend]) -> Iterator[BudgetSpend]:
    """Yield the spends of one shape from one grouped sum; singly where that fails."""
    try:
        rows = ask(_grouped(alike)).rows
    except Exception as error:
        reason(error, f"the sum of {len(alike)} budgets")
        yield from _asked_singly(ask, alike)
        return
    by_account = _by_account(rows) if ACCOUNT in alike[0].shape[1] else {}
    for spend in alike:
        chosen = rows
        for position, condition in _positions(spend.query.filters):
            if condition.dimension == ACCOUNT:
                chosen = by_account.get(condition.values[0] or "", ())
            else:
                values = set(condition.values)
                chosen = tuple(row for row in chosen if row.group[position] in values)
        yield replace(spend, amount=_added_up(chosen, spend.draft))


def _asked_singly(ask: Ask, spends: Iterable[BudgetSpend]) -> Iterator[BudgetSpend]:
    for spend in spends:
        try:
            rows = ask(spend.query).rows
        except Exception as error:
            reason(error, f"budget {spend.budget_id}")
        else:
            yield replace(spend, amount=_added_up(rows, spend.draft))


def _grouped(alike: Sequence[BudgetSpend]) -> CostQuery:
    """Return the question whose rows hold the spends of one shape: no filter but for tags.

    There are few accounts and categories; of a tag's values only those that a budget names.
    """
    days, dimensions = alike[0].shape
    groups = [("provider_name", "sub_account_id") if d == ACCOUNT else (d,) for d in dimensions]
    tags = {
        dimension: {value for spend in alike for value in _values(spend.query, dimension)}
        for dimension in dimensions
        if is_tag(dimension)
    }
    return CostQuery(
        days,
        group_by=tuple(name for names in groups for name in names),
        filters=tuple(
            Filter(name, tuple(sorted(values, key=str))) for name, values in tags.items()
        ),
    )


def _values(query: CostQuery, dimension: str) -> tuple[str | None, ...]:
    return next(chosen.values for chosen in query.filters if chosen.dimension == dimension)


def _positions(filters: tuple[Filter, ...]) -> Iterator[tuple[int, Filter]]:
    """Yield each filter with where its dimension stands in the groups: an account takes two."""
    position = 0
    for chosen in filters:
        yield position, chosen
        position += 2 if chosen.dimension == ACCOUNT else 1


def _by_account(rows: Iterable[CostRow]) -> dict[str, tuple[CostRow, ...]]:
    """Return the rows by account, which stands first in the groups: filters are sorted."""
    by_account: defaultdict[str, list[CostRow]] = defaultdict(list)
    for row in rows:
        by_account[account_of(*row.group[:2])].append(row)
    return {account: tuple(chosen) for account, chosen in by_account.items()}


def _added_up(rows: Iterable[CostRow], draft: BudgetDraft) -> Amount:
    amounts = [amount_of(row, draft.metric) for row in rows if row.currency == draft.currency]
    return total([amount for amount in amounts if amount is not None])


def _event_data(ask: Ask, spend: BudgetSpend, today: date) -> dict[str, Any]:
    """Return what an event says; without a prediction where the months before cannot be asked."""
    try:
        predicted = figures_of(ask, spend.draft, today).predicted_spend
    except Exception as error:
        reason(error, f"the prediction of budget {spend.budget_id}")
        predicted = None
    draft, days = spend.draft, period_of(spend.draft.period, today)
    return {
        "budget_id": spend.budget_id,
        "budget_name": spend.name,
        "budget_amount": to_text(draft.amount),
        "currency": draft.currency,
        "account": draft.account,
        "tag_rules": [rule.model_dump(mode="json") for rule in draft.tag_rules],
        "period_start": days.first.isoformat(),
        "period_end": days.last.isoformat(),
        "current_spend": to_text(spend.amount),
        "predicted_spend": _text(predicted),
        "utilization_percent": _text(share(spend.amount, draft.amount)),
        "days_remaining": (days.last - today).days,
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else to_text(value)
