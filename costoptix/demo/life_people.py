"""The people of Acme Cloud beside its admin; nobody knows their passwords."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.access import passwords, sessions
from costoptix.access.permissions import Caller, Role
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.models import Organization, User, UserSession, new_id


@dataclass(frozen=True)
class Person:
    """Somebody who works with the product at Acme Cloud."""

    key: str  # by which the other parts of the demo name them
    name: str
    role: Role
    since: int  # days before the demo was made
    seen: timedelta  # before the demo was made
    address: str
    browser: str

    @property
    def email(self) -> str:
        """Return the address under which they would sign in."""
        return f"{self.key}@acme.example"


PEOPLE = (
    Person("maya", "Maya Lindqvist", Role.ADMIN, 371, timedelta(hours=2), "203.0.113.24",
           "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15"),
    Person("jonas", "Jonas Weber", Role.MEMBER, 371, timedelta(hours=5), "203.0.113.61",
           "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/144.0"),
    Person("priya", "Priya Raman", Role.MEMBER, 290, timedelta(days=1, hours=3), "198.51.100.7",
           "Mozilla/5.0 (X11; Linux x86_64) Chrome/141.0 Safari/537.36"),
    Person("tom", "Tom Okafor", Role.MEMBER, 122, timedelta(days=5, hours=8), "198.51.100.90",
           "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/141.0 Safari/537.36"),
)  # fmt: skip


def settle(session: Session, organization: Organization) -> None:
    """Make who is missing, each with the browser in which they were last seen."""
    missing = [person for person in PEOPLE if find(session, organization, person.key) is None]
    if not missing:
        return
    unknown = passwords.hash_password(secrets.token_urlsafe(32))
    now = utc_now()
    with writing(session):
        for person in missing:
            user = User(
                id=new_id(), organization_id=organization.id, email=person.email,
                name=person.name, role=person.role, password_hash=unknown,
                created_at=now - timedelta(days=person.since),
            )  # fmt: skip
            session.add(user)
            session.flush()
            seen_at = now - person.seen
            session.add(
                UserSession(
                    token_digest=sessions.digest(secrets.token_urlsafe(32)), user_id=user.id,
                    role=person.role, address=person.address, user_agent=person.browser,
                    created_at=seen_at - timedelta(hours=1), last_seen_at=seen_at,
                    password_confirmed_at=seen_at,
                )
            )  # fmt: skip


def find(session: Session, organization: Organization, key: str) -> User | None:
    """Return somebody by their key; None before they are made, or after they were deleted."""
    email = next(person.email for person in PEOPLE if person.key == key)
    mine = (User.organization_id == organization.id) & (User.email == email)
    return session.scalar(select(User).where(mine))


def caller(session: Session, organization: Organization, key: str) -> Caller | None:
    """Return somebody as a caller of the domain; None where ``find`` does."""
    user = find(session, organization, key)
    return None if user is None else sessions.caller_of(user, "")


def label(key: str) -> str:
    """Return how what somebody did is signed."""
    return next(person.email for person in PEOPLE if person.key == key)
