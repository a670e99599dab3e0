"""Secrets at rest open with their SECRET_KEY, in their own place, and nowhere else."""

from __future__ import annotations

import dataclasses
import secrets as random
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import String, inspect
from sqlalchemy.orm import Session

from config import Config
from costoptix.access import secrets
from costoptix.access.secrets import SealedPlace, SealingKeys, Unopenable, seal, unseal
from costoptix.models import Base, SealedCanary

PLACE = SealedPlace("webhooks", "url", "row-1")
TEXT = "https://hooks.example.com/T000/secret"
CHARACTERS = st.characters(exclude_categories=["Cs"])


@pytest.fixture
def older(config: Config) -> SealingKeys:
    """The keys of this installation as they are now."""
    return SealingKeys.of(config)


@pytest.fixture
def rotated(config: Config) -> Config:
    """The configuration with another SECRET_KEY, this one being its fallback."""
    return dataclasses.replace(
        config, secret_key=random.token_hex(32), secret_key_fallbacks=(config.secret_key,)
    )


@pytest.fixture
def changed(rotated: Config) -> SealingKeys:
    """The keys of an installation whose SECRET_KEY was lost."""
    return SealingKeys.of(dataclasses.replace(rotated, secret_key_fallbacks=()))


@given(text=st.text(CHARACTERS), row=st.text(CHARACTERS))
def test_what_is_sealed_opens_in_its_place(text: str, row: str) -> None:
    keys = SealingKeys(dict([secrets._derived("k" * 40)]))
    place = SealedPlace("webhooks", "url", row)
    assert unseal(keys, seal(keys, text, place), place) == text


def test_the_keys_are_those_of_hkdf_sha256() -> None:
    """Another program must be able to read what is stored: RFC 5869, written out by hand."""
    import hashlib
    import hmac

    secret = hmac.digest(b"\0" * 32, b"s" * 40, "sha256")
    first = hmac.digest(secret, b"costoptix/stored-secrets/v1\x01", "sha256")
    second = hmac.digest(secret, first + b"costoptix/stored-secrets/v1\x02", "sha256")
    key_id, cipher = secrets._derived("s" * 40)
    assert key_id == second[:4].hex()
    nonce = hashlib.sha256().digest()[:12]
    assert cipher.decrypt(nonce, secrets.AESGCM(first).encrypt(nonce, b"x", b""), b"") == b"x"


@pytest.mark.parametrize(
    "other",
    [PLACE._replace(table="users"), PLACE._replace(column="secret"), PLACE._replace(row="row-2")],
)
def test_a_text_copied_into_another_place_does_not_open(
    older: SealingKeys, other: SealedPlace
) -> None:
    """S57"""
    sealed = seal(older, TEXT, PLACE)
    with pytest.raises(Unopenable, match="another row"):
        unseal(older, sealed, other)


def test_every_byte_of_a_sealed_text_counts(older: SealingKeys) -> None:
    head, _, content = seal(older, "x", PLACE).rpartition(".")
    stored = b64decode(content)
    for at in range(len(stored)):
        damaged = stored[:at] + bytes([stored[at] ^ 1]) + stored[at + 1 :]
        with pytest.raises(Unopenable):
            unseal(older, f"{head}.{b64encode(damaged).decode()}", PLACE)


def test_what_is_no_sealed_text_is_refused_in_words(older: SealingKeys) -> None:
    key_id = older.first_id
    for stored in (
        "", "plain", "v1", "v1.", f"v1.{key_id}", f"v1.{key_id}.", f"v1.{key_id}.%%%",
        f"v1.{key_id}.QUJD", f"v1.{key_id}.QUJDREVGR0hJSktM", f"v2.{key_id}.QUJD", "v1.ffff.QUJD",
        "\udc80",
    ):  # fmt: skip
        with pytest.raises(Unopenable) as refusal:
            unseal(older, stored, PLACE)
        assert refusal.value.sentence in (secrets.DAMAGED, secrets.CHANGED)


def test_a_text_sealed_twice_is_never_the_same(older: SealingKeys) -> None:
    assert len({seal(older, TEXT, PLACE) for _ in range(50)}) == 50


def test_nothing_of_a_secret_stands_in_a_repr_or_an_error(
    config: Config, older: SealingKeys, changed: SealingKeys
) -> None:
    sealed = seal(older, TEXT, PLACE)
    with pytest.raises(Unopenable) as refusal:
        unseal(changed, sealed, PLACE)
    assert refusal.value.__cause__ is None
    shown = f"{config!r} {older!r} {refusal.value!r} {refusal.value}"
    assert "SECRET_KEY_FALLBACKS" in shown
    for hidden in (config.secret_key, TEXT, sealed):
        assert hidden not in shown


def test_the_first_start_seals_a_canary_and_a_wrong_key_is_told_by_it(
    session: Session, older: SealingKeys, changed: SealingKeys, rotated: Config
) -> None:
    secrets.require_key(session, older)
    secrets.require_key(session, older)
    secrets.require_key(session, SealingKeys.of(rotated))
    with pytest.raises(Unopenable, match="put that one back"):
        secrets.require_key(session, changed)
    assert len(session.query(SealedCanary).all()) == 1


def test_rotation_seals_all_anew_and_the_old_key_may_go(
    session: Session, older: SealingKeys, changed: SealingKeys, rotated: Config
) -> None:
    secrets.require_key(session, older)
    keys = SealingKeys.of(rotated)
    assert secrets.rotate(session, keys) == secrets.Rotation(1, [])
    assert secrets.rotate(session, keys) == secrets.Rotation(0, [])
    secrets.require_key(session, changed)


def test_rotation_leaves_what_it_cannot_open_and_names_its_place(
    session: Session, older: SealingKeys, changed: SealingKeys
) -> None:
    secrets.require_key(session, older)
    place = SealedPlace("sealed_canaries", "sealed", "canary")
    assert secrets.rotate(session, changed) == secrets.Rotation(0, [place])
    secrets.require_key(session, older)


def test_the_canary_is_sealed_anew_last_and_each_sealed_column_can_be(app: object) -> None:
    columns = secrets.sealed_columns()
    assert columns[-1].table.name == "sealed_canaries"
    for column in columns:
        assert len(column.table.primary_key.columns) == 1, column
        assert column.type.length is None, column  # type: ignore[attr-defined]


def test_what_is_called_a_secret_is_sealed() -> None:
    """A digest is none: nothing is learnt from it."""
    sealed = secrets.sealed_columns()
    for mapper in Base.registry.mappers:
        for column in inspect(mapper.class_).local_table.columns:
            is_named = any(word in column.name for word in ("secret", "credential"))
            if is_named and isinstance(column.type, String):
                assert column in sealed, f"{column} holds a secret: make it a sealed_column()"
