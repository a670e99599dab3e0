"""What the pages of a Parquet file unpack to, by their own headers: its footer may say anything.

A reader takes the memory that the header of a page asks for, 2 GB in a file of 463 bytes. So all
headers are read before the first page is; they are few, and each has some dozen bytes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from costoptix.bills.read.container import MAX_RATIO, MIN_ALLOWANCE
from costoptix.errors import Invalid

if TYPE_CHECKING:
    from pyarrow import parquet as pq

DAMAGED = "The Parquet file is damaged."
TOO_MUCH = f"The file unpacks to more than {MAX_RATIO} times its size, so it is not read further."
MAX_FOOTER_BYTES = 16 << 20
"""In memory it takes twenty times as much; of 20 million rows of 200 columns it has 4 MB."""
MAX_PAGE_BYTES = 128 << 20
"""DuckDB writes pages of up to 100 MB, everything else of about 1 MB."""
NESTED_VALUE_BYTES = 16
"""What a value within a list or map takes at least: its own bytes and where its list begins."""

_MAGIC_BYTES = 8
_HEADER_BYTES = 512
_MAX_HEADER_BYTES = 1 << 20  # it may hold the least and the greatest value of the page
_MAX_EMPTY_PAGES = 1_000
_DEPTH = 4
# The fields of a page's header and the types of Thrift's compact protocol, by number.
_UNPACKED, _PACKED, _DATA, _DATA_V2, _VALUES = 2, 3, 5, 8, 1
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 12

_Fields = dict[int, object]


@dataclass(frozen=True)
class Chunk:
    """The pages of one column in one row group."""

    unpacked_bytes: int
    largest_page_bytes: int
    values: int
    is_nested: bool


def allowance(size: int) -> int:
    """Return how many bytes a file of this size may unpack to."""
    return max(MIN_ALLOWANCE, MAX_RATIO * size)


def check_footer(source: Path) -> None:
    """Refuse a file whose footer alone would take too much memory.

    Raises:
        Invalid: it is larger than a footer may be.
    """
    with source.open("rb") as file:
        file.seek(max(source.stat().st_size - _MAGIC_BYTES, 0))
        size = int.from_bytes(file.read(4), "little")
    if size > MAX_FOOTER_BYTES:
        raise Invalid(
            "The footer of the Parquet file is too large: write it with larger row groups."
        )


def read_chunks(source: Path, metadata: pq.FileMetaData) -> list[list[Chunk]]:
    """Return what each row group's columns unpack to.

    Raises:
        Invalid: the file is damaged, or unpacks to more than it may.
    """
    size = source.stat().st_size
    left = allowance(size)
    groups: list[list[Chunk]] = []
    descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            chunks: list[Chunk] = []
            if not group.num_rows:  # it may have no pages at all
                groups.append(chunks)
                continue
            for column in range(group.num_columns):
                is_nested = metadata.schema.column(column).max_repetition_level > 0
                chunk = _read_chunk(descriptor, size, group, column, is_nested=is_nested)
                left -= max(
                    chunk.unpacked_bytes, chunk.values * (NESTED_VALUE_BYTES if is_nested else 1)
                )
                if left < 0 or chunk.largest_page_bytes > MAX_PAGE_BYTES:
                    raise Invalid(TOO_MUCH)
                chunks.append(chunk)
            groups.append(chunks)
    finally:
        os.close(descriptor)
    return groups


def _read_chunk(
    descriptor: int, size: int, group: pq.RowGroupMetaData, column: int, *, is_nested: bool
) -> Chunk:
    metadata = group.column(column)
    at = _start(metadata)
    expected = metadata.num_values if is_nested else max(metadata.num_values, group.num_rows)
    unpacked = largest = values = empty = 0
    while values < expected:
        fields, length = _header(descriptor, at, size)
        page, packed = _size(fields, _UNPACKED), _size(fields, _PACKED)
        content = fields.get(_DATA) or fields.get(_DATA_V2)
        more = _size(content, _VALUES) if isinstance(content, dict) else 0
        empty += not more
        if empty > _MAX_EMPTY_PAGES:
            raise Invalid(DAMAGED)
        at += length + packed
        values, unpacked, largest = values + more, unpacked + page, max(largest, page)
    return Chunk(unpacked, largest, values, is_nested)


def _start(metadata: pq.ColumnChunkMetaData) -> int:
    """Return where the pages begin: readers disagree where a dictionary comes behind them."""
    dictionary, data = metadata.dictionary_page_offset, metadata.data_page_offset
    if not dictionary:
        return int(data)
    if dictionary > data:
        raise Invalid(DAMAGED)
    return int(dictionary)


def _size(fields: _Fields, number: int) -> int:
    value = fields.get(number)
    if not isinstance(value, int) or value < 0:
        raise Invalid(DAMAGED)
    return value


def _header(descriptor: int, at: int, size: int) -> tuple[_Fields, int]:
    """Return the header of the page at an offset, and how many bytes it has."""
    length = _HEADER_BYTES
    while at < size and length <= _MAX_HEADER_BYTES:
        try:
            return _struct(os.pread(descriptor, length, at), 0, _DEPTH)
        except IndexError:  # it is longer
            length *= 8
        except ValueError:
            break
    raise Invalid(DAMAGED)


def _struct(data: bytes, at: int, depth: int) -> tuple[_Fields, int]:
    """Read a struct of Thrift's compact protocol; return its fields and where it ends."""
    if not depth:
        raise ValueError("a page's header has no structs so deep")
    fields: _Fields = {}
    number = 0
    while head := data[at]:
        at += 1
        if head >> 4:
            number += head >> 4
        else:
            number, at = _number(data, at)
        fields[number], at = _value(data, at, head & 0x0F, depth)
    return fields, at + 1


def _value(data: bytes, at: int, type_: int, depth: int) -> tuple[object, int]:
    if type_ in (_I16, _I32, _I64):
        return _number(data, at)
    if type_ in (_TRUE, _FALSE):
        return type_ == _TRUE, at
    if type_ == _STRUCT:
        return _struct(data, at, depth - 1)
    if type_ == _BINARY:
        length, at = _varint(data, at)
        return None, at + length
    if type_ in (_BYTE, _DOUBLE):
        return None, at + (1 if type_ == _BYTE else 8)
    raise ValueError("a page's header has no lists")


def _number(data: bytes, at: int) -> tuple[int, int]:
    value, at = _varint(data, at)
    return (value >> 1) ^ -(value & 1), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")
