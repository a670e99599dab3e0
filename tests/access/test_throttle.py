"""S10: who is slowed by failed tries, and who is not."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from sqlalchemy.orm import Session

from costoptix.access import throttle
from costoptix.errors import TooManyRequests


def try_once(session: Session, account: str, address: str, browser: str = "") -> bool:
    """Fail once; tell whether it could be tried at all."""
    try:
        with throttle.attempt(session, "sign-in", account, address, browser=browser):
            return True
    except TooManyRequests:
        return False


def tries(session: Session, account: str, addresses: Iterable[str], times: int = 1) -> int:
    """Fail from each address so many times; count what could be tried."""
    return sum(try_once(session, account, address) for address in addresses for _ in range(times))


def test_s10_the_addresses_of_a_64_are_one_network(session: Session) -> None:
    """S10: a machine has as many of them as it likes."""
    addresses = [f"2001:db8:1:2::{number:x}" for number in range(12)]
    assert tries(session, "alice", addresses) == throttle.PER_PAIR
    assert try_once(session, "alice", "2001:db8:1:3::1")


def test_s10_an_ipv4_address_is_the_same_however_it_is_written(session: Session) -> None:
    assert tries(session, "alice", ["192.0.2.1"], 10) == 10
    assert not try_once(session, "alice", "::ffff:192.0.2.1")


def test_s10_one_site_does_not_lock_an_account(session: Session) -> None:
    """S10: a customer's /48 holds 65,536 networks; together they fill no common count."""
    networks = [f"2001:db8:1:{number:x}::1" for number in range(30)]
    assert tries(session, "alice", networks) == throttle.PER_SITE_AND_ACCOUNT
    assert try_once(session, "alice", "2001:db8:2::1")
    assert tries(session, "alice", ["198.51.100.1"], 10) == 10


def test_s10_one_site_does_not_lock_everybody(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "PER_SITE", 6)
    monkeypatch.setattr(throttle, "ALTOGETHER", 8)
    for number in range(12):
        try_once(session, f"person{number}", f"2001:db8:1:{number:x}::1")
    assert tries(session, "alice", ["198.51.100.1"], 2) == 2


def test_s10_many_networks_are_slowed_and_a_known_browser_is_not(session: Session) -> None:
    """S10: a hundred first tries of a botnet within five minutes, and no more."""
    botnet = [f"10.0.{number // 250}.{number % 250}" for number in range(120)]
    assert tries(session, "alice", botnet) == throttle.PER_ACCOUNT * throttle.MORE_FOR_NEW
    assert not try_once(session, "alice", "198.51.100.1")
    assert try_once(session, "alice", "198.51.100.1", browser="hers")
    assert try_once(session, "bob", "198.51.100.2")


def test_s10_a_known_browser_may_not_guess_for_ever_either(session: Session) -> None:
    done = [try_once(session, "alice", "192.0.2.1", browser="hers") for _ in range(11)]
    assert done == [True] * throttle.PER_BROWSER + [False]
    assert try_once(session, "alice", "192.0.2.1")


def test_s10_who_has_not_failed_may_try_where_all_tries_are_used_up(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "ALTOGETHER", 3)
    for number in range(3):
        try_once(session, f"person{number}", "192.0.2.1")
    assert not try_once(session, "alice", "192.0.2.1")
    assert try_once(session, "alice", "198.51.100.1")


def test_what_is_no_address_is_a_network_of_its_own(session: Session) -> None:
    assert tries(session, "alice", ["unknown"], 11) == 10
