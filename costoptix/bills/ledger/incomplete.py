"""Months of which only one of a provider's two exports is here, and which cost lacks what.

The actual export charges the purchase of a commitment and nothing for its use; the amortized one
spreads what it costs over its use and lacks the purchase.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.bills.formats import Half
from costoptix.models import Delivery

SENTENCES = {
    Half.ACTUAL: "Effective (amortised) cost lacks what reservations and savings plans cost: "
    "only Azure's actual export is here.",
    Half.AMORTIZED: "Billed cost lacks what was paid for reservations and savings plans: "
    "only Azure's amortized export is here.",
}
_OTHERS = {Half.ACTUAL: {Half.AMORTIZED}, Half.AMORTIZED: {Half.ACTUAL, Half.PURCHASES}}


@dataclass(frozen=True)
class Incomplete:
    """A live month of one billing account that lacks the other half."""

    source_id: str
    billing_account_id: str
    billing_period: date
    half: Half

    @property
    def sentence(self) -> str:
        """Return which cost lacks what."""
        return SENTENCES[self.half]


def incomplete(
    session: Session, organization_id: str, first: date, last: date
) -> tuple[Incomplete, ...]:
    """Return the live months that lack a half and have a day from ``first`` to ``last``, inclusive.

    Where no commitment stands in the half that is here, the other one says the same.
    """
    months = select(
        Delivery.source_id, Delivery.billing_account_id, Delivery.billing_period,
        Delivery.dataset, Delivery.dataset_shown_by,
        Delivery.is_live,
    ).where(
        Delivery.organization_id == organization_id,
        Delivery.state != "withdrawn",
        Delivery.dataset.is_not(None),
        Delivery.billing_period >= first.replace(day=1),
        Delivery.billing_period <= last,
    )  # fmt: skip
    found: dict[tuple[str, str, date], list[tuple[Half, bool]]] = {}
    for source_id, account, period, half, shown_by, is_live in session.execute(months):
        if half is not None:
            is_shown = is_live and shown_by is not None
            found.setdefault((source_id, account, period), []).append((Half(half), is_shown))
    return tuple(
        Incomplete(*scope, half)
        for scope, halves in sorted(found.items(), key=lambda item: item[0][::-1])
        for half in _alone(halves)
    )


def _alone(halves: Iterable[tuple[Half, bool]]) -> Iterable[Half]:
    """Return the half that is shown without the other one."""
    known = {half for half, _ in halves}
    shown = {half for half, is_shown in halves if is_shown}
    return [half for half, others in _OTHERS.items() if half in shown and not known & others]
