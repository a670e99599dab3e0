"""How often something secret may be tried: per account, per network and altogether.

The counts are rows, so that a restart forgets nothing. An attempt is counted before it is made,
so that parallel guesses find the same limit, and given back when it succeeds.

A browser that was signed in to the account before is counted by itself: whoever guesses from
elsewhere, however often, does not slow it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.errors import TooManyRequests
from costoptix.models import ThrottleCounter

WINDOW = timedelta(minutes=5)
PER_BROWSER = 10  # one that was signed in to the account before
PER_PAIR = 10  # one account from one network
PER_NETWORK = 50  # whatever the account: an office behind one address may mistype
PER_SITE_AND_ACCOUNT = 20  # below PER_ACCOUNT: whoever has thousands of networks fills it not
PER_SITE = 200
PER_ACCOUNT = 50  # whatever the network: guessing by a botnet
ALTOGETHER = 1_000
MORE_FOR_NEW = 2
"""Who has not failed yet may try until a count that all share is so many times its limit."""


@dataclass(frozen=True)
class Limit:
    """How many failed tries one count may hold within a window."""

    name: str
    most: int
    own: str = ""  # of a count that all share: the one of who tries, whether that is new

    def is_full(self, attempts: dict[str, int]) -> bool:
        """Tell whether no more may be tried, given the counts by name."""
        is_new = bool(self.own) and not attempts.get(self.own)
        return attempts.get(self.name, 0) >= self.most * (MORE_FOR_NEW if is_new else 1)


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
def attempt(
    session: Session, what: str, account: str, address: str, *, browser: str = ""
) -> Iterator[Attempt]:
    """Count a try of ``what`` (as ``sign-in``) and hand it out; call ``succeeded`` on it.

    ``browser`` names one that was signed in to the account before; "" is any other. Where the
    count of the account, or of all, is used up, a network without a failed try of its own still
    gets one, until there were twice as many: nobody locks others out by guessing from elsewhere.

    Raises:
        TooManyRequests: a count is used up; carries the seconds until its window ends.
    """
    if browser:
        limits = [Limit(_name(what, account, browser), PER_BROWSER)]
    else:
        limits = _limits(what, account, address)
    with writing(session):
        _forget_ended(session)
        seconds = _seconds_to_wait(session, limits)
        if not seconds:
            for limit in limits:
                _count(session, limit.name)
    if seconds:
        raise TooManyRequests(
            "Too many attempts. Please wait a few minutes and try again.", retry_after=seconds
        )
    yield Attempt(session, tuple(limit.name for limit in limits))


def _limits(what: str, account: str, address: str) -> list[Limit]:
    """Return the counts that a try from an address belongs to."""
    network, site = _networks(address)
    pair, anything = _name(what, account, network), _name(what, "", network)
    limits = [
        Limit(pair, PER_PAIR),
        Limit(anything, PER_NETWORK),
        Limit(_name(what, account, ""), PER_ACCOUNT, own=pair),
        Limit(_name(what, "", ""), ALTOGETHER, own=anything),
    ]
    if site != network:
        limits.append(Limit(_name(what, account, site), PER_SITE_AND_ACCOUNT))
        limits.append(Limit(_name(what, "", site), PER_SITE))
    return limits


def _networks(address: str) -> tuple[str, str]:
    """Return the network that counts as one, and the site that may hold thousands of them.

    Of IPv6 a /64 and a /48: one customer has all the addresses in them. Else the address is both.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return address, address
    if not isinstance(ip, IPv6Address):
        return address, address
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped), str(ip.ipv4_mapped)
    return str(ip_network((int(ip), 64), False)), str(ip_network((int(ip), 48), False))


def _seconds_to_wait(session: Session, limits: list[Limit]) -> int:
    """Return how long until none of the counts is used up; 0 where none is."""
    counters = session.execute(
        select(ThrottleCounter.name, ThrottleCounter.attempts, ThrottleCounter.ends_at).where(
            ThrottleCounter.name.in_([limit.name for limit in limits])
        )
    ).all()
    attempts = {name: tried for name, tried, _ in counters}
    full = {limit.name for limit in limits if limit.is_full(attempts)}
    if not full:
        return 0
    ends_at = max(ends_at for name, _, ends_at in counters if name in full)
    return max(1, math.ceil((ends_at - utc_now()).total_seconds()))


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
