"""The files of a bill on their way: sorted charges and roll-ups, per billing account and period.

What is here is read by nobody yet. Before it may go live the files themselves are added up again
(``stored``), to be held against what was read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from costoptix.bills.formats import DatasetPart
from costoptix.bills.read import coverage, engine, identities, parquet_files, roll_ups
from costoptix.bills.read.cast_charges import Charges
from costoptix.bills.read.columns import Column, with_shared_codes
from costoptix.bills.read.copies import Copies
from costoptix.bills.read.coverage import CoverageSums
from costoptix.bills.read.reconcile import ReconciledGroup, Unreconciled
from costoptix.bills.read.roll_ups import Grouped, Sums
from costoptix.bills.read.sorting import ScopeKey, sorted_scopes
from costoptix.bills.read.staged import Batch, CategorySum, Scope, StagedFile, SubAccount
from costoptix.lake import layout
from costoptix.lake.coverage import KIND, SIGNED, SKETCH_SIZE, Sketch
from costoptix.lake.coverage import write as write_coverage
from costoptix.lake.layout import CHARGE_COUNT, CHARGES, FINEST_FIRST, METRICS, RollUp, roll_up_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MOST_HASHES = 512 * SKETCH_SIZE
"""In memory, of all scopes of all files: of many, each keeps fewer."""

_FEWEST_HASHES = 256


_StagedKey = tuple[ScopeKey, str | None, Batch | None, int]
"""A scope, its dataset, its batch, and which copy of its charges it is, from 0."""


@dataclass
class _Scope:
    """What is known of one billing account and period so far."""

    folder: str
    charges: list[StagedFile] = field(default_factory=list)
    added_up: list[StagedFile] = field(default_factory=list)  # roll-ups and coverage
    first_day: date = date.max
    last_day: date = date.min
    row_count: int = 0
    dataset: str | None = None
    is_part: bool = False  # its charges stand in another scope too
    batch: Batch | None = None
    stored: dict[ReconciledGroup, tuple[int, Sums]] = field(
        default_factory=dict
    )  # of its charges' files
    sub_accounts: tuple[SubAccount, ...] = ()
    sums: tuple[CategorySum, ...] = ()
    sketch: Sketch = field(default_factory=lambda: Sketch.of([]))

    def count(self, first_day: date, last_day: date, rows: int) -> None:
        """Note rows and the days they are of."""
        self.first_day = min(self.first_day, first_day)
        self.last_day = max(self.last_day, last_day)
        self.row_count += rows

    def add(self, other: _Scope) -> None:
        """Take over what is known of the same scope from another file."""
        if other is not self:
            self.count(other.first_day, other.last_day, other.row_count)
            self.charges += other.charges
            self.sketch = self.sketch.union(other.sketch)


class Staging:
    """A folder that fills with the files of scopes."""

    def __init__(self, connection: DuckDBPyConnection, folder: Path) -> None:
        self._duckdb = connection
        self._folder = folder
        self._scopes: dict[_StagedKey, _Scope] = {}
        self.copies: list[tuple[int, int]] = []  # numbers of files that seem to hold one month
        self._of_files: list[dict[ScopeKey, _Scope]] = []  # until they are assigned
        self._folders = 0
        self._sketch_size = SKETCH_SIZE
        self._taken = 0

    def begin_file(self) -> None:
        """Count what is taken from now on as another file, until ``assign``."""
        self._of_files.append({})

    def take(self, charges: Charges, order: Column) -> None:
        """Write the charges of a piece, sorted, into files of their scopes.

        ``order`` is what a growing table orders these rows by.
        """
        self._taken += 1
        scopes = self._of_files[-1]
        hashes = identities.identities(charges.columns, charges.rows, more=order)
        columns = with_shared_codes(charges.columns)
        for sorted_scope in sorted_scopes(charges):
            if sorted_scope.key not in scopes:
                scopes[sorted_scope.key] = self._new_scope()
            scope = scopes[sorted_scope.key]
            scope.count(sorted_scope.first_day, sorted_scope.last_day, len(sorted_scope.rows))
            scope.sketch = scope.sketch.with_more(hashes[sorted_scope.rows], self._sketch_size)
            name = f"{scope.folder}/{CHARGES}-{self._taken}-{len(scope.charges)}.parquet"
            size = parquet_files.write(self._folder / name, columns, sorted_scope.rows)
            scope.charges.append(self._described(CHARGES, name, len(sorted_scope.rows), size))

    def _new_scope(self) -> _Scope:
        # Numbered: no folder is ever named by a word of a bill.
        scope = _Scope(f"scope-{self._folders}")
        (self._folder / scope.folder).mkdir()
        self._folders += 1
        if self._sketch_size > _FEWEST_HASHES and self._folders * self._sketch_size > _MOST_HASHES:
            self._shrink()
        return scope

    def _shrink(self) -> None:
        """Keep fewer hashes of each scope: files may be of many thousand."""
        self._sketch_size //= 2
        for scopes in self._of_files:
            for scope in scopes.values():
                scope.sketch = scope.sketch.smallest(self._sketch_size)

    def assign(
        self,
        datasets: Sequence[str | None],
        batches: Sequence[Batch | None],
        parts: Sequence[DatasetPart],
        *,
        is_complete: bool = False,
    ) -> None:
        """Set the dataset and the batch of each file; files of the same ones are one scope.

        But for files that hold the charges of earlier ones once more: those are a scope of their
        own, a copy, unless a manifest says that the files are what they should be
        (``is_complete``). ``parts`` of a dataset become scopes beside it.
        """
        copies = Copies()
        for number, (scopes, dataset, batch) in enumerate(
            zip(self._of_files, datasets, batches, strict=True)
        ):
            for key, scope in scopes.items():
                scope.dataset, scope.batch = dataset, batch
                whole = (key, dataset, batch)
                copy = 0 if is_complete or batch else copies.add(whole, number, scope.sketch)
                self._scopes.setdefault((*whole, copy), scope).add(scope)
        self.copies = copies.pairs
        for (key, dataset, _, copy), scope in list(self._scopes.items()):
            for part in parts:
                if dataset == part.whole:
                    self._copy_part(key, copy, scope, part)

    def _copy_part(self, key: ScopeKey, copy: int, whole: _Scope, part: DatasetPart) -> None:
        where = f"FROM {self._charges(whole)} WHERE {part.condition}"
        days = "min(charge_period_start)::DATE, max(charge_period_start)::DATE"
        rows, first, last = self._row(f"SELECT count(*), {days} {where}")
        if not rows:
            return
        scope = self._new_scope()
        scope.dataset, scope.is_part = part.dataset, True
        scope.count(first, last, rows)
        name = f"{scope.folder}/{CHARGES}-0.parquet"
        scope.charges.append(self._copy(CHARGES, f"SELECT * {where}", name))
        scope.sketch = Sketch.of(identities.of_files([self._folder / name]))
        self._scopes[key, part.dataset, None, copy] = scope

    def write_roll_ups(self) -> None:
        """Add up the charges of every scope; write its roll-ups and coverage; check their sums.

        Few charges need no roll-ups.

        Raises:
            Unreconciled: one of them does not add up to its charges.
            Invalid: a sum is too large to be kept.
        """
        for scope in self._scopes.values():
            covered = CoverageSums(self._folder / scope.folder)
            charges = [self._folder / file.name for file in scope.charges]
            scope_sums = roll_ups.read(charges, covered.add)
            scope.stored = scope_sums.stored
            expected = _total(scope_sums.stored.values())
            for roll_up in FINEST_FIRST if scope.row_count > layout.FEW_CHARGES else ():
                file = self._write(roll_up, scope, scope_sums.roll_ups.get(roll_up))
                total = self._total_of(file)
                if total != expected:
                    raise Unreconciled(f"{roll_up.name}: {total} instead of {expected}")
                scope.added_up.append(file)
            scope.added_up.append(self._write_coverage(scope, covered, expected))
            coarse = scope_sums.roll_ups[roll_ups.COARSE]
            scope.sub_accounts = tuple(_sub_accounts(coarse))
            scope.sums = tuple(_category_sums(coarse))

    def _write(self, roll_up: RollUp, scope: _Scope, grouped: Grouped | None) -> StagedFile:
        name = f"{scope.folder}/{roll_up.name}.parquet"
        if grouped is None:  # too many groups to be in memory
            pa.default_memory_pool().release_unused()
            return self._copy(roll_up.name, roll_up_sql(roll_up, self._charges(scope)), name)
        size = grouped.write(self._folder / name, roll_up)
        return self._described(roll_up.name, name, grouped.rows, size)

    def _write_coverage(
        self, scope: _Scope, covered: CoverageSums, expected: tuple[int, Sums]
    ) -> StagedFile:
        name = f"{scope.folder}/{KIND}.parquet"
        path = self._folder / name
        size = write_coverage(path, covered.tables(self._duckdb), scope.sketch)
        total = coverage.total(path)
        if total != (expected[0], {metric: expected[1][metric] or Decimal(0) for metric in SIGNED}):
            raise Unreconciled(f"{KIND}: {total} instead of {expected}")
        return self._described(KIND, name, parquet_files.row_count(path), size)

    def _total_of(self, file: StagedFile) -> tuple[int, Sums]:
        """Read a roll-up back: the charges that it counts and their sums."""
        rows, totals = 0, roll_ups.no_sums()
        names = (*METRICS, CHARGE_COUNT)
        for columns, _ in parquet_files.read([self._folder / file.name], names, ()):
            counted, sums = roll_ups.total(columns)
            rows, totals = rows + counted, roll_ups.added(totals, sums)
        return rows, totals

    def stored(self) -> Mapping[ReconciledGroup, tuple[int, Mapping[str, Decimal | None]]]:
        """Return what the files of charges that would go live hold: rows and sums per group."""
        stored: dict[ReconciledGroup, tuple[int, Sums]] = {}
        for scope in self._scopes.values():
            if scope.is_part:
                continue
            for group, (rows, sums) in scope.stored.items():
                before, totals = stored.get(group, (0, roll_ups.no_sums()))
                stored[group] = (before + rows, roll_ups.added(totals, sums))
        return stored

    def scopes(self) -> tuple[Scope, ...]:
        """Describe what is staged."""
        return tuple(
            Scope(
                billing_account_id=account,
                billing_period=period,
                row_count=scope.row_count,
                first_day=scope.first_day,
                last_day=scope.last_day,
                files=(*scope.charges, *scope.added_up),
                sub_accounts=scope.sub_accounts,
                sums=scope.sums,
                dataset=scope.dataset,
                batch=scope.batch,
                copy_number=copy,
            )
            for ((account, period), *_, copy), scope in self._scopes.items()
        )

    def _charges(self, scope: _Scope) -> str:
        return engine.parquet_sql([self._folder / file.name for file in scope.charges])

    def _copy(self, kind: str, select: str, name: str) -> StagedFile:
        """Write what a SELECT yields into a file; DuckDB answers with how many rows that were."""
        path = self._folder / name
        (rows,) = self._row(engine.copy_sql(select, path))
        return self._described(kind, name, rows, path.stat().st_size)

    def _described(self, kind: str, name: str, rows: int, size: int) -> StagedFile:
        """Describe a file that is written; its hash tells later whether it was altered."""
        with (self._folder / name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return StagedFile(kind=kind, name=name, row_count=rows, size_bytes=size, sha256=digest)

    def _row(self, sql: str) -> tuple[Any, ...]:
        return next(iter(self._duckdb.execute(sql).fetchall()))


def _category_sums(coarse: Grouped) -> Iterator[CategorySum]:
    for (currency, category), sums in coarse.sums_by("currency", "charge_category"):
        yield CategorySum.model_validate({"currency": currency, "charge_category": category} | sums)


def _sub_accounts(coarse: Grouped) -> Iterator[SubAccount]:
    names = ("provider_name", "sub_account_id", "currency")
    for values, sums in coarse.sums_by(*names):
        yield SubAccount.model_validate(
            dict(zip(names, values, strict=True))
            | {"billed_cost": sums["billed_cost"], "effective_cost": sums["effective_cost"]}
        )


def _total(groups: Iterable[tuple[int, Sums]]) -> tuple[int, Sums]:
    rows, totals = 0, roll_ups.no_sums()
    for count, sums in groups:
        rows, totals = rows + count, roll_ups.added(totals, sums)
    return rows, totals
