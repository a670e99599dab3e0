"""Asks whether a file shall count of which many rows cannot be read."""

from __future__ import annotations

from collections.abc import Callable

from costoptix.bills.ledger.questions import Kind, Question
from costoptix.bills.read.staged import Rejection, Staged

MOST_REJECTED_PERCENT = 5
"""Of the rows of a file; of more a person is asked."""


def are_too_many(staged: Staged) -> bool:
    """Tell whether more rows cannot be read than goes without saying."""
    return staged.rows_rejected * 100 > staged.rows_read * MOST_REJECTED_PERCENT


def question(staged: Staged, first: Callable[[], Rejection | None]) -> Question | None:
    """Return what is asked; ``first`` returns the first row that cannot be read."""
    if not are_too_many(staged):
        return None
    return Question(
        kind=Kind.REJECTED,
        sentence=f"{staged.rows_rejected} of {staged.rows_read} rows cannot be read, more than "
        f"{MOST_REJECTED_PERCENT}%: see the rejected rows.{_in_words(first())}",
        aspects=(Kind.REJECTED.value,),
    )


def _in_words(first: Rejection | None) -> str:
    if first is None:
        return ""
    cell = f"{first.column} “{first.value}” " if first.column else ""
    return f" The first is line {first.line}: {cell}{first.reason}."
