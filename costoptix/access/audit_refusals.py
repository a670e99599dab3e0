"""Refused attempts in the audit log, counted by the hour: a flood of them adds no rows.

The first of a caller in an hour is an entry at once. Those that follow are counted, and told in
one entry when the hour is over. There are at most as many counts as people, keys and kinds of
refusals; attempts of nobody known are counted together.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from costoptix.access import audit
from costoptix.access.permissions import ActorKind, Caller, Permission
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.models import AuditTally

MOST = 1_000
"""How many an hour are counted of one caller; there may be more, and nothing is written of them."""

NAMED = 5
"""How many addresses and subjects of those counted are named."""

_HOUR = timedelta(hours=1)
_full: dict[str, datetime] = {}
"""By name, the hour in which a count was full: then this process does not even ask."""

logger = logging.getLogger(__name__)


def nobody(address: str) -> Caller:
    """Return the caller who is nobody known: what they typed as a name may be a password."""
    return Caller(audit.INSTALLATION, Permission.READ, "unknown", address=address)


def note(session: Session, caller: Caller, action: str, *, subject: str = "") -> None:
    """Count a refused attempt; that it could not be counted changes nothing for the caller."""
    now = utc_now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    name = _name(caller, action)
    if _full.get(name) == hour:
        return
    try:
        with writing(session):
            _count(session, _locked(session, name, caller, action), caller, subject, now, hour)
    except SQLAlchemyError:
        logger.warning("a refused attempt could not be noted", exc_info=True)


def tell_ended(session: Session) -> None:
    """Write the entries of counts whose hour is over, and forget them."""
    hour = utc_now().replace(minute=0, second=0, microsecond=0)
    ended = select(AuditTally.name).where(AuditTally.hour < hour)
    names = session.scalars(ended).all()
    session.rollback()
    for name in names:
        with writing(session):
            tally = session.get(AuditTally, name, with_for_update=True, populate_existing=True)
            if tally is not None and tally.hour is not None and tally.hour < hour:
                _tell(session, tally)
                session.delete(tally)


def _name(caller: Caller, action: str) -> str:
    who = caller.actor_id or caller.label
    text = "\n".join((caller.organization_id, caller.kind, who, action))
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _locked(session: Session, name: str, caller: Caller, action: str) -> AuditTally:
    """Return the caller's count, made where there is none, which nobody else changes meanwhile."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values: dict[str, Any] = {
        "name": name,
        "organization_id": caller.organization_id,
        "actor_kind": caller.kind.value,
        "actor": audit.one_line(caller.label),
        "actor_id": caller.actor_id,
        "action": action,
        "times": 0,
        "addresses": [],
        "subjects": [],
    }
    session.execute(insert(AuditTally).values(values).on_conflict_do_nothing())
    return session.get_one(AuditTally, name, with_for_update=True, populate_existing=True)


def _count(
    session: Session, tally: AuditTally, caller: Caller, subject: str, now: datetime, hour: datetime
) -> None:
    if tally.hour != hour:
        _tell(session, tally)
        tally.hour, tally.times, tally.addresses, tally.subjects = hour, 1, [], []
        audit.record(session, caller, tally.action, subject=subject)
        return
    tally.times += 1
    tally.last_at = now
    tally.addresses = _with(tally.addresses, audit.one_line(caller.address)[:64])
    tally.subjects = _with(tally.subjects, audit.one_line(subject))
    if tally.times > MOST:
        _forget_past(hour)
        _full[tally.name] = hour


def _tell(session: Session, tally: AuditTally) -> None:
    """Write one entry for all but the first, which has its own."""
    if tally.hour is None or tally.times < 2 or tally.last_at is None:
        return
    caller = Caller(
        tally.organization_id, Permission.READ, tally.actor,
        user_id=tally.actor_id if tally.actor_kind == ActorKind.PERSON else None,
        api_key_id=tally.actor_id if tally.actor_kind == ActorKind.KEY else None,
        address=", ".join(tally.addresses), kind=ActorKind(tally.actor_kind),
    )  # fmt: skip
    audit.record(
        session, caller, tally.action, subject=", ".join(tally.subjects), after=_facts(tally)
    )


def _facts(tally: AuditTally) -> dict[str, Any]:
    more = tally.times - 1
    return {
        "more_times": f"{MOST} or more" if more >= MOST else more,
        "hour": tally.hour.isoformat() if tally.hour else None,
        "last_at": tally.last_at.isoformat() if tally.last_at else None,
        "addresses": tally.addresses,
    }


def _with(named: list[Any], text: str) -> list[Any]:
    is_new = bool(text) and text not in named
    return [*named, text] if is_new and len(named) < NAMED else named


def _forget_past(hour: datetime) -> None:
    for name in [name for name, of_hour in _full.items() if of_hour != hour]:
        _full.pop(name, None)
