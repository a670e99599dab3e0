"""How often something secret may be tried: per account, per address and altogether.

The counts are rows, so that a restart forgets nothing. An attempt is counted before it is made,
so that parallel guesses find the same limit, and given back when it succeeds.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.errors import TooManyRequests
from costoptix.models import ThrottleCounter

WINDOW = timedelta(minutes=5)
PER_PAIR = 10  # one account from one address
PER_ACCOUNT = 50  # whatever the address: guessing by a botnet
PER_ADDRESS = 50  # whatever the account: an office behind one address may mistype
ALTOGETHER = 1_000


@dataclass
class Attempt:
    """One try, which counts as failed unless ``succeeded`` is called."""

    session: Session
    names: tuple[str, ...]

    def succeeded(self) -> None:
        """Give the try back to every count."""
        with writing(self.session):
            self.session.execute(
                update(ThrottleCounter)
                .where(ThrottleCounter.name.in_(self.names), ThrottleCounter.attempts > 0)
                .values(attempts=ThrottleCounter.attempts - 1)
                .execution_options(synchronize_session=False)
            )


@contextmanager
def attempt(session: Session, what: str, account: str, address: str) -> Iterator[Attempt]:
    """Count a try of ``what`` (as ``sign-in``) and hand it out; call ``succeeded`` on it.

    An address without a failed try of its own gets one even where the account's count is used
    up: nobody can lock a person out by guessing from elsewhere.

    Raises:
        TooManyRequests: a count is used up; carries the seconds until its window ends.
    """
    limits = {
        _name(what, account, address): PER_PAIR,
        _name(what, "", address): PER_ADDRESS,
        _name(what, "", ""): ALTOGETHER,
        _name(what, account, ""): PER_ACCOUNT,
    }
    with writing(session):
        _forget_ended(session)
        counters = session.execute(
            select(ThrottleCounter.name, ThrottleCounter.attempts, ThrottleCounter.ends_at).where(
                ThrottleCounter.name.in_(limits)
            )
        ).all()
        is_new_here = _name(what, account, address) not in {name for name, _, _ in counters}
        full = [ends_at for name, attempts, ends_at in counters if attempts >= limits[name]
                and not (is_new_here and name == _name(what, account, ""))]  # fmt: skip
        if not full:
            for name in limits:
                _count(session, name)
    if full:
        seconds = math.ceil((max(full) - utc_now()).total_seconds())
        raise TooManyRequests(
            "Too many attempts. Please wait a few minutes and try again.",
            retry_after=max(1, seconds),
        )
    yield Attempt(session, tuple(limits))


def _name(what: str, account: str, address: str) -> str:
    """Return a counter's name; no address of a person is kept in the clear."""
    pair = hashlib.sha256(f"{account.lower()}\n{address}".encode(errors="replace")).hexdigest()
    return f"{what}:{pair}"


def _forget_ended(session: Session) -> None:
    session.execute(
        delete(ThrottleCounter)
        .where(ThrottleCounter.ends_at <= utc_now())
        .execution_options(synchronize_session=False)
    )


def _count(session: Session, name: str) -> None:
    """Add one to a counter, beginning its window where it has none."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(
        insert(ThrottleCounter)
        .values(name=name, attempts=1, ends_at=utc_now() + WINDOW)
        .on_conflict_do_update(
            index_elements=["name"], set_={"attempts": ThrottleCounter.attempts + 1}
        )
    )
