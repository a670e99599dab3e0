"""What a cost question is answered with, and what was answered before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from costoptix.costs.cache import BoundedCache
from costoptix.costs.engine import Engine
from costoptix.costs.query import CostQuery
from costoptix.costs.spellings import Spellings
from costoptix.lake.layout import MISSING
from costoptix.lake.live import DataAsOf, LiveData
from costoptix.money import Amount, Quanta

CACHED_ROWS = 100_000
CACHED_POINTERS = 64
CACHED_SPELLINGS = 200_000


class SideSums(NamedTuple):
    """The sums of one side of a comparison: 0 without charges, None where all lack that cost."""

    billed_cost: Amount | None
    effective_cost: Amount | None
    list_cost: Amount | None
    contracted_cost: Amount | None
    charge_count: int

    def of(self, metric: str) -> Amount | None:
        """Return the sum of one metric."""
        amount: Amount | None = getattr(self, metric)
        return amount


class CostRow(NamedTuple):
    """One row of a report: a bucket (both days inclusive), a group, a currency, four sums.

    ``charge_count`` says how many charges it adds up, ``…_missing`` how many lack that cost. With
    ``sides`` in the query, ``compared`` and ``before`` are the sums of both.
    """

    period_start: date
    period_end: date
    group: tuple[str | None, ...]  # in the order of the query's group_by
    currency: str
    billed_cost: Amount
    effective_cost: Amount
    list_cost: Amount | None  # over the charges that have one; None when none has
    contracted_cost: Amount | None
    list_cost_missing: int
    contracted_cost_missing: int
    charge_count: int
    compared: SideSums | None = None
    before: SideSums | None = None


class CurrencyTotal(NamedTuple):
    """What all rows of one currency add up to, and how many charges lack a cost."""

    currency: str
    billed_cost: Amount
    effective_cost: Amount
    list_cost: Amount | None
    contracted_cost: Amount | None
    list_cost_missing: int
    contracted_cost_missing: int
    compared: SideSums | None = None
    before: SideSums | None = None


class BothSums(NamedTuple):
    """What one group cost in one currency on two sides, by one metric.

    None where no charge of that side has it; ``…_missing`` count the charges that lack it.
    """

    group: tuple[str | None, ...]  # in the order of the queries' group_by
    currency: str
    now: Amount | None
    now_missing: int
    before: Amount | None
    before_missing: int


class PricedKind(StrEnum):
    """What a charge is, as far as why costs change goes."""

    ON_DEMAND = "on_demand"  # usage that no commitment covers
    COVERED = "covered"  # usage that ran under a commitment
    UNUSED = "unused"  # what is paid of a commitment and was not used
    PURCHASES = "purchases"
    CREDITS = "credits"
    TAX = "tax"
    OTHER = "other"


USAGE = frozenset({PricedKind.ON_DEMAND, PricedKind.COVERED})
"""The kinds that are used, and priced by quantity."""


class Priced(NamedTuple):
    """What something cost by one metric, and how much of it was priced.

    Quantity and unit are None where a charge has none, or units differ; list and contracted cost
    where a charge lacks them. Of what is no usage only the amount is read. All are whole numbers:
    the quantity of 10^-12 of its unit.
    """

    amount: Quanta
    quantity: int | None = None
    unit: str | None = None
    list_cost: Quanta | None = None
    contracted_cost: Quanta | None = None


class PricedLine(NamedTuple):
    """What was priced of one group and currency on two sides, by kind.

    A kind is not there where no charge of it has the metric.
    """

    group: tuple[str | None, ...]  # in the order of the queries' group_by
    currency: str
    now: dict[PricedKind, Priced]
    before: dict[PricedKind, Priced]


class DailySeries(NamedTuple):
    """What one group cost in one currency, day by day, oldest first; days without charges miss."""

    group: tuple[str | None, ...]  # in the order of the query's group_by
    currency: str
    amounts: tuple[tuple[date, Amount], ...]


@dataclass(frozen=True)
class Cursor:
    """Where the next page begins: valid for one question under one data version."""

    data_version: str
    question: str  # the query's fingerprint
    offset: int
    day: str = ""  # on which it was given out: the next day, other days may be compared


@dataclass(frozen=True)
class CostReport:
    """The answer to a query: ``totals`` cover all that it selects, ``rows`` are one page of it."""

    query: CostQuery
    data_version: str
    data_as_of: DataAsOf
    totals: tuple[CurrencyTotal, ...]
    rows: tuple[CostRow, ...]
    row_count: int  # of all pages
    next_cursor: Cursor | None
    data_since: date | None  # the first day with charges, of everything that was ever billed

    @property
    def missing(self) -> dict[str, dict[str, int]]:
        """Count the charges without a cost, by currency and metric; what is complete is absent."""
        counts = {
            total.currency: {
                metric: getattr(total, column)
                for metric, column in MISSING.items()
                if getattr(total, column)
            }
            for total in self.totals
        }
        return {currency: count for currency, count in counts.items() if count}


@dataclass(frozen=True)
class RowStream:
    """All rows of a query, to be read once; the count is known in front."""

    row_count: int
    rows: Iterator[CostRow]


class CostStore:
    """The engine that reads the lake, and the answers that it gave before. One per process.

    ``worked_out`` keeps what figures made of answers where that takes long, too.
    Used in ``with``, it is closed at the end.
    """

    def __init__(self, lake_dir: Path, temp_dir: Path, cached_rows: int = CACHED_ROWS) -> None:
        self.engine = Engine(lake_dir, temp_dir)
        self.answers: BoundedCache[CostReport] = BoundedCache(cached_rows)
        self.worked_out: BoundedCache[tuple[Any, ...]] = BoundedCache(cached_rows)
        self.pointers: BoundedCache[LiveData] = BoundedCache(CACHED_POINTERS)
        self.tag_keys: BoundedCache[list[str]] = BoundedCache(cached_rows)
        self.spellings: BoundedCache[Spellings] = BoundedCache(CACHED_SPELLINGS)

    def __enter__(self) -> CostStore:
        """Return the store."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close the engine."""
        self.engine.close()
