"""Which deliveries are live, and through which day they are complete: rows of the SQL database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from costoptix.clock import utc_today
from costoptix.lake.tag_rules import AS_WRITTEN, TagCleaning, read_tag_rules
from costoptix.models import Delivery, DeliveryFile, Import, Organization, new_id
from costoptix.periods import BillingPeriod, DateRange

SILENCE = timedelta(days=31)
"""A source silent for longer before a range is not late, it has ended: it does not count."""


@dataclass(frozen=True)
class LiveFile:
    """One immutable Parquet file: its path within the lake and its rows."""

    path: str
    row_count: int


@dataclass(frozen=True)
class LiveDelivery:
    """One billing period of one billing account, as readers see it now."""

    source_id: str
    billing_period: BillingPeriod
    first_day: date  # of its charges, inclusive
    last_day: date  # of its charges, inclusive
    imported_at: datetime
    files: dict[str, tuple[LiveFile, ...]]  # by kind: charges, or the name of a roll-up

    def touches(self, days: DateRange) -> bool:
        """Tell whether a charge of this delivery can lie in the range."""
        return self.first_day <= days.last and self.last_day >= days.first


@dataclass(frozen=True)
class Replaced:
    """Days that deliveries held whole which others have taken the place of since."""

    days: DateRange
    earlier: tuple[LiveDelivery, ...]  # what readers got of them then
    later: tuple[LiveDelivery, ...]  # what they get now


@dataclass(frozen=True)
class LiveData:
    """All live deliveries of an organization, under the data version that they belong to."""

    data_version: str
    deliveries: tuple[LiveDelivery, ...]
    tag_rules: TagCleaning = AS_WRITTEN


@dataclass(frozen=True)
class DataAsOf:
    """How fresh the data are; both None when there are none."""

    complete_through: date | None
    imported_at: datetime | None


def current_version(session: Session, organization: Organization) -> str:
    """Read the data version as it is now, not as it was when ``organization`` was loaded."""
    return data_version_of(session, organization.id)


def data_version_of(session: Session, organization_id: str) -> str:
    """Read the data version of an organization as it is now."""
    statement = select(Organization.data_version).where(Organization.id == organization_id)
    return session.execute(statement).scalar_one()


def hold_data_version(session: Session, organization_id: str) -> str:
    """Return the data version, which nobody renews before the transaction ends; in ``writing``.

    On PostgreSQL ``writing`` locks nothing by itself: two deliveries of one organization would go
    live side by side, each compared with what was there before the other. Taken before any row of
    an import, so that two transactions never wait for each other.
    """
    statement = select(Organization.data_version).where(Organization.id == organization_id)
    return session.execute(statement.with_for_update()).scalar_one()


def renew_data_version(session: Session, organization_id: str) -> None:
    """Give the organization's data a new version: answers of before it hold no more."""
    session.execute(
        update(Organization).where(Organization.id == organization_id).values(data_version=new_id())
    )


def read_live(session: Session, organization: Organization) -> LiveData:
    """Read the live deliveries and their version in one statement, hence of one moment.

    Deliveries without charges (an empty bill) are left out.
    """
    statement = (
        select(
            Organization.data_version,
            Delivery.id,
            Delivery.source_id,
            Delivery.billing_period,
            Delivery.billing_period_last,
            Delivery.first_day,
            Delivery.last_day,
            Delivery.created_at,
            Import.live_at,
            DeliveryFile.kind,
            DeliveryFile.path,
            DeliveryFile.row_count,
        )
        .outerjoin(
            Delivery, (Delivery.organization_id == Organization.id) & Delivery.is_live.is_(True)
        )
        .outerjoin(Import, Import.id == Delivery.import_id)
        .outerjoin(DeliveryFile, DeliveryFile.delivery_id == Delivery.id)
        .where(Organization.id == organization.id)
        .order_by(Delivery.billing_period, Delivery.id, DeliveryFile.kind, DeliveryFile.path)
    )
    rows = session.execute(statement).all()
    files: dict[str, dict[str, list[LiveFile]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.path is not None:
            files[row.id][row.kind].append(LiveFile(row.path, row.row_count))
    facts = {row.id: row for row in rows if row.first_day is not None and row.last_day is not None}
    return LiveData(
        data_version=rows[0].data_version,
        deliveries=tuple(
            LiveDelivery(
                source_id=row.source_id,
                billing_period=BillingPeriod.stored(row.billing_period, row.billing_period_last),
                first_day=row.first_day,
                last_day=row.last_day,
                imported_at=row.live_at or row.created_at,
                files={kind: tuple(paths) for kind, paths in files[row.id].items()},
            )
            for row in facts.values()
        ),
    )


def read_live_with_rules(session: Session, organization: Organization) -> LiveData:
    """Read the live deliveries, the rules of tags and their version, all of one moment.

    Two statements may see different moments on PostgreSQL: whoever changes either renews the
    version, so that both are of one where it is the same after them.
    """
    while True:
        live = read_live(session, organization)
        live = replace(live, tag_rules=read_tag_rules(session, organization.id))
        if current_version(session, organization) == live.data_version:
            return live


def data_as_of(
    session: Session, organization: Organization, days: DateRange | None = None
) -> DataAsOf:
    """Return how fresh the organization's data are; with ``days``, those of that range."""
    return freshness(read_live(session, organization), days, utc_today())


def complete_days(
    session: Session, organization: Organization, days: DateRange
) -> DateRange | None:
    """Return the days of a range whose bills are all in, from the first charge of all on.

    None when there are none. What ``figures.completeness.known_part`` says of a report, without
    the sums of one.
    """
    live = read_live(session, organization)
    through = freshness(live, days, utc_today()).complete_through
    since = min((delivery.first_day for delivery in live.deliveries), default=None)
    if since is None or through is None:
        return None
    first, last = max(days.first, since), min(days.last, through)
    return DateRange(first, last) if first <= last else None


def freshness(live: LiveData, days: DateRange | None, today: date) -> DataAsOf:
    """Return through which day the data are complete, by the least complete source.

    A source is complete through the day before its last day with charges, and through the end
    of the period before its newest one; never after yesterday. A range has the sources with
    charges in it, and those that fell silent at most ``SILENCE`` before it: they are late.
    """
    by_source: dict[str, list[LiveDelivery]] = defaultdict(list)
    for delivery in live.deliveries:
        by_source[delivery.source_id].append(delivery)
    sources = [
        deliveries for deliveries in by_source.values() if days is None or _counts(deliveries, days)
    ]
    if not sources:
        return DataAsOf(None, None)
    return DataAsOf(
        min(_complete_through(deliveries, today) for deliveries in sources),
        max(delivery.imported_at for deliveries in sources for delivery in deliveries),
    )


def _counts(deliveries: Iterable[LiveDelivery], days: DateRange) -> bool:
    return any(
        delivery.first_day <= days.last and delivery.last_day >= days.first - SILENCE
        for delivery in deliveries
    )


def _complete_through(deliveries: Iterable[LiveDelivery], today: date) -> date:
    last = max(max(delivery.last_day, delivery.billing_period.first) for delivery in deliveries)
    return min(last, today) - timedelta(days=1)
