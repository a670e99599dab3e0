"""The roll-ups of a scope, added up from its files of charges as they were written.

Rows are grouped by the numbers of their values, which costs a fraction of grouping by text; what
``lake/layout.py`` says in SQL is what comes out. Files are read some rows at a time, and what
these come to is added up again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from costoptix import money
from costoptix.bills.read import parquet_files, sums
from costoptix.bills.read.billing_periods import billing_periods
from costoptix.bills.read.cast_charges import months
from costoptix.bills.read.columns import (
    Coded,
    Column,
    Distinct,
    arrow,
    concatenated,
    distinct,
    encode,
    order,
)
from costoptix.bills.read.reconcile import ReconciledGroup
from costoptix.lake.layout import (
    CHARGE_COUNT,
    COARSE_DIMENSIONS,
    FINE_DIMENSIONS,
    FINEST_FIRST,
    METRICS,
    MISSING,
    SORTED_FIRST,
    RollUp,
)
from costoptix.periods import BillingPeriod

MOST_BYTES = 48 << 20
"""Groups that take more are not kept in memory: DuckDB adds them up, and may spill."""

COARSE = next(roll_up for roll_up in FINEST_FIRST if roll_up.name == "monthly")
"""The smallest roll-up that names sub-accounts; it is always kept in memory."""

_TEXTS = ("billing_currency", *COARSE_DIMENSIONS, *FINE_DIMENSIONS, "tags")
_TIMES = ("billing_period_start", "billing_period_end", "charge_period_start")
_COUNTS = (*MISSING.values(), CHARGE_COUNT)
Sums = dict[str, Decimal | None]
"""By metric; None where no charge has it."""


@dataclass(frozen=True)
class Grouped:
    """Charges, or what they add up to by some columns."""

    groups: Mapping[str, Coded]  # "day", "currency", dimensions, "tags"
    amounts: Mapping[str, pa.Array]  # of METRICS
    counts: Mapping[str, npt.NDArray[np.int64]]  # MISSING and CHARGE_COUNT

    @property
    def rows(self) -> int:
        """Return how many there are."""
        return len(self.counts[CHARGE_COUNT])

    @property
    def size(self) -> int:
        """Return how many bytes they take in memory, about."""
        columns = sum(column.values.nbytes + column.codes.nbytes for column in self.groups.values())
        amounts = sum(column.nbytes for column in self.amounts.values())
        return int(columns + amounts + sum(column.nbytes for column in self.counts.values()))

    def by(self, roll_up: RollUp) -> Grouped:
        """Add up by the columns of a roll-up.

        Raises:
            Invalid: a sum is too large to be kept.
        """
        groups = {name: self.groups[name] for name in ("day", "currency", *_named(roll_up))}
        if roll_up.grain == "month":
            groups["day"] = months(groups["day"])
        kinds = distinct(list(groups.values()), self.rows)
        totals = sums.grouped(kinds.codes, self.amounts)
        numbers = np.asarray(totals.column("group"))
        return Grouped(
            {name: column.take(kinds.firsts[numbers]).compact() for name, column in groups.items()},
            {name: _one(totals.column(name)) for name in METRICS},
            {name: _added_up(kinds, counts)[numbers] for name, counts in self.counts.items()},
        )

    def sums_by(self, *names: str) -> Iterator[tuple[list[Any], Sums]]:
        """Yield what some columns say, in order, and the sums of the metrics."""
        groups = sums.by([self.groups[name] for name in names], self.amounts)
        in_order = sorted(groups, key=lambda group: [(one is None, one) for one in group[0]])
        return ((values, amounts) for values, _, amounts in in_order)

    def write(self, path: Path, roll_up: RollUp) -> int:
        """Write the roll-up that this is; return the size of the file."""
        by = [name for name in SORTED_FIRST if name in roll_up.dimensions]
        rows = order([self.groups[name] for name in (*by, "day")], self.rows)
        day = self.groups["day"]
        columns: dict[str, Column] = {
            "day": day.values.take(pa.array(day.codes)),
            "currency": self.groups["currency"],
            **{name: self.groups[name] for name in _named(roll_up)},
            **self.amounts,
            **{name: pa.array(self.counts[name]) for name in _COUNTS},
        }
        return parquet_files.write(path, columns, rows)


def _added_up(kinds: Distinct, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    if not counts.any():  # as most that are missing
        return np.zeros(len(kinds), dtype=np.int64)
    return np.bincount(kinds.codes, counts, len(kinds)).astype(np.int64)


def _named(roll_up: RollUp) -> tuple[str, ...]:
    return (*roll_up.dimensions, *(("tags",) if roll_up.has_tags else ()))


@dataclass
class ScopeSums:
    """What the files of a scope's charges hold."""

    roll_ups: dict[RollUp, Grouped] = field(default_factory=dict)
    too_many: set[RollUp] = field(default_factory=set)  # groups, so that it is not among these
    stored: dict[ReconciledGroup, tuple[int, Sums]] = field(default_factory=dict)


