"""A session lives while it is used, twelve hours or so at most, and ends where it is ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.access import sessions
from costoptix.access.permissions import Role
from costoptix.errors import NotFound
from costoptix.models import User, UserSession

START = "2026-03-10T12:00:00+00:00"


def begin(session: Session, user: User, address: str = "192.0.2.1") -> str:
    return sessions.begin(session, user, address=address, user_agent="a browser")


def pass_time(length: timedelta) -> None:
    clock.configure((clock.utc_now() + length).isoformat())


def test_the_token_is_not_kept(session: Session, alice: User) -> None:
    token = begin(session, alice)
    row = sessions.find(session, token)
    assert row is not None
    kept = session.execute(select(UserSession.__table__)).one()
    assert token not in map(str, kept)
    assert sessions.find(session, token + "x") is None


def test_a_session_idles_out_and_ends_however_it_is_used(session: Session, alice: User) -> None:
    clock.configure(START)
    idle, used = begin(session, alice), begin(session, alice)
    step = sessions.IDLE / 2
    for _ in range(int(sessions.ABSOLUTE / step)):
        row = sessions.find(session, used)
        assert row is not None
        sessions.touch(session, row)
        pass_time(step)
    assert sessions.find(session, idle) is None
    assert sessions.find(session, used) is None


def test_what_has_ended_is_removed_when_somebody_signs_in(session: Session, alice: User) -> None:
    clock.configure(START)
    begin(session, alice)
    pass_time(sessions.ABSOLUTE)
    begin(session, alice)
    assert session.scalar(select(func.count()).select_from(UserSession)) == 1


def test_use_is_noted_once_a_minute(session: Session, alice: User) -> None:
    clock.configure(START)
    row = sessions.find(session, begin(session, alice))
    assert row is not None
    first = row.last_seen_at
    pass_time(sessions.SEEN_PRECISION / 2)
    sessions.touch(session, row)
    assert row.last_seen_at == first
    pass_time(sessions.SEEN_PRECISION)
    sessions.touch(session, row)
    assert row.last_seen_at > first


def test_a_renewed_session_leaves_the_older_cookie_worthless(session: Session, alice: User) -> None:
    token = begin(session, alice)
    row = sessions.find(session, token)
    assert row is not None
    alice.role = Role.MEMBER
    session.commit()
    newer = sessions.renew(session, row)
    assert sessions.find(session, token) is None
    renewed = sessions.find(session, newer)
    assert renewed is not None
    assert renewed.role == Role.MEMBER


def test_the_password_is_fresh_for_ten_minutes(session: Session, alice: User) -> None:
    clock.configure(START)
    row = sessions.find(session, begin(session, alice))
    assert row is not None
    assert sessions.has_fresh_password(row)
    pass_time(sessions.FRESH_PASSWORD)
    assert not sessions.has_fresh_password(row)
    sessions.renew(session, row, confirmed=True)
    assert sessions.has_fresh_password(row)


def test_an_inactive_person_has_no_session(session: Session, alice: User) -> None:
    token = begin(session, alice)
    alice.is_active = False
    session.commit()
    assert sessions.find(session, token) is None


def test_a_person_ends_own_sessions_alone(session: Session, alice: User, mallory: User) -> None:
    tokens = [begin(session, alice) for _ in range(3)]
    rows = [sessions.find(session, token) for token in tokens]
    assert None not in rows
    with pytest.raises(NotFound):
        sessions.end(session, sessions.caller_of(mallory, ""), mallory, rows[0].id)
    sessions.end(session, sessions.caller_of(alice, ""), alice, rows[0].id)
    assert {row.id for row in sessions.list_of(session, alice)} == {rows[1].id, rows[2].id}
    sessions.end_all(session, alice, but=rows[1].id)
    assert [row.id for row in sessions.list_of(session, alice)] == [rows[1].id]
