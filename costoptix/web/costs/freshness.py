"""What a cost page says when there is nothing to show, and how fresh its data are."""

from __future__ import annotations

from flask import render_template
from flask_login import current_user

from costoptix.bills.ledger.incomplete import incomplete
from costoptix.costs.query import CostQuery
from costoptix.extensions import db
from costoptix.lake.live import read_live
from costoptix.periods import BillingPeriod, DateRange, month_range
from costoptix.web.costs.questions import CostQuestion
from costoptix.web.costs.to_do import ToDo
from costoptix.web.costs.view_bar import FROM_VIEW, view_bar


def empty_page(question: CostQuestion, to_do: ToDo | None = None) -> str:
    """Say why a page is empty and where to go: to the data, to the filters, or to the imports.

    ``to_do`` stands above it: a first import may wait for its answer.
    """
    deliveries = read_live(db.session(), current_user.organization).deliveries
    last_day = max((delivery.last_day for delivery in deliveries), default=None)
    days = question.query.date_range
    has_days = any(delivery.touches(days) for delivery in deliveries)
    return render_template(
        "costs/empty.html",
        question=question,
        to_do=to_do,
        has_filters=has_filters(question.query) and has_days,
        last_month=question.over(month_range(last_day)) if last_day else None,
        bar=view_bar(question) if question.own_value(FROM_VIEW) else None,
    )


def has_filters(query: CostQuery) -> bool:
    """Tell whether a question leaves anything out."""
    return bool(query.filters or query.exclusions)


def lacking(days: DateRange) -> dict[str, list[BillingPeriod]]:
    """Return which cost lacks what in which periods of a range: a dataset of theirs is not here."""
    by_sentence: dict[str, list[BillingPeriod]] = {}
    for gap in incomplete(db.session(), current_user.organization.id, days.first, days.last):
        periods = by_sentence.setdefault(gap.sentence, [])
        if gap.billing_period not in periods:
            periods.append(gap.billing_period)
    return by_sentence
