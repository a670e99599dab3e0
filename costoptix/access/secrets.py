"""Secrets at rest: text that the database holds sealed, and only the holder of SECRET_KEY reads.

AES-256-GCM. The place of a secret (table, column, row) is sealed with it, so that a text copied
into another row or column does not open there. Each SECRET_KEY gives, by HKDF-SHA256, a key and
the id of that key; what is stored is ``v1.<key id>.<base64 of nonce and ciphertext>``.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from os import urandom
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Column, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from config import Config
from costoptix.database import writing
from costoptix.errors import CostOptixError
from costoptix.models import Base, SealedCanary
from costoptix.models.base import SEALED

_VERSION = "v1"
_FINGERPRINT_INFO = b"costoptix/fingerprint/v1"
_FINGERPRINT_BYTES = 16
_INFO = b"costoptix/stored-secrets/v1"
_KEY_BYTES, _KEY_ID_BYTES, _NONCE_BYTES = 32, 4, 12
_CANARY = "canary"
_CANARY_TABLE = SealedCanary.__table__

CHANGED = (
    "SECRET_KEY is not the one that stored secrets are sealed under: put that one back, or add it "
    "to SECRET_KEY_FALLBACKS."
)
DAMAGED = "A stored secret is damaged, or stands in another row than the one it was sealed for."


class Unopenable(CostOptixError):
    """A sealed text does not open: under this key, in this place, or at all."""


class SealedPlace(NamedTuple):
    """Where a sealed text stands."""

    table: str
    column: str
    row: str  # the primary key

    @property
    def associated_data(self) -> bytes:
        """Return what is sealed with the text; names of tables and columns hold no dot or colon."""
        return f"{self.table}.{self.column}:{self.row}".encode()


_CANARY_PLACE = SealedPlace("sealed_canaries", "sealed", _CANARY)


@dataclass(frozen=True, repr=False)
class SealingKeys:
    """The keys by their ids; what is sealed is sealed under the first."""

    by_id: dict[str, AESGCM]

    @classmethod
    def of(cls, config: Config) -> SealingKeys:
        """Derive the keys of SECRET_KEY and SECRET_KEY_FALLBACKS (5 µs each)."""
        return cls(dict(map(_derived, (config.secret_key, *config.secret_key_fallbacks))))

    @property
    def first_id(self) -> str:
        """Return the id of the key of SECRET_KEY."""
        return next(iter(self.by_id))


def seal(keys: SealingKeys, text: str, place: SealedPlace) -> str:
    """Return the text sealed under the first key, to be stored in ``place`` and nowhere else."""
    nonce = urandom(_NONCE_BYTES)
    cipher = keys.by_id[keys.first_id]
    ciphertext = cipher.encrypt(nonce, text.encode(), place.associated_data)
    return f"{_VERSION}.{keys.first_id}.{b64encode(nonce + ciphertext).decode()}"


def unseal(keys: SealingKeys, sealed: str, place: SealedPlace) -> str:
    """Return the text that was sealed for ``place``.

    Raises:
        Unopenable: it was sealed under another key, for another place, or is damaged.
    """
    version, _, rest = sealed.partition(".")
    key_id, _, content = rest.partition(".")
    if version != _VERSION:
        raise Unopenable(DAMAGED)
    if key_id not in keys.by_id:
        raise Unopenable(CHANGED)
    try:
        stored = b64decode(content, validate=True)
        nonce, ciphertext = stored[:_NONCE_BYTES], stored[_NONCE_BYTES:]
        return keys.by_id[key_id].decrypt(nonce, ciphertext, place.associated_data).decode()
    except (InvalidTag, ValueError):  # of base64 and of a nonce that is too short, too
        raise Unopenable(DAMAGED) from None


def key_id_of(sealed: str) -> str:
    """Return the id of the key that a sealed text is sealed under."""
    return sealed.split(".", 2)[1] if sealed.count(".") == 2 else ""


def fingerprint(secret_key: str) -> str:
    """Return 32 hex digits by which a SECRET_KEY is told from others, and not learnt."""
    derived = HKDF(SHA256(), _FINGERPRINT_BYTES, salt=None, info=_FINGERPRINT_INFO)
    return derived.derive(secret_key.encode()).hex()


def leave_canary(session: Session, keys: SealingKeys) -> None:
    """Remove a canary that these keys do not open, so that the next start seals one under them."""
    sealed = session.scalar(select(SealedCanary.sealed).where(SealedCanary.id == _CANARY))
    if sealed is not None and key_id_of(sealed) not in keys.by_id:
        with writing(session):
            session.execute(delete(SealedCanary))


def require_key(session: Session, keys: SealingKeys) -> None:
    """Return when these keys open what is stored; at the first start, seal a canary under them.

    Raises:
        Unopenable: stored secrets are sealed under another SECRET_KEY.
    """
    sealed = session.scalar(select(SealedCanary.sealed).where(SealedCanary.id == _CANARY))
    if sealed is None:
        _seal_canary(session, keys)
    else:
        unseal(keys, sealed, _CANARY_PLACE)


def _seal_canary(session: Session, keys: SealingKeys) -> None:
    try:
        with writing(session):
            session.add(SealedCanary(id=_CANARY, sealed=seal(keys, _CANARY, _CANARY_PLACE)))
    except IntegrityError:  # of processes that start together, another was first
        require_key(session, keys)


@dataclass(frozen=True)
class Rotation:
    """What was sealed anew under the first key, and where what is stored does not open."""

    resealed: int
    unreadable: list[SealedPlace]


def rotate(session: Session, keys: SealingKeys) -> Rotation:
    """Seal anew under the first key whatever is sealed under another; each text by itself."""
    resealed = 0
    unreadable = []
    for column in sealed_columns():
        for place, sealed in _sealed_otherwise(session, keys, column):
            try:
                text = unseal(keys, sealed, place)
            except Unopenable:
                unreadable.append(place)
                continue
            resealed += _replace(session, column, place, sealed, seal(keys, text, place))
    return Rotation(resealed, unreadable)


def sealed_columns() -> list[Column[Any]]:
    """Return every column that holds sealed text (``sealed_column``), the canary's last.

    So the start goes on to ask for the older key until all else is sealed anew.
    """
    tables = sorted(Base.metadata.tables.values(), key=lambda table: table is _CANARY_TABLE)
    return [column for table in tables for column in table.columns if column.info.get(SEALED)]


def _sealed_otherwise(
    session: Session, keys: SealingKeys, column: Column[Any]
) -> list[tuple[SealedPlace, str]]:
    (row_id,) = column.table.primary_key
    newest = f"{_VERSION}.{keys.first_id}."
    rows = session.execute(
        select(row_id, column).where(column.is_not(None), ~column.startswith(newest))
    ).all()
    session.rollback()
    return [(SealedPlace(column.table.name, column.name, row), sealed) for row, sealed in rows]


def _replace(session: Session, column: Column[Any], place: SealedPlace, old: str, new: str) -> int:
    """Store what was sealed anew, unless it was changed meanwhile; return whether it is stored."""
    (row_id,) = column.table.primary_key
    statement = (
        update(column.table)
        .where(row_id == place.row, column == old)
        .values({column: new})
        .returning(row_id)
    )
    with writing(session):
        return len(session.execute(statement).all())


def _derived(secret_key: str) -> tuple[str, AESGCM]:
    """Return the id and the key that a SECRET_KEY gives."""
    length = _KEY_BYTES + _KEY_ID_BYTES
    derived = HKDF(SHA256(), length, salt=None, info=_INFO).derive(secret_key.encode())
    return derived[_KEY_BYTES:].hex(), AESGCM(derived[:_KEY_BYTES])
