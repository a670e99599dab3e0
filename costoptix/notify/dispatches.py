"""Events on their way to channels: handed on once, listed, sent again, and forgotten in the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from costoptix.access.permissions import Caller, Permission, require
from costoptix.clock import utc_now
from costoptix.database import delete_in_batches, writing
from costoptix.errors import Conflict, NotFound
from costoptix.failures import reason
from costoptix.models import (
    DISPATCH_MOVES,
    Channel,
    ChannelState,
    Dispatch,
    DispatchAttempt,
    DispatchState,
    Event,
    Organization,
    new_id,
)
from costoptix.notify import channels
from costoptix.notify.facts import NO_FACTS, Facts
from costoptix.notify.filters import ChannelFilter
from costoptix.notify.kinds import KINDS, TEST

AT_ONCE = 50
"""So many events are handed on in one transaction."""

MOST_ATTEMPTS = 500
"""So many attempts are listed at once, the newest."""

KEPT = timedelta(days=30)
"""How long the log of what was delivered, or given up, goes back."""


def hand_on(session: Session) -> int:
    """Make dispatches of the oldest events that no channel was told of; return how many there were.

    Each event is handed on once, to the channels that there are then: in the transaction that
    makes its dispatches it is marked, and a dispatch has its event's key.
    """
    waiting = select(Event.id).where(Event.is_handed_on.is_(False)).order_by(Event.id)
    ids = session.scalars(waiting.limit(AT_ONCE)).all()
    session.rollback()
    if not ids:
        return 0
    with writing(session):
        marked = session.scalars(
            update(Event)
            .where(Event.id.in_(ids), Event.is_handed_on.is_(False))
            .values(is_handed_on=True)
            .returning(Event),
            execution_options={"synchronize_session": False},
        ).all()
        listeners = _listeners(session, {event.organization_id for event in marked})
        for event in sorted(marked, key=lambda event: event.id):
            facts = _facts(event)
            for listener in listeners.get(event.organization_id, ()):
                if listener.hears(event, facts):
                    session.add(_dispatch(listener.channel_id, event))
    return len(ids)


@dataclass(frozen=True)
class Listener:
    """What a channel wants to hear of."""

    channel_id: str
    events: frozenset[str]
    filter: ChannelFilter

    def hears(self, event: Event, facts: Facts) -> bool:
        """Tell whether the channel is told of an event: it chose it, and its filter passes it."""
        kind = KINDS.get(event.name)
        if kind is None:
            return False
        if kind.is_always_sent:
            return self.channel_id != event.data.get("channel_id")
        return event.name in self.events and self.filter.passes(facts)


def add(
    session: Session, channel: Channel, name: str, key: str, data: Mapping[str, Any],
    *, at: datetime | None = None,
) -> Dispatch | None:  # fmt: skip
    """Send an event to one channel, once for each ``key``: a test, a report.

    Returns None where there is one of that key already. Belongs into the transaction of what makes
    it happen.
    """
    with writing(session):
        mine = (Dispatch.channel_id == channel.id) & (Dispatch.key == key)
        if session.scalar(select(Dispatch.id).where(mine)) is not None:
            return None
        dispatch = Dispatch(
            organization_id=channel.organization_id, channel_id=channel.id, key=key, event=name,
            happened_at=at or utc_now(), data=dict(data),
        )  # fmt: skip
        session.add(dispatch)
        session.flush()
    return dispatch


def send_test(
    session: Session, organization: Organization, caller: Caller, channel_id: str
) -> Dispatch:
    """Have a test message sent, by the way that every other takes.

    Raises:
        Forbidden: the caller may only read.
        NotFound: there is no such channel.
        Conflict: the channel is switched off.
    """
    require(caller, Permission.WRITE)
    with writing(session):
        channel = channels.get(session, organization, channel_id)
        _require_active(channel)
        channel.resume_at = None  # whoever tests has mended something
        data = {"channel_id": channel.id, "channel_name": channel.name}
        dispatch = add(session, channel, TEST, f"{TEST}:{new_id()}", data)
    if dispatch is None:
        raise Conflict("The test was sent already.")
    return dispatch


def replay(
    session: Session, organization: Organization, caller: Caller, channel_id: str, dispatch_id: str
) -> Dispatch:
    """Have an event sent again, under the same id; one that waits is sent now.

    Raises:
        Forbidden: the caller may only read.
        NotFound: there is no such channel, or no such dispatch of it.
        Conflict: the channel is switched off.
    """
    require(caller, Permission.WRITE)
    with writing(session):
        channel = channels.get(session, organization, channel_id)
        dispatch = get(session, channel, dispatch_id)
        _require_active(channel)
        move(dispatch, DispatchState.WAITING)
        dispatch.tries, dispatch.next_attempt_at, dispatch.finished_at = 0, utc_now(), None
        channel.resume_at = None
        session.flush()
    return dispatch


def get(session: Session, channel: Channel, dispatch_id: str) -> Dispatch:
    """Return a dispatch of a channel.

    Raises:
        NotFound: there is none of that id, or it is another channel's.
    """
    dispatch = session.get(Dispatch, dispatch_id)
    if dispatch is None or dispatch.channel_id != channel.id:
        raise NotFound
    return dispatch


def log_of(
    session: Session, channel: Channel, *, limit: int,
    after: tuple[datetime, str] | None = None,
) -> Sequence[Dispatch]:  # fmt: skip
    """List what went to a channel, newest first, after a position (``position``)."""
    query = select(Dispatch).where(Dispatch.channel_id == channel.id)
    if after is not None:
        made_at, dispatch_id = after
        is_older = Dispatch.created_at < made_at
        query = query.where(
            is_older | ((Dispatch.created_at == made_at) & (Dispatch.id > dispatch_id))
        )
    return session.scalars(
        query.order_by(Dispatch.created_at.desc(), Dispatch.id).limit(limit)
    ).all()


def position(dispatch: Dispatch) -> tuple[datetime, str]:
    """Return where a dispatch stands in the log."""
    return dispatch.created_at, dispatch.id


def attempts_of(session: Session, listed: Iterable[Dispatch]) -> dict[str, list[DispatchAttempt]]:
    """Return the attempts at some dispatches by their ids, newest first."""
    ids = [dispatch.id for dispatch in listed]
    rows = session.scalars(
        select(DispatchAttempt)
        .where(DispatchAttempt.dispatch_id.in_(ids))
        .order_by(DispatchAttempt.id.desc())
        .limit(MOST_ATTEMPTS)
    )
    by_dispatch: dict[str, list[DispatchAttempt]] = {}
    for row in rows:
        by_dispatch.setdefault(row.dispatch_id, []).append(row)
    return by_dispatch


def move(dispatch: Dispatch, state: DispatchState) -> None:
    """Move a dispatch to a state.

    Raises:
        Conflict: it cannot go there from where it is.
    """
    if state not in DISPATCH_MOVES[dispatch.state]:
        raise Conflict(f"It is {dispatch.state} already.")
    dispatch.state = state


def prune(session: Session) -> None:
    """Forget what ended long ago."""
    delete_in_batches(session, Dispatch.id, Dispatch.finished_at < utc_now() - KEPT)


def _listeners(session: Session, organization_ids: set[str]) -> dict[str, list[Listener]]:
    rows = session.scalars(
        select(Channel).where(
            Channel.organization_id.in_(organization_ids), Channel.state == ChannelState.ACTIVE
        )
    )
    by_organization: dict[str, list[Listener]] = {}
    for row in rows:
        listener = Listener(row.id, frozenset(row.events), channels.filter_of(row))
        by_organization.setdefault(row.organization_id, []).append(listener)
    return by_organization


def _facts(event: Event) -> Facts:
    """Return what an event is about; one that does not say it is held back nowhere."""
    kind = KINDS.get(event.name)
    try:
        return NO_FACTS if kind is None else kind.facts(event.data)
    except Exception as error:
        reason(error, f"the facts of event {event.id}")
        return NO_FACTS


def _dispatch(channel_id: str, event: Event) -> Dispatch:
    return Dispatch(
        organization_id=event.organization_id,
        channel_id=channel_id,
        key=event.key,
        event=event.name,
        happened_at=event.created_at,
        data=event.data,
    )


def _require_active(channel: Channel) -> None:
    if channel.state != ChannelState.ACTIVE:
        raise Conflict("The channel is switched off: switch it on first.")
