"""What a budget asks of the costs: its terms as a draft, its cost query, its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from costoptix import drafts
from costoptix.budgets.curve import Curve, curve
from costoptix.budgets.drafts import BudgetDraft
from costoptix.budgets.figures import Figures, Terms, days_needed, figures
from costoptix.costs.asking import Ask
from costoptix.costs.query import ACCOUNT, MAX_VALUES, PERIOD_START, TAG_PREFIX, CostQuery, Order
from costoptix.errors import Invalid, wrong_field
from costoptix.figures.breakdown import amount_of
from costoptix.figures.completeness import known_part
from costoptix.models import Budget
from costoptix.money import Amount
from costoptix.periods import DateRange, Granularity

_FIELDS = ("account", "charge_categories", "tag_rules")
"""What narrows a budget's question, in the order in which it is looked at."""

MAX_BUDGET_VALUES = MAX_VALUES - 10
"""How many tag values all rules hold together: a question has few more, for days and the like."""


def stored_terms(budget: Budget) -> Mapping[str, Any]:
    """Return what a budget says, by the fields of its draft, whether or not it is a valid one."""
    return {name: getattr(budget, name) for name in BudgetDraft.model_fields}


def draft_of(budget: Budget) -> BudgetDraft:
    """Return what a budget says, as the draft that would make it.

    Raises:
        Invalid: no budget can be like that today; the sentence names the field.
    """
    return drafts.read(BudgetDraft, stored_terms(budget))


def valid_draft(budget: Budget) -> BudgetDraft | None:
    """Return what ``draft_of`` does; None where no budget can be like that today."""
    try:
        return draft_of(budget)
    except Invalid:
        return None


def query_of(draft: BudgetDraft, days: DateRange) -> CostQuery:
    """Return the cost query that a budget is about, over some days.

    Raises:
        Invalid: a tag key or value cannot be asked for, or there are too many.
    """
    params = [("start_date", days.first.isoformat()), ("end_date", days.last.isoformat())]
    if draft.account is not None:
        params.append((ACCOUNT, draft.account))
    params += [("charge_category", category.value) for category in draft.charge_categories]
    params += [(TAG_PREFIX + rule.key, value) for rule in draft.tag_rules for value in rule.values]
    return CostQuery.from_params(params, days.last)


def check_question(draft: BudgetDraft, today: date) -> None:
    """Let pass a budget whose figures can be asked for.

    Raises:
        Invalid: they cannot; the sentence names the field.
    """
    count = sum(len(rule.values) for rule in draft.tag_rules)
    if count > MAX_BUDGET_VALUES:
        at_most = f"at most {MAX_BUDGET_VALUES} are allowed in all"
        raise wrong_field("tag_rules", f"its rules hold {count} values; {at_most}")
    days = days_needed(draft.period, today)
    unasked: dict[str, object] = {"account": None, "charge_categories": [], "tag_rules": []}
    for field in _FIELDS:
        del unasked[field]
        try:
            query_of(draft.model_copy(update=unasked), days)
        except Invalid as error:
            reason = f"{error.sentence[0].lower()}{error.sentence[1:]}".removesuffix(".")
            raise wrong_field(field, reason) from None


def figures_of(ask: Ask, draft: BudgetDraft, today: date) -> Figures:
    """Work out how a budget stands, or would stand if it were made, from all of its months.

    Raises:
        Invalid: its costs cannot be asked for, or do not fit into an amount when added up.
    """
    by_day, complete = _costs_by_day(ask, draft, today)
    return figures(terms_of(draft), by_day, complete, today)


def curve_of(ask: Ask, draft: BudgetDraft, ceiling: Amount | None, today: date) -> Curve:
    """Work out the curve of a budget's running period; ``ceiling`` is its predicted spend.

    Raises:
        Invalid: as ``figures_of``.
    """
    by_day, complete = _costs_by_day(ask, draft, today)
    return curve(terms_of(draft), by_day, complete, ceiling, today)


def _costs_by_day(
    ask: Ask, draft: BudgetDraft, today: date
) -> tuple[Mapping[date, Amount], DateRange | None]:
    """Return what a budget's days cost, of all that its figures need, and which are complete."""
    query = query_of(draft, days_needed(draft.period, today))
    report = ask(replace(query, granularity=Granularity.DAILY, order_by=(Order(PERIOD_START),)))
    by_day = {
        row.period_start: amount_of(row, draft.metric) or Amount(0)
        for row in report.rows
        if row.currency == draft.currency
    }
    return by_day, known_part(query.date_range, report)


def terms_of(draft: BudgetDraft) -> Terms:
    """Return what a budget's figures depend on."""
    return Terms(draft.amount, draft.period, draft.warning_threshold, draft.critical_threshold)
