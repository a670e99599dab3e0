"""What all tables share: ids, instants, exact decimals, the names of constraints."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Date,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    MetaData,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from costoptix import money


def new_id() -> str:
    """Return a random public id; never sequential, so that it reveals nothing."""
    return str(uuid.uuid4())


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant in UTC; SQLite would lose the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive instants: their zone would be a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back the zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class ExactDecimal(TypeDecorator[Decimal]):
    """An amount as exact text: NUMERIC columns of SQLite are floats underneath."""

    impl = String(64)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Write every digit."""
        return None if value is None else money.to_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """Read every digit."""
        return None if value is None else Decimal(value)


class Base(DeclarativeBase):
    """All tables; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UTCDateTime(),
        date: Date(),
        Decimal: ExactDecimal(),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
    }


def id_column() -> Mapped[str]:
    """Return the primary key of most tables: a random id."""
    return mapped_column(String(36), primary_key=True, default=new_id)


def organization_column() -> Mapped[str]:
    """Return the indexed pointer to the organization whose row it is; it goes with it."""
    return mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=True)


SEALED = "sealed"
"""What ``info`` of a column says that holds sealed text."""


def sealed_column() -> Mapped[Any]:
    """Return a column for text that ``access.secrets`` has sealed; it may be nullable.

    Its table has one primary key, whose text is the row in the place of what is sealed. By this
    mark the rotation of keys finds it.
    """
    return mapped_column(Text, info={SEALED: True})


def state_type(states: type[StrEnum], length: int) -> Enum:
    """Return the type of a column that holds one of ``states``, as its text of up to ``length``."""
    return Enum(
        states,
        native_enum=False,
        length=length,
        values_callable=lambda enum: [state.value for state in enum],
    )
