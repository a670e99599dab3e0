"""Passwords: what may be one, and how one is kept (argon2id)."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from costoptix.errors import Invalid, Unavailable, refused_field

MIN_LENGTH = 8
MAX_LENGTH = 1024
HINT = "At least 8 characters; 15 or more are better. Several words make a good password."

MAX_AT_ONCE = 2
"""Bounds the memory and the processor time of all that sign in."""
PATIENCE_SECONDS = 10
"""How long a sign-in waits for its turn before it is refused: threads must not pile up here."""
_slots = threading.BoundedSemaphore(MAX_AT_ONCE)

_COMMON = Path(__file__).with_name("common_passwords.txt")
_PRODUCT_WORDS = ("costoptix", "cost optix")
_SHORTEST_REMAINDER = 4
_FEWEST_CHARACTERS = 3  # different ones, blanks aside


class _Hasher:
    """How passwords are hashed in this process."""

    # OWASP's profile: 19 MiB, two passes, one lane.
    shipped = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
    # The least that argon2 takes: tests of something else need not wait for slowness on purpose.
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    used = shipped


def configure(*, cheap: bool) -> None:
    """Hash as shipped; or, for tests of other things, as cheaply as can be."""
    _Hasher.used = _Hasher.cheap if cheap else _Hasher.shipped
    dummy_hash.cache_clear()


def check(password: str, *, words: tuple[str, ...] = ()) -> None:
    """Let pass what may be a password; its bytes are taken as they are.

    Args:
        password: as given.
        words: what an attacker would try first: the address, the organization's name.

    Raises:
        Invalid: too short, too long, or easily guessed; the sentence says which.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise _refused(f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.")
    lowered = password.lower()
    if len(set("".join(lowered.split()))) < _FEWEST_CHARACTERS:
        raise _refused("This password is blanks, or one or two characters again and again.")
    if lowered in common_passwords():
        raise _refused("This password is on the list of the most common ones; choose another.")
    for word in _guessable(words):
        if len(lowered.replace(word, "")) < _SHORTEST_REMAINDER:
            raise _refused("This password is little more than a well-known name; choose another.")


def hash_password(password: str) -> str:
    """Return what is kept of a password.

    Raises:
        Unavailable: too many passwords are being checked at once.
    """
    with _slot():
        return _Hasher.used.hash(_bytes(password))


def verify(password_hash: str, password: str) -> bool:
    """Tell whether the password belongs to the hash; False for a damaged hash.

    Raises:
        Unavailable: too many passwords are being checked at once.
    """
    with _slot():
        try:
            return _Hasher.used.verify(password_hash, _bytes(password[: MAX_LENGTH + 1]))
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(password_hash: str) -> bool:
    """Tell whether the hash was made with weaker settings than today's."""
    return _Hasher.used.check_needs_rehash(password_hash)


@lru_cache(maxsize=1)
def dummy_hash() -> str:
    """Return a hash of nothing in particular: checking it takes as long as checking a real one."""
    return hash_password("nobody has this password")


@lru_cache(maxsize=1)
def common_passwords() -> frozenset[str]:
    """Return the passwords that are guessed first."""
    return frozenset(_COMMON.read_text(encoding="utf-8").split("\n")) - {""}


def _refused(sentence: str) -> Invalid:
    return refused_field("password", sentence)


def _guessable(words: tuple[str, ...]) -> Iterator[str]:
    for text in (*_PRODUCT_WORDS, *words):
        lowered = text.lower()
        for word in (lowered, *re.split(r"[\s@.]+", lowered)):
            if len(word) >= _SHORTEST_REMAINDER:
                yield word


def _bytes(password: str) -> bytes:
    """Encode any text, lone surrogates included."""
    return password.encode("utf-8", "surrogatepass")


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=PATIENCE_SECONDS):
        raise Unavailable(
            "Too many people are signing in at once. Please try again in a moment.",
            retry_after=PATIENCE_SECONDS,
        )
    try:
        yield
    finally:
        _slots.release()
