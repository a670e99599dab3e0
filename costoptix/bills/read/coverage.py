"""What a scope covers, added up beside its roll-ups: the rows of ``lake/coverage.py``.

Most amounts of a bill are of one sign. So what the roll-up ``daily`` has added up already is taken,
and the charges below zero, which are few, are moved from the positive sums to the negative ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute

from costoptix import money
from costoptix.bills.read import engine, parquet_files, sums
from costoptix.bills.read.columns import Coded, Column, arrow, concatenated, distinct, order
from costoptix.bills.read.roll_ups import Grouped
from costoptix.lake.coverage import AMOUNT_TYPE, AMOUNTS, KEYS, SIGNED, account
from costoptix.lake.layout import CHARGE_COUNT, ROLL_UPS, RollUp

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_BYTES = 12 << 20
"""Groups that take more are put on disk, where DuckDB adds them up."""

_DAILY = next(roll_up for roll_up in ROLL_UPS if roll_up.name == "daily")
_GROUPS = ("currency", "day", "charge_category", "provider_name", "sub_account_id")
_ZERO = pa.scalar(Decimal(0), AMOUNT_TYPE)
_ROWS_AT_ONCE = 61_440
_MOST_REMEMBERED = 50_000  # accounts, so that memory stays bounded

_Accounts = dict[tuple[str | None, str | None], str]
"""By the provider and the account that a bill names, the account in its one spelling."""


@dataclass(frozen=True)
class _Groups:
    """Rows of coverage, in memory."""

    keys: Mapping[str, Coded]
    amounts: Mapping[str, pa.Array]
    counts: npt.NDArray[np.int64]

    @property
    def size(self) -> int:
        """Return how many bytes they take, about."""
        keys = sum(column.codes.nbytes + column.values.nbytes for column in self.keys.values())
        amounts = sum(column.nbytes for column in self.amounts.values())
        return int(keys + amounts + self.counts.nbytes)

    def columns(self) -> dict[str, Column]:
        """Return the columns of SCHEMA."""
        return {**self.keys, CHARGE_COUNT: pa.array(self.counts), **self.amounts}


class CoverageSums:
    """Adds up what the charges of a scope cover; what is too much for memory is on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: list[_Groups] = []
        self._spilled: list[Path] = []
        self._accounts: _Accounts = {}

    def add(self, charges: Grouped, roll_ups: Mapping[RollUp, Grouped]) -> None:
        """Add some charges, and what they come to in roll-ups.

        Raises:
            Invalid: a sum is too large to be kept.
        """
        if len(self._accounts) > _MOST_REMEMBERED:
            self._accounts.clear()
        totals = _of_totals(roll_ups[_DAILY], self._accounts)
        parts = [totals, *_below_zero(charges, self._accounts)]
        self._parts.append(_together(parts))
        if sum(part.size for part in self._parts) > MOST_BYTES:
            self._parts = [_together(self._parts)]
            if self._parts[0].size > MOST_BYTES // 2:
                self._spill()

    def tables(self, connection: DuckDBPyConnection) -> Iterator[pa.Table]:
        """Yield the rows, each group once, in the order in which they take the least space."""
        if not self._spilled:
            (groups,) = self._parts if len(self._parts) == 1 else [_together(self._parts)]
            in_order = [groups.keys[name] for name in ("account", "charge_category", "day")]
            table = pa.table({name: arrow(column) for name, column in groups.columns().items()})
            yield table.take(pa.array(order(in_order, len(groups.counts))))
            return
        self._spill()
        rows = sum(parquet_files.row_count(path) for path in self._spilled)
        parts = 1 + rows // _ROWS_AT_ONCE // 4  # some accounts at a time, to need little memory
        for part in range(parts):
            yield engine.table(
                connection, _sum_sql(self._spilled, f"hash(account) % {parts} = {part}")
            )
        for path in self._spilled:
            path.unlink()

    def _spill(self) -> None:
        if self._parts:
            groups = _together(self._parts)
            path = self._folder / f"coverage-spilled-{len(self._spilled)}.parquet"
            parquet_files.write(path, groups.columns(), np.arange(len(groups.counts)))
            self._spilled.append(path)
            self._parts = []