Beside = Callable[[Grouped, Mapping[RollUp, Grouped]], None]
"""Is given some charges and what they come to in roll-ups, to add them up in its own way."""


def read(files: Sequence[Path], beside: Beside) -> ScopeSums:
    """Read the files of charges of a scope back, and add them up in every way that is stored.

    Raises:
        Invalid: a sum is too large to be kept.
    """
    scope_sums = ScopeSums()
    pending: dict[RollUp, list[Grouped]] = {roll_up: [] for roll_up in FINEST_FIRST}
    for columns, rows in parquet_files.read(files, (*_TEXTS, *_TIMES, *METRICS), _TEXTS):
        charges = _charges(columns, rows)
        periods = billing_periods(columns["billing_period_start"], columns["billing_period_end"])
        _add_stored(scope_sums.stored, charges, periods)
        batch: dict[RollUp, Grouped] = {}
        for roll_up in FINEST_FIRST:
            batch[roll_up] = _smallest(roll_up, batch, charges).by(roll_up)
            if roll_up not in scope_sums.too_many:
                _add(pending[roll_up], batch[roll_up], roll_up, scope_sums.too_many)
        beside(charges, batch)
    scope_sums.roll_ups = {
        roll_up: _together(parts, roll_up)
        for roll_up, parts in pending.items()
        if roll_up not in scope_sums.too_many
    }
    return scope_sums


def _charges(columns: Mapping[str, Column], rows: int) -> Grouped:
    groups = {name: column for name, column in columns.items() if isinstance(column, Coded)}
    amounts = {name: arrow(columns[name]) for name in METRICS}
    missing = {
        MISSING[name]: np.asarray(amounts[name].is_null()).astype(np.int64) for name in MISSING
    }
    groups["currency"] = groups.pop("billing_currency")
    groups["day"] = encode(arrow(columns["charge_period_start"]).cast(pa.date32()))
    return Grouped(groups, amounts, missing | {CHARGE_COUNT: np.ones(rows, dtype=np.int64)})


def _smallest(roll_up: RollUp, ready: Mapping[RollUp, Grouped], charges: Grouped) -> Grouped:
    finer = [grouped for other, grouped in ready.items() if other.is_finer_than(roll_up)]
    return min(finer, key=lambda grouped: grouped.rows, default=charges)


def _add(parts: list[Grouped], part: Grouped, roll_up: RollUp, too_many: set[RollUp]) -> None:
    """Keep one more part; add the parts up as soon as they may come to much less."""
    parts.append(part)
    if sum(kept.size for kept in parts) > MOST_BYTES:
        parts[:] = [_together(parts, roll_up)]
        if roll_up != COARSE and parts[0].size > MOST_BYTES // 2:
            too_many.add(roll_up)
            parts.clear()


def _together(parts: Sequence[Grouped], roll_up: RollUp) -> Grouped:
    if len(parts) == 1:
        return parts[0]
    names = ("day", "currency", *_named(roll_up))
    return Grouped(
        {name: concatenated([part.groups[name] for part in parts]) for name in names},
        {name: pa.concat_arrays([part.amounts[name] for part in parts]) for name in METRICS},
        {name: np.concatenate([part.counts[name] for part in parts]) for name in _COUNTS},
    ).by(roll_up)


def _add_stored(
    stored: dict[ReconciledGroup, tuple[int, Sums]], charges: Grouped, periods: Coded
) -> None:
    groups = [periods, charges.groups["currency"], charges.groups["charge_category"]]
    for (period, currency, category), rows, amounts in sums.by(groups, charges.amounts):
        group = ReconciledGroup(BillingPeriod.parse(period), currency, category)
        before, totals = stored.get(group, (0, no_sums()))
        stored[group] = (before + rows, added(totals, amounts))


def no_sums() -> Sums:
    """Return what no charges add up to."""
    return dict.fromkeys(METRICS)


def added(first: Sums, second: Sums) -> Sums:
    """Add up two sets of sums."""
    return {metric: _added(first[metric], second[metric]) for metric in METRICS}


def _added(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    if first is None or second is None:
        return first if second is None else second
    return money.EXACT.add(first, second)


def total(columns: Mapping[str, Column]) -> tuple[int, Sums]:
    """Return what the columns of a roll-up's file add up to: the charges counted, and the sums.

    Raises:
        Invalid: a sum is too large to be kept.
    """
    counted = arrow(columns[CHARGE_COUNT])
    amounts = {metric: arrow(columns[metric]) for metric in METRICS}
    return int(np.asarray(counted).sum()), sums.total(amounts)


def _one(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks)
