"""Reading the audit log: who, what, when; paged and sorted in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from costoptix.access import audit
from costoptix.access.permissions import ActorKind, Caller, Permission, require
from costoptix.clock import utc_today
from costoptix.database import writing
from costoptix.drafts import Draft
from costoptix.errors import Invalid
from costoptix.models import AuditEntry, Organization
from costoptix.periods import DateRange, Preset, parse_day, resolve_preset

NEWEST = "-at"
READ_AT_ONCE = 500
MAX_TEXT = 200

_COLUMNS: dict[str, Any] = {
    "at": AuditEntry.number,  # as they were written: two instants may be equal
    "actor": AuditEntry.actor,
    "action": AuditEntry.action,
    "subject": AuditEntry.subject,
    "address": AuditEntry.address,
}
ORDERS = tuple(f"{sign}{name}" for name in _COLUMNS for sign in ("-", ""))
"""What the list may be sorted by; ``-`` is descending. What is equal goes newest first."""


def parse_order(text: str) -> str:
    """Return an order if it is one.

    Raises:
        ValueError: it is none; the sentence lists them.
    """
    if text not in ORDERS:
        raise ValueError(f"it must be one of {', '.join(_COLUMNS)}, with - in front for descending")
    return text


class AuditFilters(Draft):
    """Which entries are asked for; all of them without any."""

    actor: str | None = Field(
        None, max_length=MAX_TEXT, description="Who, or a part of it, in any case."
    )
    actor_kind: ActorKind | None = Field(None, description="Which kind of who.")
    action: str | None = Field(
        None, max_length=60, description="What, as `api_key.created`; or its beginning: `api_key`."
    )
    subject: str | None = Field(
        None, max_length=MAX_TEXT, description="To what, or a part of it, in any case."
    )
    range: Preset | None = Field(
        None, description="A range that moves with the calendar, instead of the two dates."
    )
    start_date: str | None = Field(None, description="First day, UTC, inclusive.")
    end_date: str | None = Field(None, description="Last day, UTC, inclusive.")
    order_by: Annotated[str, AfterValidator(parse_order)] = Field(
        default=NEWEST,
        description="A column, `-` in front for descending; `-at` is the newest first.",
        json_schema_extra={"enum": list(ORDERS)},
    )

    def days(self) -> tuple[date | None, date | None]:
        """Return the first and the last day that are asked for; None where there is no bound.

        Raises:
            Invalid: the range and a date are given, or they are no days, or reversed.
        """
        if self.range is not None:
            if self.start_date or self.end_date:
                raise Invalid("range cannot be combined with start_date or end_date.")
            days = resolve_preset(self.range, utc_today())
            return days.first, days.last
        first = parse_day(self.start_date, "start_date") if self.start_date else None
        last = parse_day(self.end_date, "end_date") if self.end_date else None
        if first and last:
            DateRange(first, last)  # refuses what is reversed or too long
        return first, last


@dataclass(frozen=True)
class AuditPosition:
    """Where a page of the list ended: what it is sorted by, and the entry's number."""

    value: Any
    number: int


def list_entries(
    session: Session,
    organization: Organization,
    caller: Caller,
    filters: AuditFilters,
    *,
    limit: int,
    after: AuditPosition | None = None,
    offset: int = 0,
) -> Sequence[AuditEntry]:
    """Return up to ``limit`` entries in the order asked for, behind ``after`` or ``offset``.

    Raises:
        Forbidden: the caller is no admin.
        Invalid: the days are none that can be.
    """
    require(caller, Permission.ADMIN)
    return _read(session, organization.id, filters, limit, after, offset)


def position(entry: AuditEntry, order: str) -> AuditPosition:
    """Return where in the list an entry stands."""
    return AuditPosition(getattr(entry, _column(order).key), entry.number)


def actions_of(session: Session, organization: Organization) -> list[str]:
    """Return the kinds of actions that an organization's log has, by name."""
    own = AuditEntry.organization_id == organization.id
    actions: list[str] = []
    last = ""
    while True:
        # Each by one step into the index: DISTINCT would read every entry.
        following = select(func.min(AuditEntry.action)).where(own, AuditEntry.action > last)
        last = session.scalar(following) or ""
        if not last:
            return actions
        actions.append(last)


def export(
    session: Session, organization: Organization, caller: Caller, filters: AuditFilters
) -> Iterator[AuditEntry]:
    """Return all entries of the filters, in their order, read some at a time; the log says so.

    Raises:
        Forbidden: the caller is no admin.
        Invalid: the days are none that can be.
    """
    organization_id = organization.id
    first = list_entries(session, organization, caller, filters, limit=READ_AT_ONCE)
    with writing(session):
        asked = filters.model_dump(mode="json", exclude_defaults=True)
        audit.record(session, caller, "audit.exported", after={"filters": asked})
    return _all(session, organization_id, filters, first)


def _all(
    session: Session, organization_id: str, filters: AuditFilters, page: Sequence[AuditEntry]
) -> Iterator[AuditEntry]:
    while page:
        yield from page
        after = position(page[-1], filters.order_by)
        page = _read(session, organization_id, filters, READ_AT_ONCE, after)
        session.rollback()  # a slow client must not hold the transaction until the next reading


def _read(
    session: Session, organization_id: str, filters: AuditFilters, limit: int,
    after: AuditPosition | None = None, offset: int = 0,
) -> Sequence[AuditEntry]:  # fmt: skip
    """Read entries apart from the session: what is written meanwhile does not expire them."""
    conditions = [AuditEntry.organization_id == organization_id, *_conditions(filters)]
    if after is not None:
        conditions.append(_is_after(after, filters.order_by))
    value = _column(filters.order_by)
    ordered = value.desc() if filters.order_by.startswith("-") else value.asc()
    query = select(AuditEntry).where(*conditions).order_by(ordered, AuditEntry.number.desc())
    entries = session.scalars(query.limit(limit).offset(offset)).all()
    for entry in entries:
        session.expunge(entry)
    return entries


def _conditions(filters: AuditFilters) -> Iterator[ColumnElement[bool]]:
    if filters.actor:
        yield AuditEntry.actor.icontains(filters.actor, autoescape=True)
    if filters.actor_kind:
        yield AuditEntry.actor_kind == filters.actor_kind.value
    if filters.subject:
        yield AuditEntry.subject.icontains(filters.subject, autoescape=True)
    if filters.action:
        is_kind = AuditEntry.action.startswith(f"{filters.action}.", autoescape=True)
        yield or_(AuditEntry.action == filters.action, is_kind)
    first, last = filters.days()
    if first is not None:
        yield AuditEntry.at >= _midnight(first)
    if last is not None:
        yield AuditEntry.at < _midnight(last + timedelta(days=1))


def _is_after(after: AuditPosition, order: str) -> ColumnElement[bool]:
    value = _column(order)
    beyond = value < after.value if order.startswith("-") else value > after.value
    result: ColumnElement[bool] = or_(
        beyond, and_(value == after.value, AuditEntry.number < after.number)
    )
    return result


def _column(order: str) -> Any:
    return _COLUMNS[order.removeprefix("-")]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
