"""Which files readers see: one short transaction makes a delivery live, or takes it back.

Scope = (source, billing account, billing period). Which deliveries of a scope are live is said by
``precedence``; the others are history.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Exists, exists, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from costoptix import events, money
from costoptix.bills.ledger.delivery_periods import of_period
from costoptix.bills.ledger.placing import Placed
from costoptix.bills.ledger.precedence import Version, live_versions
from costoptix.bills.ledger.questions import Decision
from costoptix.bills.ledger.states import move_delivery
from costoptix.bills.read import recognize
from costoptix.bills.read.staged import (
    Batch,
    CategorySum,
    Exported,
    Scope,
    Staged,
    SubAccount,
)
from costoptix.clock import parse_instant
from costoptix.lake.layout import METRICS
from costoptix.lake.live import renew_data_version
from costoptix.models import (
    Delivery,
    DeliveryFile,
    DeliveryState,
    DeliverySubAccount,
    DeliverySum,
    Import,
    ImportState,
    Source,
)
from costoptix.periods import BillingPeriod

AT_ONCE = 500
"""Imports that one statement names: databases bound the parameters of one."""

_OF_FILE = {"kind", "size_bytes", "row_count", "sha256"}


ScopeKey = tuple[str, str, BillingPeriod]
"""Source, billing account and billing period of a scope."""


@dataclass(frozen=True)
class Details:
    """The rows of what deliveries hold, as values: made ready before the write lock is taken."""

    files: list[dict[str, Any]]
    sub_accounts: list[dict[str, Any]]
    sums: list[dict[str, Any]]

    @classmethod
    def of(cls, staged: Staged, placed: Sequence[Placed]) -> Details:
        """Write down what each scope holds under the id of its delivery."""
        scopes = list(zip(staged.scopes, placed, strict=True))
        return cls(
            [
                {"delivery_id": place.delivery_id, "path": path} | file.model_dump(include=_OF_FILE)
                for scope, place in scopes
                for file, path in zip(scope.files, place.paths, strict=True)
            ],
            [
                {"delivery_id": place.delivery_id, "position": position} | account.model_dump()
                for scope, place in scopes
                for position, account in enumerate(scope.sub_accounts)
            ],
            [
                {"delivery_id": place.delivery_id, "position": position} | category.model_dump()
                for scope, place in scopes
                for position, category in enumerate(scope.sums)
            ],
        )


def make_live(
    session: Session,
    row: Import,
    source: Source,
    staged: Staged,
    placed: Sequence[Placed],
    details: Details,
    delivered_at: datetime,
    replaced: Sequence[str] = (),
) -> bool:
    """Write the deliveries of an import and point the readers at them; within ``writing``.

    ``replaced`` are ids of deliveries of other scopes that count no more, as a person has decided.

    Returns whether at least one of them is live (False: newer ones were there already).
    """
    made = [
        _delivery(row, source, staged, scope, place, delivered_at)
        for scope, place in zip(staged.scopes, placed, strict=True)
    ]
    session.add_all(made)
    session.flush()
    # Statements of many rows: an object for each of some thousand sub-accounts takes ten times as
    # long, under the write lock.
    if details.files:
        session.execute(insert(DeliveryFile), details.files)
    if details.sub_accounts:
        session.execute(insert(DeliverySubAccount), details.sub_accounts)
    if details.sums:
        session.execute(insert(DeliverySum), details.sums)
    scopes = {scope_of(delivery) for delivery in made}
    others = session.scalars(select(Delivery).where(Delivery.id.in_(replaced))).all()
    for other in others:
        if scope_of(other) not in scopes:  # else the newest of the scope counts anyway
            other.replaced_by_id = row.id
    session.flush()
    settle(session, row.organization_id, (*made, *others))
    session.flush()
    return bool(session.scalar(select(_has_live(row.id))))


def _delivery(
    row: Import,
    source: Source,
    staged: Staged,
    scope: Scope,
    placed: Placed,
    delivered_at: datetime,
) -> Delivery:
    return Delivery(
        id=placed.delivery_id,
        organization_id=row.organization_id,
        import_id=row.id,
        source_id=source.id,
        billing_account_id=scope.billing_account_id,
        billing_period=scope.billing_period.first,
        billing_period_last=scope.billing_period.stored_last,
        delivered_at=delivered_at + scope.later,
        state=DeliveryState.OLDER,
        first_day=scope.first_day,
        last_day=scope.last_day,
        row_count=scope.row_count,
        family=staged.family,
        dataset=scope.dataset,
        dataset_shown_by=",".join(name for name, holds in staged.facts.items() if holds) or None,
        parts=",".join(sorted(scope.parts)),
        batch_file_name=scope.batch and scope.batch.file_name,
        batch_first=scope.batch and scope.batch.numbers[0],
        batch_last=scope.batch and scope.batch.numbers[1],
        exported_first=staged.exported and staged.exported.first,
        exported_last=staged.exported and staged.exported.last,
    )


SumKey = tuple[BillingPeriod, str, str | None, str]
"""Billing period, currency, charge category and metric."""


def live_sums(session: Session, source: Source, staged: Staged) -> dict[SumKey, Decimal]:
    """Add up what is live in the scopes of an import before it: what it is about to replace."""
    totals: dict[SumKey, Decimal] = {}
    for account, period in {
        (scope.billing_account_id, scope.billing_period) for scope in staged.scopes
    }:
        live = session.scalars(
            select(DeliverySum)
            .join(Delivery, Delivery.id == DeliverySum.delivery_id)
            .where(
                Delivery.source_id == source.id,
                Delivery.billing_account_id == account,
                *of_period(period),
                Delivery.is_live,
            )
        )
        for category in live:
            for metric in METRICS:
                key = (period, category.currency, category.charge_category, metric)
                amount = getattr(category, metric) or Decimal(0)
                totals[key] = money.EXACT.add(totals.get(key, Decimal(0)), amount)
    return totals


def sums_of(delivery: Delivery) -> list[CategorySum]:
    """Return what a delivery holds, by currency and charge category."""
    return [CategorySum.model_validate(row, from_attributes=True) for row in delivery.sums]


def sub_accounts_of(session: Session, delivery_id: str) -> list[SubAccount]:
    """Return what the sub-accounts of a delivery cost, as rows: there may be thousands."""
    columns = DeliverySubAccount
    query = (
        select(
            columns.provider_name, columns.sub_account_id, columns.currency,
            columns.billed_cost, columns.effective_cost,
        )
        .where(columns.delivery_id == delivery_id)
        .order_by(columns.position)
    )  # fmt: skip
    return [SubAccount.model_construct(**row._mapping) for row in session.execute(query)]


def delivered_at(session: Session, row: Import, source: Source | None, staged: Staged) -> datetime:
    """Return the instant by which the deliveries of an import are ordered.

    The manifest's if there was one, else that inside the file, else the arrival. Bytes that the
    source has brought before are the same delivery again: what replaced them stays, unless a
    person says that these shall replace it.
    """
    by_manifest = row.options.get("delivered_at")
    if by_manifest is not None:
        return parse_instant(by_manifest)
    if staged.made_at is not None:
        return staged.made_at
    before = (
        None if row.options.get("decision") == Decision.REPLACE else _before(session, row, source)
    )
    return row.created_at if before is None else before


def _before(session: Session, row: Import, source: Source | None) -> datetime | None:
    """Return when the newest delivery of the same bytes was made that is not withdrawn."""
    if source is None:
        return None
    return session.scalar(
        select(Delivery.delivered_at)
        .join(Import, Import.id == Delivery.import_id)
        .where(
            Import.organization_id == row.organization_id,
            Import.sha256 == row.sha256,
            Import.id != row.id,
            Delivery.source_id == source.id,
            Delivery.state != DeliveryState.WITHDRAWN,
        )
        .order_by(Delivery.delivered_at.desc())
        .limit(1)
    )


def in_scope(
    session: Session, source_id: str, billing_account_id: str, billing_period: BillingPeriod
) -> list[Delivery]:
    """Return the deliveries of a scope that are not withdrawn, in no order."""
    return list(
        session.scalars(
            select(Delivery).where(
                Delivery.source_id == source_id,
                Delivery.billing_account_id == billing_account_id,
                *of_period(billing_period),
                Delivery.state != DeliveryState.WITHDRAWN,
            )
        )
    )


def in_scopes(session: Session, scopes: Iterable[ScopeKey]) -> dict[ScopeKey, list[Delivery]]:
    """Return the deliveries of many scopes that are not withdrawn, by scope, in no order."""
    accounts: defaultdict[tuple[str, BillingPeriod], list[str]] = defaultdict(list)
    for source_id, account, period in scopes:
        accounts[source_id, period].append(account)
    by_scope: defaultdict[ScopeKey, list[Delivery]] = defaultdict(list)
    for (source_id, period), names in accounts.items():
        for some in _some_at_a_time(names):
            deliveries = select(Delivery).where(
                Delivery.source_id == source_id,
                Delivery.billing_account_id.in_(some),
                *of_period(period),
                Delivery.state != DeliveryState.WITHDRAWN,
            )
            for delivery in session.scalars(deliveries):
                by_scope[scope_of(delivery)].append(delivery)
    return by_scope


def version_of(delivery: Delivery) -> Version:
    """Return a delivery as far as its precedence goes."""
    return Version(
        id=delivery.id,
        delivered_at=delivery.delivered_at,
        created_at=delivery.created_at,
        first_day=delivery.first_day or date.min,
        last_day=delivery.last_day or date.min,
        import_id=delivery.import_id,
        family=delivery.family,
        dataset=delivery.dataset,
        parts=frozenset((delivery.parts or "").split(",")),
        batch=_batch(delivery),
        exported=_exported(delivery),
    )


def _batch(delivery: Delivery) -> Batch | None:
    first, last = delivery.batch_first, delivery.batch_last
    if delivery.batch_file_name is None or first is None or last is None:
        return None
    return Batch(file_name=delivery.batch_file_name, numbers=(first, last))


def _exported(delivery: Delivery) -> Exported | None:
    if delivery.exported_first is None or delivery.exported_last is None:
        return None
    return Exported(first=delivery.exported_first, last=delivery.exported_last)


def is_part(delivery: Delivery) -> bool:
    """Tell whether the charges of a delivery are those of another dataset of its import too."""
    datasets = recognize.datasets_of(delivery.family)
    return datasets is not None and any(part.dataset == delivery.dataset for part in datasets.parts)


def scope_of(delivery: Delivery) -> ScopeKey:
    """Return the source, billing account and billing period of a delivery."""
    return delivery.source_id, delivery.billing_account_id, delivery.period


def _point(session: Session, deliveries: list[Delivery]) -> None:
    counting = (delivery for delivery in deliveries if replaced_by(session, delivery) is None)
    live = {delivery.id for delivery in live_versions(map(version_of, counting))}
    for delivery in deliveries:
        state = DeliveryState.LIVE if delivery.id in live else DeliveryState.OLDER
        if delivery.state != state or delivery.is_live != (state == DeliveryState.LIVE):
            move_delivery(delivery, state)


def replaced_by(session: Session, delivery: Delivery) -> Import | None:
    """Return the import that is used instead of a delivery of another scope."""
    if delivery.replaced_by_id is None:
        return None
    other = session.get(Import, delivery.replaced_by_id)
    return None if other is None or other.state == ImportState.WITHDRAWN else other


def counting_instead(session: Session, row: Import) -> Import | None:
    """Return the import of another source that is used instead of one, by a decision."""
    mine = session.scalars(select(Delivery).where(Delivery.import_id == row.id))
    return next(filter(None, (replaced_by(session, delivery) for delivery in mine)), None)


def settle(session: Session, organization_id: str, changed: Iterable[Delivery]) -> None:
    """Point the readers anew in every scope of these deliveries; within ``writing``.

    Says of each import that has a part in them whether it is live, renews the data version and has
    the data judged anew.
    """
    session.flush()
    imports: set[str] = set()
    scopes = {scope_of(delivery) for delivery in changed}
    # One question for many scopes, and no flush between them: of an import of a hundred billing
    # accounts these took four fifths of the time for which it held the write lock.
    with session.no_autoflush:
        for deliveries in in_scopes(session, scopes).values():
            _point(session, deliveries)
            imports |= {delivery.import_id for delivery in deliveries}
    session.flush()
    # By their ids: to look at every import of an organization takes 100 ms of 20,000, each time.
    for some in _some_at_a_time(sorted(imports)):
        _follow(session, some)
    renew_data_version(session, organization_id)
    events.data_changed(session, organization_id)


def _some_at_a_time(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def _follow(session: Session, import_ids: Sequence[str]) -> None:
    """Say of imports whether they are live, by their deliveries."""
    is_live = _has_live(Import.id)
    session.execute(
        update(Import)
        .where(Import.id.in_(import_ids), Import.state == ImportState.LIVE, ~is_live)
        .values(state=ImportState.OLDER)
    )
    session.execute(
        update(Import)
        .where(Import.id.in_(import_ids), Import.state == ImportState.OLDER, is_live)
        .values(state=ImportState.LIVE, message=None)
    )


def _has_live(import_id: ColumnElement[str] | InstrumentedAttribute[str] | str) -> Exists:
    return exists().where(Delivery.import_id == import_id, Delivery.is_live)
