"""Signed-in browsers. A session is a row; the cookie holds a random token whose SHA-256 is kept.

A session ends by signing out, by being ended from another browser, after ``IDLE`` without a
request, and ``ABSOLUTE`` after its beginning in any case.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from costoptix.access import audit
from costoptix.access.permissions import ROLE_PERMISSION, Caller, Role
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.errors import NotFound
from costoptix.models import User, UserSession

IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=7)
FRESH_PASSWORD = timedelta(minutes=10)
SEEN_PRECISION = timedelta(minutes=1)


def digest(token: str) -> str:
    """Return what is kept of a random token: its SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(session: Session, user: User, *, address: str, user_agent: str) -> str:
    """Sign a person in and return the session's token (256 random bits), which is not kept."""
    token = secrets.token_urlsafe(32)
    row = UserSession(
        token_digest=digest(token),
        user_id=user.id,
        role=user.role,
        address=address[:64],
        user_agent=user_agent[:300],
    )
    with writing(session):
        session.execute(delete(UserSession).where(UserSession.created_at <= utc_now() - ABSOLUTE))
        session.add(row)
        audit.record(session, caller_of(user, address), "session.created")
    return token


def caller_of(user: User, address: str) -> Caller:
    """Return a person as a caller, before there is a session that says so."""
    return Caller(
        user.organization_id, ROLE_PERMISSION[Role(user.role)], user.email,
        user_id=user.id, address=address,
    )  # fmt: skip


def find(session: Session, token: str) -> UserSession | None:
    """Return the session of that token while it lives and its person is active."""
    row = session.scalar(select(UserSession).where(UserSession.token_digest == digest(token)))
    return row if row is not None and row.user.is_active and is_alive(row) else None


def is_alive(row: UserSession) -> bool:
    """Tell whether the session has neither idled out nor reached its end."""
    now = utc_now()
    return now - row.last_seen_at < IDLE and now - row.created_at < ABSOLUTE


def touch(session: Session, row: UserSession) -> None:
    """Note that the session was used, at most once a minute."""
    now = utc_now()
    if now - row.last_seen_at >= SEEN_PRECISION:
        with writing(session):
            row.last_seen_at = now


def renew(session: Session, row: UserSession, *, confirmed: bool = False) -> str:
    """Give the session a new token, so that an older copy of its cookie is worth nothing.

    Due when what the session may do has changed: its person's role, or (``confirmed``) the
    password was just given again.
    """
    token = secrets.token_urlsafe(32)
    with writing(session):
        row.token_digest = digest(token)
        row.role = row.user.role
        if confirmed:
            row.password_confirmed_at = utc_now()
    return token


def has_fresh_password(row: UserSession) -> bool:
    """Tell whether the password was given within the last ten minutes."""
    return utc_now() - row.password_confirmed_at < FRESH_PASSWORD


def list_of(session: Session, user: User) -> list[UserSession]:
    """Return a person's living sessions, the last used first."""
    rows = session.scalars(
        select(UserSession)
        .where(UserSession.user_id == user.id)
        .order_by(UserSession.last_seen_at.desc(), UserSession.id)
    )
    return [row for row in rows if is_alive(row)]


def end(
    session: Session, caller: Caller, user: User, session_id: str, *, signs_out: bool = False
) -> None:
    """End one of a person's own sessions; ``signs_out`` where it is the one that asks.

    Raises:
        NotFound: the person has no such session.
    """
    own = (UserSession.id == session_id) & (UserSession.user_id == user.id)
    with writing(session):
        gone = delete(UserSession).where(own).returning(UserSession.address, UserSession.user_agent)
        ended = session.execute(gone).one_or_none()
        if ended is None:
            raise NotFound
        action = "session.signed_out" if signs_out else "session.ended"
        before = {"address": ended.address, "browser": ended.user_agent}
        audit.record(session, caller, action, subject=user.email, before=before)


def end_others(session: Session, caller: Caller, user: User, session_id: str) -> None:
    """End every session of a person except for their own of that id."""
    with writing(session):
        number = end_all(session, user, but=session_id)
        if number:
            audit.record(
                session, caller, "session.others_ended", subject=user.email,
                before={"sessions": number},
            )  # fmt: skip


def end_all(session: Session, user: User, *, but: str | None = None) -> int:
    """End every session of a person, except for the one with the id ``but``; return how many."""
    others = (UserSession.user_id == user.id) & (UserSession.id != (but or ""))
    with writing(session):
        ended = session.scalars(delete(UserSession).where(others).returning(UserSession.id))
        return len(ended.all())
