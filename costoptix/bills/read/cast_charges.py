"""Charges of exact types: every distinct text is cast and judged once, as ``casting`` says.

A row with a cell that cannot be cast is left out; ``rejected`` names it afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import orjson
import pyarrow as pa
from pyarrow import compute

from costoptix.bills.read import engine, fast_casts, sums, vocabularies
from costoptix.bills.read.billing_periods import billing_periods
from costoptix.bills.read.casting import AS_WRITTEN, CHECKED, NOTED, OPTIONAL_AMOUNTS, checked_sql
from costoptix.bills.read.columns import Coded, Flags, Rows, arrow, coded, constant, encode, take
from costoptix.bills.read.columns import Column as Values
from costoptix.bills.read.mapping import Text
from costoptix.bills.read.notes import Noted
from costoptix.bills.read.reconcile import ReconciledGroup
from costoptix.bills.read.rejections import has_decimal_comma
from costoptix.lake.charges import COLUMNS, OTHER_COLUMNS, Column, ColumnKind
from costoptix.lake.layout import METRICS
from costoptix.periods import BillingPeriod

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TYPES = {
    ColumnKind.TEXT: pa.string(),
    ColumnKind.MONEY: fast_casts.AMOUNT,
    ColumnKind.TIME: fast_casts.TIME,
    ColumnKind.JSON_OBJECT: pa.string(),
}
SCHEMA: Mapping[str, pa.DataType] = {
    **{name: TYPES[column.kind] for name, column in COLUMNS.items()},
    OTHER_COLUMNS: pa.string(),
    AS_WRITTEN: pa.string(),
}
"""The columns of a file of charges, in their order."""

UNREAD_AMOUNTS = (
    "The {value} of {rows} could not be read and is missing: {lines}. "
    "What the file says is kept with them."
)

_MOST_REMEMBERED = 20_000  # texts of a column, so that memory stays bounded
_FAST_CASTS = {ColumnKind.MONEY: fast_casts.amounts, ColumnKind.TIME: fast_casts.times}
"""What casts texts of the common form much faster than DuckDB, or says that not all are of it."""


@dataclass(frozen=True)
class UnreadAmount:
    """An amount that a charge may lack, whose decimals begin with a comma: it refuses the file."""

    record: int  # the row of the cells
    column: Column
    text: str


@dataclass(frozen=True)
class Charges:
    """The good rows of a piece."""

    columns: Mapping[str, Values]  # of SCHEMA
    rows: int
    is_rounded: Flags  # whether 18 places did not hold one of the amounts
    rejected: int  # rows that were left out
    rejected_records: Rows  # the rows of the cells that these are of
    records: Rows  # the row of the cells that each is of
    noted: Sequence[Noted] = ()
    with_comma: UnreadAmount | None = None

    @cached_property
    def periods(self) -> Coded:
        """Return the billing period of each row, as its text."""
        start, end = "billing_period_start", "billing_period_end"
        return billing_periods(self.columns[start], self.columns[end])

    def sums(self) -> Iterator[tuple[ReconciledGroup, int, dict[str, Decimal | None]]]:
        """Add up the rows that are not rounded: per group their number and their amounts.

        Raises:
            Invalid: they add up to more than can be kept.
        """
        groups: list[Values] = [
            self.periods,
            coded(self.columns["billing_currency"]),
            coded(self.columns["charge_category"]),
        ]
        amounts = [self.columns[metric] for metric in METRICS]
        if self.is_rounded.any():
            rows = np.flatnonzero(~self.is_rounded)
            groups = [take(group, rows) for group in groups]
            amounts = [take(column, rows) for column in amounts]
        for (period, currency, category), count, sums_of_group in sums.by(
            list(map(coded, groups)), dict(zip(METRICS, map(arrow, amounts), strict=True))
        ):
            group = ReconciledGroup(BillingPeriod.parse(period), currency, category)
            yield group, count, sums_of_group

    def rounded(self) -> Iterator[tuple[ReconciledGroup, dict[str, str | None]]]:
        """Yield the rounded rows: their amounts as written."""
        rows = np.flatnonzero(self.is_rounded)
        if not len(rows):
            return
        groups = zip(
            self.periods.take(rows).arrow().to_pylist(),
            arrow(take(self.columns["billing_currency"], rows)).to_pylist(),
            arrow(take(self.columns["charge_category"], rows)).to_pylist(),
            arrow(take(self.columns[AS_WRITTEN], rows)).to_pylist(),
            strict=True,
        )
        for period, currency, category, written in groups:
            group = ReconciledGroup(BillingPeriod.parse(period), currency, category)
            yield group, orjson.loads(written)


def months(times: Coded) -> Coded:
    """Return the month of each time: its first day."""
    first_days = compute.floor_temporal(times.values, unit="month")
    return times.through(first_days.cast(pa.date32()))


class Caster:
    """Casts the text of a piece's charges."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._duckdb = connection
        self._known: dict[str, _Known] = {}

    def charges(self, mapped: Text) -> Charges:
        """Cast what is checked, and leave out the rows that have a bad cell."""
        text, rows = mapped.columns, mapped.rows
        columns = dict(text)
        is_good = np.ones(rows, dtype=np.bool_)
        is_rounded = np.zeros(rows, dtype=np.bool_)
        for column in (*CHECKED, *OPTIONAL_AMOUNTS):
            columns[column.name], good, rounded = self._cast(text[column.name], column)
            is_good &= good
            is_rounded |= rounded
        is_good = _with_their_row(is_good, mapped.records)
        is_rounded &= is_good
        columns[AS_WRITTEN] = _as_written(text, columns, rows, np.flatnonzero(is_rounded))
        unread = {column: _unread(mapped, columns, column) for column in OPTIONAL_AMOUNTS}
        noted = [
            *_missing(mapped, columns, unread),
            *_by_format(mapped),
            *_in_words(mapped, columns),
        ]
        kept = np.flatnonzero(is_good)
        if len(kept) < rows:
            columns = {name: take(column, kept) for name, column in columns.items()}
            is_rounded = is_rounded[kept]
        ordered = {name: columns[name] for name in SCHEMA}
        bad = np.unique(mapped.records[~is_good])
        return Charges(
            ordered,
            len(kept),
            is_rounded,
            rows - len(kept),
            bad,
            mapped.records[kept],
            noted,
            next(_with_comma(mapped, unread), None),
        )

    def _cast(self, text: Values, column: Column) -> tuple[Values, Flags, Flags]:
        """Return the column's values, whether each row's is good, and whether it was rounded."""
        if not isinstance(text, Coded):
            cast = _by_arrow(text, column) or self._by_duckdb(text, column)
            return cast.values, cast.is_good, cast.is_rounded
        cast = _by_arrow(text.values, column) or self._remembered(text.values, column)
        good = np.append(cast.is_good, not column.is_required).take(text.codes)
        rounded = np.append(cast.is_rounded, np.False_).take(text.codes)
        if column.kind is ColumnKind.MONEY:
            return cast.values.take(arrow(text).indices), good, rounded
        return text.through(cast.values), good, rounded

    def _remembered(self, texts: pa.Array, column: Column) -> _Cast:
        """Cast what no piece before has had; sets of tags, say, come again and again."""
        remembered = self._known.get(column.name)
        if remembered is None:
            remembered = _Known(texts, self._by_duckdb(texts, column))
        elif len(new := texts.filter(compute.is_null(compute.index_in(texts, remembered.texts)))):
            remembered = remembered.with_more(new, self._by_duckdb(new, column))
        if len(remembered.texts) <= _MOST_REMEMBERED:
            self._known[column.name] = remembered
        return remembered.of(texts)

    def _by_duckdb(self, texts: pa.Array, column: Column) -> _Cast:
        table = pa.table({column.name: texts, "number": pa.array(np.arange(len(texts)))})
        sql = f"SELECT {checked_sql(column)} FROM texts ORDER BY number"  # noqa: S608
        with engine.view(self._duckdb, "texts", table):
            table_of_casts = engine.table(self._duckdb, sql)
        return _Cast(
            _one(table_of_casts.column("value"), TYPES[column.kind]),
            _flags(table_of_casts.column("is_good")),
            _flags(table_of_casts.column("is_rounded")),
        )


