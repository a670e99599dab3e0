"""The columns of a Parquet file: their names as written, and their types as DuckDB has them.

What DuckDB has no type or no name for is read by Arrow alone: decimals of more than 38 digits,
which it would make floats, and columns of one name or of none, which it renames.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from costoptix.bills.read.parquet_pages import DAMAGED
from costoptix.errors import Invalid
from costoptix.lake.layout import literal

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

TEXT = "VARCHAR"
NESTED = ("STRUCT", "MAP", "UNION", "JSON")
_OTHER = "DOUBLE"
"""Any type that is made text of by a cast."""


@dataclass(frozen=True)
class Schema:
    """The columns of a file, in its order."""

    fields: pa.Schema  # as Arrow has them
    columns: tuple[tuple[str, str], ...]  # name and type, as DuckDB reads them
    rows: int

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names as they are written."""
        return tuple(self.fields.names)

    @cached_property
    def _wide(self) -> tuple[int, ...]:
        return tuple(n for n, field in enumerate(self.fields) if _is_wide(field))

    @property
    def is_for_arrow(self) -> bool:
        """Tell whether DuckDB would read other names or other numbers."""
        return bool(self._wide) or self.names != tuple(name for name, _ in self.columns)

    @property
    def texts(self) -> list[int]:
        """Return the columns of text by the number of the leaf that each is in the file.

        Arrow is to read them as the dictionaries that they are: written out, one may be 2 GB.
        """
        firsts = accumulate((_leaves(field.type) for field in self.fields), initial=0)
        pairs = zip(firsts, self.fields, strict=False)
        return [leaf for leaf, field in pairs if _type_of(field.type) == TEXT]

    def check_for_duckdb(self) -> None:
        """Refuse what DuckDB would read otherwise.

        Raises:
            Invalid: it would; the columns are named.
        """
        if self._wide:
            names = ", ".join(f"{self.names[number]!a}" for number in self._wide)
            raise Invalid(
                f"The columns {names} hold decimals of more than 38 digits, which are read of "
                "small row groups only: write the file with smaller ones, or with 38 digits."
            )
        if self.is_for_arrow:
            raise Invalid(
                "The Parquet file has columns of one name, or without a name, which are read of "
                "small row groups only: write the file with smaller ones, or with other names."
            )

    def readable(self, table: pa.Table) -> pa.Table:
        """Return some rows as DuckDB can take them: wide decimals as their text."""
        import pyarrow as pa

        for number, field in enumerate(self.fields):
            column = table.column(number)
            if number in self._wide:
                texts = [None if x is None else _plain(x) for x in column.to_pylist()]
                changed = pa.chunked_array([pa.array(texts, pa.string())])
            elif pa.types.is_float16(field.type):
                changed = column.cast(pa.float32())
            else:
                continue
            table = table.set_column(number, table.column_names[number], changed)
        return table


def _plain(number: Decimal) -> str:
    """Return a number without an exponent and without zeros at its end."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def read(source: Path, connection: DuckDBPyConnection) -> Schema:
    """Read the columns of a file and how many rows it has.

    Raises:
        Invalid: it is damaged, or a list or structure in it holds wide decimals.
    """
    import duckdb
    from pyarrow import parquet

    table = f"read_parquet({literal(str(source))}, hive_partitioning = false)"
    described: list[tuple[str, str]] = []
    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()  # noqa: S608
        described = [(name, type_) for name, type_, *_ in rows]
        connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608
    except duckdb.BinderException:
        described = []  # two columns of one name, which it could not tell from a third
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise Invalid(DAMAGED) from error
    with damage_told():
        metadata = parquet.read_metadata(source)
        fields = metadata.schema.to_arrow_schema()
    if len(described) != len(fields):
        described = [("", _type_of(field.type)) for field in fields]
    columns = [
        (name, TEXT if _is_wide(field) else type_)
        for (name, type_), field in zip(described, fields, strict=True)
    ]
    return Schema(fields, tuple(columns), metadata.num_rows)


def _is_wide(field: pa.Field) -> bool:
    """Tell whether a column holds decimals of more than 38 digits.

    Raises:
        Invalid: a list or structure in it does.
    """
    import pyarrow as pa

    if pa.types.is_nested(field.type) and "decimal256" in str(field.type):
        raise Invalid(
            f"The column {field.name!a} holds decimals of more than 38 digits within lists or "
            "structures, which are not read: write them with 38 digits."
        )
    return bool(pa.types.is_decimal256(field.type))


def _leaves(type_: pa.DataType) -> int:
    """Return how many columns without parts a column is made of."""
    import pyarrow as pa

    if not pa.types.is_nested(type_):
        return 1
    return sum(_leaves(type_.field(number).type) for number in range(type_.num_fields))


def _type_of(type_: pa.DataType) -> str:
    import pyarrow as pa

    if pa.types.is_nested(type_):
        return NESTED[0]
    is_text = pa.types.is_string(type_) or pa.types.is_large_string(type_)
    return TEXT if is_text else _OTHER


@contextlib.contextmanager
def damage_told() -> Iterator[None]:
    """Have what Arrow says of a damaged file refuse it, for the block.

    Raises:
        Invalid: the file is damaged.
    """
    import pyarrow as pa

    try:
        yield
    except pa.ArrowException as error:
        if isinstance(error, MemoryError):
            raise
        raise Invalid(DAMAGED) from error
    except OSError as error:
        if error.errno is not None:  # the system's, not Arrow's
            raise
        raise Invalid(DAMAGED) from error
