"""Bytes that are live already: which import a repeat of them repeats, and what to say of that."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from costoptix.bills.ledger import listing
from costoptix.errors import Conflict
from costoptix.models import Import, ImportState, Source


def live_original(session: Session, row: Import) -> Import | None:
    """Return the import that brought the same bytes into the same source and is live whole.

    An import that names no source repeats one of any source. Within ``writing``: what is returned
    cannot be withdrawn before the block ends.
    """
    same = _of_the_same_bytes(row, ImportState.LIVE)
    if row.source_name is not None:
        same = same.join(Source).where(Source.name == row.source_name)
    # Sorted here: for the order the database would take the index of the list, and read all of it.
    originals = sorted(
        session.scalars(same), key=lambda original: original.created_at, reverse=True
    )
    return next(
        (
            original
            for original in originals
            if _is_read_alike(row, original) and not _was_replaced(session, original)
        ),
        None,
    )


def waiting_original(session: Session, row: Import) -> Import | None:
    """Return the import of the same bytes that waits for a person, the newest; within ``writing``.

    One that names another source is another matter.
    """
    same = _of_the_same_bytes(row, ImportState.WAITING)
    waiting = [
        one
        for one in session.scalars(same)
        if None in (row.source_name, one.source_name) or row.source_name == one.source_name
        if _is_read_alike(row, one)
    ]
    return max(waiting, key=lambda one: one.created_at, default=None)


def _of_the_same_bytes(row: Import, state: ImportState) -> Select[Import]:
    """Select the other imports of the same bytes in a state, so that they stay in it."""
    return (
        select(Import)
        .where(
            Import.organization_id == row.organization_id,
            Import.sha256 == row.sha256,
            Import.id != row.id,
            Import.state == state,
        )
        .with_for_update(of=Import)
    )


def _is_read_alike(row: Import, original: Import) -> bool:
    """Tell whether the same bytes are the same text: an encoding that is named makes another."""
    encoding = row.options.get("encoding")
    return encoding is None or encoding == original.options.get("encoding")


def _was_replaced(session: Session, row: Import) -> bool:
    """Tell whether a month of an import was replaced since; one without charges has none."""
    return listing.was_replaced(listing.periods(session, row))


def refuse_change(row: Import) -> None:
    """Refuse to take a duplicate back or forward: it changed nothing.

    Raises:
        Conflict: the import is a duplicate; the sentence names the import that can be changed.
    """
    if row.state != ImportState.DUPLICATE:
        return
    original = row.repeats
    if original is None:
        raise Conflict("This import is a duplicate: it changed nothing.")
    name = f"{original.file_name} (import {original.id})"
    if original.state == ImportState.WITHDRAWN:
        raise Conflict(
            f"This import is a duplicate of {name}, which is withdrawn: send the file again to "
            "import it."
        )
    raise Conflict(f"This import is a duplicate of {name}: change that one instead.")