@dataclass(frozen=True)
class _Cast:
    """Texts cast: NULL where one is not good."""

    values: pa.Array
    is_good: Flags
    is_rounded: Flags


@dataclass(frozen=True)
class _Known:
    """Distinct texts and what they are."""

    texts: pa.Array
    cast: _Cast

    def of(self, texts: pa.Array) -> _Cast:
        """Return what some of them are."""
        at = compute.index_in(texts, self.texts)
        rows = np.asarray(at)
        cast = self.cast
        return _Cast(cast.values.take(at), cast.is_good[rows], cast.is_rounded[rows])

    def with_more(self, texts: pa.Array, cast: _Cast) -> _Known:
        """Return these and others."""
        return _Known(
            pa.concat_arrays([self.texts, texts]),
            _Cast(
                pa.concat_arrays([self.cast.values, cast.values]),
                np.concatenate([self.cast.is_good, cast.is_good]),
                np.concatenate([self.cast.is_rounded, cast.is_rounded]),
            ),
        )


def _by_arrow(texts: pa.Array, column: Column) -> _Cast | None:
    values = _FAST_CASTS[column.kind](texts) if column.kind in _FAST_CASTS else None
    if values is None:
        return None
    never = np.zeros(len(texts), dtype=np.bool_)
    is_there = np.asarray(values.is_valid())
    return _Cast(values, is_there if column.is_required else ~never, never)


