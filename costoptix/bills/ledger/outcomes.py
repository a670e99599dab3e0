"""What is written down of an import that has ended: its sentence, its counts, its sums."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from costoptix.bills.ledger import deliveries
from costoptix.bills.read.staged import Line, Staged
from costoptix.models import ImportState, ReconciliationLine

ALREADY_IMPORTED = "already imported, nothing changed"
ANSWERED = "This answers the import of the same file that was waiting."
NO_CHARGES = "The file holds no charges."
NONE_READ = "None of the rows could be read: see the rejected rows. The file brought no charges."
REPLACED = "A newer delivery of these months is live; this one can be made current."

CHECKED = {
    ImportState.LIVE: "Dry run: it would go live.",
    ImportState.OLDER: "Dry run: it would be kept as older than what is live.",
    ImportState.DUPLICATE: "Dry run: it is imported already, nothing would change.",
    ImportState.WITHDRAWN: "Dry run: it would be discarded.",
    ImportState.WAITING: "Dry run: it would wait for a decision.",
}
"""What is said of a dry run, by the state that the import would have."""


def message(staged: Staged, *, is_older: bool) -> str | None:
    """Return what is said of an import that has ended; None where there is nothing to say."""
    if not staged.scopes:
        return NONE_READ if staged.rows_rejected else NO_CHARGES
    return REPLACED if is_older else None


def counts(staged: Staged) -> dict[str, object]:
    """Return the columns of an import that say what was read."""
    return {
        "format": staged.format,
        "rows_read": staged.rows_read,
        "rows_kept": staged.rows_kept,
        "rows_rejected": staged.rows_rejected,
        "charges": staged.rows_kept if staged.charges is None else staged.charges,
        "notes": list(staged.notes),
    }


def line(
    import_id: str, line: Line, before: Mapping[deliveries.SumKey, Decimal]
) -> ReconciliationLine:
    """Return a sum of a file beside what was live before it."""
    values = line.model_dump(exclude={"billing_period"})
    category = values.pop("charge_category")
    period, currency = line.billing_period, line.currency
    sum_before = None
    if period is not None and currency is not None:
        sum_before = before.get((period, currency, category, line.metric))
    return ReconciliationLine(
        import_id=import_id,
        charge_category=category and category[:40],
        sum_before=sum_before,
        billing_period=period and period.first,
        billing_period_last=period and period.stored_last,
        **values,
    )
