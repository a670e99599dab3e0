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

TEXT, BYTES = "VARCHAR", "BLOB"
"""Text, and bytes of which the file does not say that they are text: Hive, Impala and older Spark
write all their texts so."""
NESTED = ("STRUCT", "MAP", "UNION", "JSON")
_OTHER = "DOUBLE"
"""Any type that is made text of by a cast."""
_LONGEST_FIXED_BYTES = 64
"""Bytes of fixed length are read as they stand, not as a dictionary: none is long by itself."""


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
        """Return the columns of text, or of bytes, by the number of the leaf that each is.

        Arrow is to read them as the dictionaries that they are: written out, one may be 2 GB.
        """
        firsts = accumulate((_leaves(field.type) for field in self.fields), initial=0)
        pairs = zip(firsts, self.fields, strict=False)
        return [leaf for leaf, field in pairs if _has_dictionary(field.type)]

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
        """Return some rows as DuckDB can take them: wide decimals and bytes as their text."""
        import pyarrow as pa

        for number, field in enumerate(self.fields):
            column = table.column(number)
            if number in self._wide:
                texts = [None if x is None else _plain(x) for x in column.to_pylist()]
                changed = pa.chunked_array([pa.array(texts, pa.string())])
            elif pa.types.is_float16(field.type):
                changed = column.cast(pa.float32())
            elif self.columns[number][1] in (TEXT, BYTES) and not _is_string(_values(column.type)):
                changed = _decoded(column)
            else:
                continue
            table = table.set_column(number, table.column_names[number], changed)
        return table


def _plain(number: Decimal) -> str:
    """Return a number without an exponent and without zeros at its end."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _values(type_: pa.DataType) -> pa.DataType:
    """Return the type of the values, numbered or not."""
    import pyarrow as pa

    return type_.value_type if pa.types.is_dictionary(type_) else type_


def _is_string(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return bytes, or views of text, as text; numbered values stay numbered."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return pa.chunked_array([_texts(chunk) for chunk in column.chunks], pa.large_string())
    chunks = [
        pa.DictionaryArray.from_arrays(chunk.indices, _texts(chunk.dictionary))
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, pa.dictionary(column.type.index_type, pa.large_string()))


def _texts(values: pa.Array) -> pa.Array:
    """Read values as UTF-8, those that are none in hexadecimal."""
    import pyarrow as pa

    try:
        return values.cast(pa.large_string())
    except pa.ArrowInvalid:
        texts = [None if value is None else _text(value) for value in values.to_pylist()]
        return pa.array(texts, pa.large_string())


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex().upper()


def read(source: Path, connection: DuckDBPyConnection) -> Schema:
    """Read the columns of a file and how many rows it has.

    Raises:
        Invalid: it is damaged, or a list or structure in it holds wide decimals, or values of
            fixed length are long.
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
    for field in fields:
        _check_length(field)
    columns = [
        (name, TEXT if _is_wide(field) else type_)
        for (name, type_), field in zip(described, fields, strict=True)
    ]
    return Schema(fields, tuple(columns), metadata.num_rows)


def _check_length(field: pa.Field) -> None:
    import pyarrow as pa

    if pa.types.is_fixed_size_binary(field.type) and field.type.byte_width > _LONGEST_FIXED_BYTES:
        raise Invalid(
            f"The column {field.name!a} holds values of {field.type.byte_width} bytes each, which "
            f"are read up to {_LONGEST_FIXED_BYTES}: write it as text."
        )


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


def _has_dictionary(type_: pa.DataType) -> bool:
    """Tell whether Arrow can read a column as the dictionary that it is in the file."""
    import pyarrow as pa

    return _type_of(type_) in (TEXT, BYTES) and not pa.types.is_fixed_size_binary(type_)


def _type_of(type_: pa.DataType) -> str:
    import pyarrow as pa

    if pa.types.is_nested(type_):
        return NESTED[0]
    values = _values(type_)
    if _is_string(values) or pa.types.is_string_view(values):
        return TEXT
    is_bytes = any(
        matches(values)
        for matches in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    )
    return BYTES if is_bytes or pa.types.is_fixed_size_binary(values) else _OTHER


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
