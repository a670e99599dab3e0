"""Passwords: what may be one, and how it is kept."""

from __future__ import annotations

import threading

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from hypothesis import given, settings
from hypothesis import strategies as st

from costoptix.access import passwords
from costoptix.errors import Invalid, Unavailable
from tests.support.cast import PASSWORD

PASSWORD_HASH = passwords.hash_password(PASSWORD)
"""As shipped."""


def test_s12_the_hash_is_argon2id_of_at_least_owasps_profile() -> None:
    """S12: 19 MiB, two passes, one lane."""
    kept = extract_parameters(PASSWORD_HASH)
    assert kept.type is Type.ID
    assert kept.memory_cost >= 19 * 1024
    assert kept.time_cost >= 2
    assert not passwords.is_outdated(PASSWORD_HASH)


def test_s12_a_weaker_hash_is_outdated() -> None:
    """S12: so that signing in replaces it."""
    weaker = PASSWORD_HASH.replace("m=19456", "m=8192")
    assert passwords.is_outdated(weaker)


def test_s12_only_so_many_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """S12: memory is bounded; who waits too long hears to come again."""
    monkeypatch.setattr(passwords, "_slots", threading.BoundedSemaphore(1))
    monkeypatch.setattr(passwords, "PATIENCE_SECONDS", 0.01)
    with passwords._slot(), pytest.raises(Unavailable):
        passwords.hash_password(PASSWORD)
    assert passwords.verify(PASSWORD_HASH, PASSWORD)


@pytest.mark.parametrize("length", [8, 15, 64, 72, 73, 1024])
def test_s13_any_length_from_8_to_1024_is_a_password(length: int) -> None:
    """S13: and its whole length counts."""
    password = "aZ 7ü"[: length % 5] + "no pattern at all, as people are " * 32
    password = password[:length]
    passwords.check(password)
    kept = passwords.hash_password(password)
    assert passwords.verify(kept, password)
    assert not passwords.verify(kept, password[:-1])


@pytest.mark.parametrize("password", ["", "short", "seven77", "x" * 1025])
def test_s13_too_short_and_too_long_are_refused(password: str) -> None:
    """S13: in words."""
    with pytest.raises(Invalid, match="8 to 1024"):
        passwords.check(password)


@pytest.mark.parametrize(
    "password", [" " * 8, "\u00a0" * 12, "a a a a a a", "xyxyxyxyxy", "\t\n" * 5]
)
def test_s13_blanks_or_a_character_again_and_again_are_refused(password: str) -> None:
    """S13: there is no rule of what must be in it, but something must be."""
    with pytest.raises(Invalid, match="again and again"):
        passwords.check(password)


def test_s13_the_list_of_common_passwords_is_long() -> None:
    """S13: at least 3,000, each of them refused in any case."""
    assert len(passwords.common_passwords()) >= 3_000
    for password in ("password", "Password1", "QWERTYUIOP", "iloveyou"):
        with pytest.raises(Invalid, match="most common"):
            passwords.check(password)


@pytest.mark.parametrize(
    "password", ["costoptix", "CostOptix1", "acme cloud", "Acme Cloud!", "alicealice"]
)
def test_s13_names_known_to_all_are_refused(password: str) -> None:
    """S13: the product, the organization, the person."""
    with pytest.raises(Invalid):
        passwords.check(password, words=("alice.a@acme.example", "Acme Cloud"))


@settings(max_examples=5, deadline=None)
@given(st.text(min_size=8, max_size=40))
def test_s13_the_exact_bytes_count(password: str) -> None:
    """S13: blanks, case and every character."""
    kept = passwords.hash_password(password)
    assert passwords.verify(kept, password)
    assert not passwords.verify(kept, password + " ")


def test_what_tests_hash_with_is_outdated_as_shipped() -> None:
    passwords.configure(cheap=True)
    cheap = passwords.hash_password(PASSWORD)
    assert passwords.verify(cheap, PASSWORD)
    assert not passwords.is_outdated(cheap)
    passwords.configure(cheap=False)
    assert passwords.is_outdated(cheap)


def test_a_damaged_hash_is_nobodys() -> None:
    for damaged in ("", "plain", PASSWORD_HASH[:40], PASSWORD_HASH[:-1] + "!"):
        assert not passwords.verify(damaged, PASSWORD)