def total(path: Path) -> tuple[int, dict[str, Decimal]]:
    """Read a coverage file back: the charges that it counts, and what each metric comes to.

    Raises:
        Invalid: a sum is too large to be kept.
    """
    rows, totals = 0, dict.fromkeys(SIGNED, Decimal(0))
    for columns, _ in parquet_files.read([path], (*AMOUNTS, CHARGE_COUNT), ()):
        rows += int(np.asarray(arrow(columns[CHARGE_COUNT])).sum())
        signed = sums.total({name: arrow(columns[name]) for name in AMOUNTS})
        for metric, names in SIGNED.items():
            both = [totals[metric], *(signed[name] or Decimal(0) for name in names)]
            totals[metric] = money.total(both)
    return rows, totals


def _of_totals(daily: Grouped, accounts: _Accounts) -> _Groups:
    """Return sums as though all amounts were above zero."""
    nothing = pa.repeat(_ZERO, daily.rows)
    amounts: dict[str, pa.Array] = {}
    for metric, (positive, negative) in SIGNED.items():
        amounts |= {positive: daily.amounts[metric], negative: nothing}
    return _Groups(_keys(daily.groups, daily.rows, accounts), amounts, daily.counts[CHARGE_COUNT])


def _below_zero(charges: Grouped, accounts: _Accounts) -> Iterator[_Groups]:
    """Yield what moves the charges below zero from the positive sums to the negative ones."""
    is_below = {metric: compute.less(charges.amounts[metric], _ZERO) for metric in SIGNED}
    rows = np.flatnonzero(np.logical_or.reduce([np.asarray(below) for below in is_below.values()]))
    if not len(rows):
        return
    named = {name: charges.groups[name].take(rows) for name in _GROUPS}
    keys = _keys(named, len(rows), accounts)
    taken = pa.array(rows)
    parts = {
        metric: compute.if_else(
            is_below[metric].take(taken), charges.amounts[metric].take(taken), _ZERO
        )
        for metric in SIGNED
    }
    kinds = distinct(list(keys.values()), len(rows))
    totals = sums.grouped(kinds.codes, parts)
    firsts = kinds.firsts[np.asarray(totals.column("group"))]
    amounts: dict[str, pa.Array] = {}
    for metric, (positive, negative) in SIGNED.items():
        below_zero = pa.concat_arrays(totals.column(metric).chunks)
        amounts |= {positive: compute.negate(below_zero), negative: below_zero}
    groups = {name: column.take(firsts) for name, column in keys.items()}
    yield _Groups(groups, amounts, np.zeros(len(firsts), dtype=np.int64))


def _keys(groups: Mapping[str, Coded], rows: int, accounts: _Accounts) -> dict[str, Coded]:
    """Return the columns of KEYS; accounts that are spelled in several ways are one."""
    named = [groups["provider_name"], groups["sub_account_id"]]
    kinds = distinct(named, rows)
    texts = (column.take(kinds.firsts).arrow().dictionary_decode() for column in named)
    pairs = list(zip(*(text.to_pylist() for text in texts), strict=True))
    accounts.update((pair, account(*pair)) for pair in pairs if pair not in accounts)
    spelled = pa.array([accounts[pair] for pair in pairs], type=pa.string())
    columns = {**groups, "account": Coded(kinds.codes, spelled).through(spelled)}
    return {name: columns[name] for name in KEYS}


def _together(parts: Sequence[_Groups]) -> _Groups:
    keys = {name: concatenated([part.keys[name] for part in parts]) for name in KEYS}
    amounts = {name: pa.concat_arrays([part.amounts[name] for part in parts]) for name in AMOUNTS}
    counts = np.concatenate([part.counts for part in parts])
    kinds = distinct(list(keys.values()), len(counts))
    totals = sums.grouped(kinds.codes, amounts)
    numbers = np.asarray(totals.column("group"))
    return _Groups(
        {name: column.take(kinds.firsts[numbers]).compact() for name, column in keys.items()},
        {name: pa.concat_arrays(totals.column(name).chunks) for name in AMOUNTS},
        np.bincount(kinds.codes, counts, len(kinds)).astype(np.int64)[numbers],
    )


def _sum_sql(paths: Sequence[Path], condition: str) -> str:
    summed = {CHARGE_COUNT: "BIGINT", **dict.fromkeys(AMOUNTS, "DECIMAL(38, 18)")}
    columns = [
        *KEYS,
        *(f"CAST(sum({name}) AS {type_}) AS {name}" for name, type_ in summed.items()),
    ]
    relation = engine.parquet_sql(list(paths))
    order_by = "account, charge_category, day, currency"
    rows = f"FROM {relation} WHERE {condition}"
    return f"SELECT {', '.join(columns)} {rows} GROUP BY ALL ORDER BY {order_by}"
