"""Sources: within one, deliveries replace each other. Named, or proposed from what a file holds."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.bills.formats import Half
from costoptix.bills.read.staged import Staged
from costoptix.models import Delivery, Source, new_id

HALF = "half"
"""The setting of a source that says which of two exports it sends."""

Account = tuple[str, str | None]
"""A billing account and a sub-account of it."""


def find(session: Session, organization_id: str, name: str | None) -> Source | None:
    """Return the organization's source of this name."""
    return session.scalar(
        select(Source).where(Source.organization_id == organization_id, Source.name == name)
    )


def create(
    session: Session, organization_id: str, name: str, staged: Staged, currency: str | None
) -> Source:
    """Make a source; ``currency`` (ISO 4217) is for files of it that do not say theirs."""
    source = Source(
        id=new_id(),
        organization_id=organization_id,
        name=name,
        format=staged.family,
        currency=currency,
    )
    session.add(source)
    session.flush()
    return source


def currencies(session: Session, organization_id: str) -> dict[str, str]:
    """Return, by format, the currency that all sources of it which have one agree on."""
    said: defaultdict[str, set[str]] = defaultdict(set)
    query = select(Source.format, Source.currency).where(
        Source.organization_id == organization_id, Source.currency.is_not(None)
    )
    for format_, currency in session.execute(query):
        said[format_ or ""].add(currency or "")
    return {format_: found.pop() for format_, found in said.items() if len(found) == 1}


def only_half(session: Session, source: Source | None) -> Half | None:
    """Return which of two exports a source sends, where a person said it; None where it sends both.

    A file of which the content does not tell is taken for it.
    """
    said = None if source is None else source.settings.get(HALF)
    if source is None or said is None:
        return None
    halves = select(Delivery.facts["half"].as_string()).where(
        Delivery.source_id == source.id, Delivery.state != "withdrawn"
    )
    others = set(session.scalars(halves.distinct())) & {Half.ACTUAL, Half.AMORTIZED} - {said}
    return None if others else Half(said)


def propose(session: Session, organization_id: str, staged: Staged) -> str:
    """Return the name of the source that a file without one belongs to.

    The source that has brought most of its sub-accounts before, in the same format and billing
    account; else one of that format and billing account in which none of its months is live; else
    a name that is not in use.
    """
    known = _known(session, organization_id, staged.family)
    accounts = set(_accounts(staged))
    shared = Counter({name: len(brought.accounts & accounts) for name, brought in known.items()})
    if (best := max(shared, key=lambda name: shared[name], default=None)) and shared[best]:
        return best
    payers = {account for account, _ in accounts}
    months = {(scope.billing_account_id, scope.billing_period) for scope in staged.scopes}
    for name, brought in known.items():
        if brought.payers & payers and not brought.months & months:
            return name
    return _unused(session, organization_id, staged.family, payers)


class _Brought:
    """What a source has brought so far of one format."""

    def __init__(self) -> None:
        self.accounts: set[Account] = set()
        self.months: set[tuple[str, date]] = set()

    @property
    def payers(self) -> set[str]:
        return {payer for payer, _ in self.accounts}


def _known(session: Session, organization_id: str, family: str) -> dict[str, _Brought]:
    """Return what each source has brought of a format and not taken back, the oldest first."""
    known: dict[str, _Brought] = {}
    query = (
        select(Source.name, Delivery.billing_account_id, Delivery.billing_period, Delivery.facts)
        .join(Delivery, Delivery.source_id == Source.id)
        .where(Source.organization_id == organization_id, Delivery.state != "withdrawn")
        .order_by(Source.created_at, Source.id)
    )
    for name, payer, period, facts in session.execute(query):
        if facts.get("family") == family:
            brought = known.setdefault(name, _Brought())
            brought.months.add((payer, period))
            brought.accounts |= {(payer, each["sub_account_id"]) for each in facts["sub_accounts"]}
    return known


def _accounts(staged: Staged) -> Iterable[Account]:
    for scope in staged.scopes:
        for each in scope.sub_accounts:
            yield scope.billing_account_id, each.sub_account_id


def _unused(session: Session, organization_id: str, family: str, payers: set[str]) -> str:
    """Return a name that says the format and, where that is taken, the billing account."""
    named = [family, *(f"{family} {payer}"[:190] for payer in payers if len(payers) == 1 and payer)]
    numbered = (f"{named[-1]} ({number})" for number in itertools.count(2))
    return next(
        name for name in itertools.chain(named, numbered) if is_free(session, organization_id, name)
    )


def is_free(session: Session, organization_id: str, name: str) -> bool:
    """Tell whether nothing that is not withdrawn came from a source of this name."""
    brought = (
        select(Delivery.id)
        .join(Source, Source.id == Delivery.source_id)
        .where(
            Source.organization_id == organization_id,
            Source.name == name,
            Delivery.state != "withdrawn",
        )
    )
    return session.scalar(brought.limit(1)) is None


def beside(session: Session, organization_id: str, name: str) -> str:
    """Return a free name for what is to count beside the source of this name."""
    names = (f"{name} ({number})" for number in itertools.count(2))
    return next(found for found in names if is_free(session, organization_id, found))
