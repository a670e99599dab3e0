"""What readers got of days before newer deliveries came, as far as it is still kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.bills.ledger.deliveries import AT_ONCE, in_scopes, scope_of, version_of
from costoptix.bills.ledger.precedence import live_versions
from costoptix.lake.live import LiveDelivery, LiveFile, Replaced
from costoptix.models import Delivery, DeliveryFile, Organization
from costoptix.periods import DateRange

_DAY = timedelta(days=1)
Files = dict[str, dict[str, tuple[LiveFile, ...]]]
"""By delivery and kind."""


def replaced(session: Session, organization: Organization, since: datetime) -> tuple[Replaced, ...]:
    """Return the days of which deliveries since an instant took the place of earlier ones.

    Each day with what readers got of it at that instant or, where it was not whole by then, from
    the first delivery after it that held it whole. What was taken back counts as never there, and
    so does what housekeeping has removed.
    """
    newer = select(Delivery).where(
        Delivery.organization_id == organization.id,
        Delivery.is_live,
        Delivery.created_at >= since,
    )
    scopes = {scope_of(delivery) for delivery in session.scalars(newer)}
    by_scope = [of_scope for of_scope in in_scopes(session, scopes).values() if len(of_scope) > 1]
    files = _files(session, [delivery.id for of_scope in by_scope for delivery in of_scope])
    return tuple(piece for of_scope in by_scope for piece in _pieces(of_scope, since, files))


def _pieces(deliveries: Iterable[Delivery], since: datetime, files: Files) -> Iterator[Replaced]:
    """Yield the days of one scope, state after state of it."""
    *earlier, now = _states(deliveries, since)
    later = tuple(_live(delivery, files) for delivery in now)
    days_before: DateRange | None = None
    for state in earlier:
        whole = _whole_days(state)
        if whole is None:
            continue
        held = tuple(_live(delivery, files) for delivery in state)
        for days in _beyond(whole, days_before):
            yield Replaced(days, held, later)
        days_before = whole if days_before is None else _hull(days_before, whole)


def _states(deliveries: Iterable[Delivery], since: datetime) -> list[list[Delivery]]:
    """Return what was live at an instant, and after each import since; the last is now."""
    ordered = sorted(deliveries, key=lambda delivery: (delivery.created_at, delivery.import_id))
    there = [delivery for delivery in ordered if delivery.created_at < since]
    states = [_live_of(there)] if there else []
    newer = [delivery for delivery in ordered if delivery.created_at >= since]
    for _, of_import in groupby(newer, key=lambda delivery: delivery.import_id):
        there = [*there, *of_import]
        states.append(_live_of(there))
    return [*states[:-1], [delivery for delivery in ordered if delivery.is_live]]


def _live_of(deliveries: Sequence[Delivery]) -> list[Delivery]:
    live = {version.id for version in live_versions(map(version_of, deliveries))}
    return [delivery for delivery in deliveries if delivery.id in live]


def _whole_days(deliveries: Iterable[Delivery]) -> DateRange | None:
    """Return the days that deliveries held whole: to the day before the last one with charges.

    The last one as well where they came when it had been over for a day.
    """
    with_charges = [delivery for delivery in deliveries if delivery.first_day and delivery.last_day]
    firsts = [delivery.first_day for delivery in with_charges if delivery.first_day]
    lasts = [_last_whole_day(delivery) for delivery in with_charges]
    if not firsts or min(firsts) > max(lasts):
        return None
    return DateRange(min(firsts), max(lasts))


def _last_whole_day(delivery: Delivery) -> date:
    last = delivery.last_day or date.min
    is_over = delivery.delivered_at.date() - last > _DAY
    return last if is_over else last - _DAY


def _beyond(days: DateRange, days_before: DateRange | None) -> Iterator[DateRange]:
    if days_before is None:
        yield days
        return
    if days.first < days_before.first:
        yield DateRange(days.first, min(days.last, days_before.first - _DAY))
    if days.last > days_before.last:
        yield DateRange(max(days.first, days_before.after), days.last)


def _hull(one: DateRange, other: DateRange) -> DateRange:
    return DateRange(min(one.first, other.first), max(one.last, other.last))


def _live(delivery: Delivery, files: Files) -> LiveDelivery:
    return LiveDelivery(
        source_id=delivery.source_id,
        billing_period=delivery.period,
        first_day=delivery.first_day or date.max,
        last_day=delivery.last_day or date.min,
        imported_at=delivery.created_at,
        files=files.get(delivery.id, {}),
    )


def _files(session: Session, ids: Sequence[str]) -> Files:
    files: defaultdict[str, defaultdict[str, list[LiveFile]]]
    files = defaultdict(lambda: defaultdict(list))
    for start in range(0, len(ids), AT_ONCE):
        rows = select(DeliveryFile).where(
            DeliveryFile.delivery_id.in_(ids[start : start + AT_ONCE])
        )
        for file in session.scalars(rows):
            files[file.delivery_id][file.kind].append(LiveFile(file.path, file.row_count))
    return {
        delivery_id: {kind: tuple(paths) for kind, paths in kinds.items()}
        for delivery_id, kinds in files.items()
    }
