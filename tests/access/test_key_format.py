"""The text of keys (S32)."""

from __future__ import annotations

import re
import string

from hypothesis import given
from hypothesis import strategies as st

from costoptix.access import key_format
from costoptix.access.key_format import ALPHABET

KEY = re.compile(r"\bcc_[0-9A-Za-z]{46}\b")
SECRETS = st.text(ALPHABET, min_size=40, max_size=40)


def _key(secret: str) -> str:
    return f"cc_{secret}{key_format.checksum(secret)}"


def test_a_minted_key_has_the_promised_form_and_is_never_the_same() -> None:
    keys = {key_format.mint() for _ in range(200)}
    assert len(keys) == 200
    assert all(KEY.fullmatch(key) and key_format.is_well_formed(key) for key in keys)


@given(SECRETS)
def test_a_checksum_is_six_base62_characters(secret: str) -> None:
    assert re.fullmatch(r"[0-9A-Za-z]{6}", key_format.checksum(secret))


@given(SECRETS, st.integers(3, 48), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(secret: str, position: int, character: str) -> None:
    key = _key(secret)
    changed = key[:position] + character + key[position + 1 :]
    assert key_format.is_well_formed(changed) is (changed == key)


@given(SECRETS, st.integers(3, 47))
def test_two_neighbours_swapped_are_noticed(secret: str, position: int) -> None:
    key = _key(secret)
    first, second = key[position], key[position + 1]
    swapped = key[:position] + second + first + key[position + 2 :]
    assert key_format.is_well_formed(swapped) is (first == second)


@given(st.text(max_size=60) | st.text(string.printable, min_size=4000, max_size=4100))
def test_no_other_text_is_well_formed(text: str) -> None:
    assert not key_format.is_well_formed(text)


def test_a_line_end_is_not_part_of_a_key() -> None:
    assert not key_format.is_well_formed(key_format.mint() + "\n")


def test_what_is_stored_tells_nothing_of_the_rest() -> None:
    key = key_format.mint()
    assert key_format.prefix(key) == key[:11]
    assert re.fullmatch(r"[0-9a-f]{64}", key_format.digest(key))