def _with_their_row(is_good: Flags, records: Rows) -> Flags:
    """Leave out all charges of a row of which one is left out: a row is kept or rejected."""
    if is_good.all():
        return is_good
    is_bad = np.zeros(int(records[-1]) + 1, dtype=np.bool_)
    is_bad[records[~is_good]] = True
    return ~is_bad[records]


def _unread(mapped: Text, columns: Mapping[str, Values], column: Column) -> Rows:
    """Return the rows of which there is a text that is no amount."""
    text, amounts = arrow(mapped.columns[column.name]), arrow(columns[column.name])
    if amounts.null_count == text.null_count:
        return np.empty(0, dtype=np.int64)
    is_unread = compute.and_(text.is_valid(), compute.invert(amounts.is_valid()))
    return np.flatnonzero(np.asarray(is_unread))


def _missing(
    mapped: Text, columns: dict[str, Values], unread: Mapping[Column, Rows]
) -> Iterator[Noted]:
    """Put the texts that are no amounts among the other columns, and note their rows."""
    for column, rows in unread.items():
        if len(rows):
            texts = arrow(take(mapped.columns[column.name], rows)).to_pylist()
            columns[OTHER_COLUMNS] = _with_member(
                columns[OTHER_COLUMNS], column.focus_name, rows, texts
            )
            records = mapped.records[rows]
            yield Noted("unread amounts", UNREAD_AMOUNTS, records, column.focus_name)


def _with_member(objects: Values, name: str, rows: Rows, texts: Sequence[str]) -> Values:
    """Return JSON objects, or NULLs, of which some rows have one more member."""
    written = arrow(objects).cast(pa.string())
    changed = [
        f"{(old or '{}')[:-1]}{',' if old and old != '{}' else ''}"
        f"{orjson.dumps(name).decode()}:{orjson.dumps(text).decode()}}}"
        for old, text in zip(written.take(pa.array(rows)).to_pylist(), texts, strict=True)
    ]
    is_changed = np.zeros(len(written), dtype=np.bool_)
    is_changed[rows] = True
    return encode(compute.replace_with_mask(written, is_changed, pa.array(changed, pa.string())))


def _in_words(mapped: Text, columns: dict[str, Values]) -> Iterator[Noted]:
    """Bring columns into the words of the specification, and note what is none of them."""
    for name in vocabularies.WORDS:
        column = coded(columns[name])
        columns[name], noted = vocabularies.spelt(name, column, mapped.records)
        yield from noted


def _with_comma(mapped: Text, unread: Mapping[Column, Rows]) -> Iterator[UnreadAmount]:
    for column, rows in unread.items():
        if not len(rows):
            continue
        texts = coded(take(mapped.columns[column.name], rows))
        for code, text in enumerate(texts.values.to_pylist()):
            if has_decimal_comma(column, text) and (at := np.flatnonzero(texts.codes == code)).size:
                yield UnreadAmount(int(mapped.records[rows[at[0]]]), column, text)


def _as_written(
    text: Mapping[str, Values], columns: Mapping[str, Values], rows: int, rounded: Rows
) -> Coded:
    if not len(rounded):
        return constant(None, rows)
    amounts = [_written(text[metric], columns[metric], rounded) for metric in METRICS]
    written = [
        orjson.dumps(dict(zip(METRICS, values, strict=True))).decode()
        for values in zip(*amounts, strict=True)
    ]
    notes = encode(pa.array(written, type=pa.string()))
    codes = constant(None, rows).codes
    codes[rounded] = notes.codes
    return Coded(codes, notes.values)


def _written(text: Values, amounts: Values, rows: Rows) -> list[str | None]:
    """Return the text of amounts; of those that could not be read, none."""
    is_there = arrow(take(amounts, rows)).is_valid().to_pylist()
    written = [
        format(one, "f") if isinstance(one, Decimal) else one
        for one in arrow(take(text, rows)).to_pylist()
    ]
    return [one if there else None for one, there in zip(written, is_there, strict=True)]


def _by_format(mapped: Text) -> Iterator[Noted]:
    """Yield what the format notes of rows."""
    if (column := mapped.columns.get(NOTED)) is None:
        return
    notes = coded(column)
    for code, sentence in enumerate(notes.values.to_pylist()):
        rows = np.flatnonzero(notes.codes == code)
        if len(rows):
            yield Noted(sentence, sentence, mapped.records[rows])


def _one(column: pa.ChunkedArray, type_: pa.DataType) -> pa.Array:
    return pa.concat_arrays(column.chunks).cast(type_) if column.chunks else pa.array([], type_)


def _flags(column: pa.ChunkedArray) -> Flags:
    return np.asarray(_one(column, pa.bool_()), dtype=np.bool_)
