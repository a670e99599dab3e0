"""What changed: the months of an import beside the deliveries that they replaced."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from flask import current_app, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix.bills.ledger import listing, restatement
from costoptix.bills.ledger.restatement import COMPARED, RestatedSum
from costoptix.costs.answers import CostStore
from costoptix.extensions import db
from costoptix.money import EXACT
from costoptix.web.parts.routing import page

CHANGES_SHOWN = 100
SUMS_SHOWN = 20


@dataclass(frozen=True)
class Summed:
    """The changes of one value of a dimension, added up."""

    value: str | None
    currency: str
    difference: Decimal


@page("/imports/<import_id>/changes")
def import_changes(import_id: str) -> ResponseReturnValue:
    """Show, for each month that was there before, what the import changed in money."""
    session = db.session()
    row = listing.get(session, current_user.organization, import_id)
    store: CostStore = current_app.extensions["cost_store"]
    return render_template(
        "imports/changes.html",
        row=row,
        restatements=restatement.restatements(session, row, store.engine),
        compared=COMPARED,
        summed=summed,
        shown=CHANGES_SHOWN,
        sums_shown=SUMS_SHOWN,
    )


def summed(changes: tuple[RestatedSum, ...], dimension: str) -> list[Summed]:
    """Return the changes by the values of a dimension that changed, the largest first."""
    totals: dict[tuple[str | None, str], Decimal] = {}
    for change in changes:
        key = (getattr(change, dimension), change.currency)
        totals[key] = EXACT.add(totals.get(key, Decimal(0)), change.difference)
    sums = [Summed(value, currency, total) for (value, currency), total in totals.items() if total]
    return sorted(sums, key=lambda entry: (-abs(entry.difference), entry.value or ""))
