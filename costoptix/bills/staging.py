"""The files of a bill on their way: sorted charges and roll-ups, per billing account and period.

What is here is read by nobody yet. Before it may go live the files themselves are added up again
(``stored``), to be held against what was read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costoptix import money
from costoptix.bills import engine
from costoptix.bills.casting import AS_WRITTEN, MONTH, REJECTED
from costoptix.bills.formats import PURCHASES_SQL, Half
from costoptix.bills.formats.expressions import literal
from costoptix.bills.reconcile import Group, Unreconciled
from costoptix.bills.runs import ACCOUNT, Found, Run, ScopeKey
from costoptix.bills.staged import Batch, CategorySum, Scope, StagedFile, SubAccount
from costoptix.costs.layout import CHARGES, FINEST_FIRST, METRICS, RollUp, coarser_sql, roll_up_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SUMS = ", ".join(f"sum({metric})" for metric in METRICS)
_Sums = list[Decimal | None]
"""Per metric of METRICS; None where no charge has it."""
_COARSE = "monthly"
"""The smallest roll-up that names sub-accounts."""


@dataclass
class _Scope:
    """What is known of one billing account and period so far."""

    folder: str
    charges: list[StagedFile] = field(default_factory=list)
    roll_ups: list[StagedFile] = field(default_factory=list)
    first_day: date = date.max
    last_day: date = date.min
    row_count: int = 0
    half: Half | None = None
    batch: Batch | None = None
    stored: dict[Group, tuple[int, _Sums]] = field(default_factory=dict)  # of its charges' files

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


class Staging:
    """A folder that fills with the files of scopes."""

    def __init__(self, connection: DuckDBPyConnection, folder: Path) -> None:
        self._duckdb = connection
        self._folder = folder
        self._scopes: dict[tuple[ScopeKey, Half | None, Batch | None], _Scope] = {}
        self._of_files: list[dict[ScopeKey, _Scope]] = []  # until it is told what they are
        self._runs = 0
        self._folders = 0

    def begin_file(self) -> None:
        """Keep what is counted and taken from now on apart, until it is told what it is."""
        self._of_files.append({})

    def new_run(self) -> Run:
        """Make the folder for the files of the next run of sorted charges."""
        self._runs += 1
        return Run(self._duckdb, self._folder / f"run-{self._runs}")

    def take(self, found: Iterable[Found]) -> None:
        """Take over the files of a run; rejected rows are left out."""
        files: dict[Path, list[Found]] = {}
        for each in found:
            files.setdefault(each.file, []).append(each)
        for file, holds in files.items():
            rows = self._count(each for each in holds if not each.is_rejected)
            if len(rows) == 1 and not any(each.is_rejected for each in holds):
                ((key, count),) = rows.items()
                self._rename(file, key, count)
            else:
                self._split(file, rows)

    def _count(self, found: Iterable[Found]) -> Counter[ScopeKey]:
        """Note what is found of each scope; return the rows of each."""
        counted: Counter[ScopeKey] = Counter()
        scopes = self._of_files[-1]
        for each in found:
            if each.key not in scopes:
                scopes[each.key] = self._new_scope()
            scopes[each.key].count(each.first_day, each.last_day, each.rows)
            counted[each.key] += each.rows
        return counted

    def _rename(self, file: Path, key: ScopeKey, rows: int) -> None:
        scope = self._of_files[-1][key]
        name = self._charges_name(scope)
        file.rename(self._folder / name)
        scope.charges.append(self._describe(CHARGES, name, rows))

    def _split(self, file: Path, keys: Iterable[ScopeKey]) -> None:
        for key in keys:
            scope = self._of_files[-1][key]
            part = self._write(CHARGES, _part_sql(file, key), self._charges_name(scope))
            scope.charges.append(part)

    def _charges_name(self, scope: _Scope) -> str:
        return f"{scope.folder}/{CHARGES}-{self._runs}-{len(scope.charges)}.parquet"

    def _new_scope(self, half: Half | None = None) -> _Scope:
        # Numbered: no folder is ever named by a word of a bill.
        scope = _Scope(f"scope-{self._folders}", half=half)
        (self._folder / scope.folder).mkdir()
        self._folders += 1
        return scope

    def tell(self, halves: Sequence[Half | None], batches: Sequence[Batch | None]) -> None:
        """Say which half and which batch each file is; files of one are one scope.

        An actual half's purchases are set beside it as well.
        """
        for scopes, half, batch in zip(self._of_files, halves, batches, strict=True):
            for key, scope in scopes.items():
                scope.half, scope.batch = half, batch
                self._scopes.setdefault((key, half, batch), scope).add(scope)
        for (key, half, _), scope in list(self._scopes.items()):
            if half is Half.ACTUAL:
                self._copy_purchases(key, scope)

    def _copy_purchases(self, key: ScopeKey, whole: _Scope) -> None:
        where = f"FROM {self._charges(whole)} WHERE {PURCHASES_SQL}"
        days = "min(charge_period_start)::DATE, max(charge_period_start)::DATE"
        rows, first, last = self._row(f"SELECT count(*), {days} {where}")
        if not rows:
            return
        scope = self._new_scope(Half.PURCHASES)
        scope.count(first, last, rows)
        name = f"{scope.folder}/{CHARGES}-0.parquet"
        scope.charges.append(self._write(CHARGES, f"SELECT * {where}", name))
        self._scopes[key, Half.PURCHASES, None] = scope

    def write_roll_ups(self) -> None:
        """Add up the charges of every scope, write its roll-ups and hold them against these.

        Raises:
            Unreconciled: a roll-up does not add up to its charges.
        """
        for scope in self._scopes.values():
            scope.stored = self._add_up(scope)
            expected = _total(scope.stored.values())
            written: dict[RollUp, StagedFile] = {}
            for roll_up in FINEST_FIRST:
                name = f"{scope.folder}/{roll_up.name}.parquet"
                sql = self._roll_up_sql(roll_up, scope, written)
                written[roll_up] = self._write(roll_up.name, sql, name)
                file = engine.parquet_sql([self._folder / name])
                found = self._row(f"SELECT sum(charge_count), {_SUMS} FROM {file}")  # noqa: S608
                if found != expected:
                    raise Unreconciled(f"{roll_up.name}: {found} instead of {expected}")
            scope.roll_ups = list(written.values())

    def _add_up(self, scope: _Scope) -> dict[Group, tuple[int, _Sums]]:
        """Read the charges back from their files: rows and sums per group."""
        sql = (
            f"SELECT {MONTH}, billing_currency, charge_category, count(*), {_SUMS} "  # noqa: S608
            f"FROM {self._charges(scope)} GROUP BY ALL"
        )
        return {
            Group(month, currency, category): (rows, sums)
            for month, currency, category, rows, *sums in self._rows(sql)
        }

    def _roll_up_sql(
        self, roll_up: RollUp, scope: _Scope, written: Mapping[RollUp, StagedFile]
    ) -> str:
        """Write the SELECT of a roll-up: from the smallest that is finer, else from the charges."""
        finer = [file for other, file in written.items() if other.is_finer_than(roll_up)]
        if not finer:
            return roll_up_sql(roll_up, self._charges(scope))
        smallest = min(finer, key=lambda file: file.row_count)
        return coarser_sql(roll_up, engine.parquet_sql([self._folder / smallest.name]))

    def stored(self) -> Mapping[Group, tuple[int, Mapping[str, Decimal]]]:
        """Tell what the files of charges that would go live hold: rows and sums per group."""
        stored: dict[Group, tuple[int, dict[str, Decimal]]] = {}
        for (_, half, _), scope in self._scopes.items():
            if half is Half.PURCHASES:
                continue  # it is part of the actual half
            for group, (rows, sums) in scope.stored.items():
                before, totals = stored.get(group, (0, dict.fromkeys(METRICS, Decimal(0))))
                for metric, amount in zip(METRICS, sums, strict=True):
                    totals[metric] = money.EXACT.add(totals[metric], amount or Decimal(0))
                stored[group] = (before + rows, totals)
        return stored

    def scopes(self) -> tuple[Scope, ...]:
        """Describe what is staged."""
        return tuple(
            Scope(
                billing_account_id=account,
                billing_period=month,
                row_count=scope.row_count,
                first_day=scope.first_day,
                last_day=scope.last_day,
                files=(*scope.charges, *scope.roll_ups),
                sub_accounts=tuple(self._sub_accounts(scope)),
                sums=tuple(self._category_sums(scope)),
                half=scope.half,
                batch=scope.batch,
            )
            for ((account, month), *_), scope in self._scopes.items()
        )

    def _coarse(self, scope: _Scope) -> str:
        path = next(file.name for file in scope.roll_ups if file.kind == _COARSE)
        return engine.parquet_sql([self._folder / path])

    def _category_sums(self, scope: _Scope) -> Iterator[CategorySum]:
        sql = (
            f"SELECT currency, charge_category, {_SUMS} FROM {self._coarse(scope)} "  # noqa: S608
            "GROUP BY ALL ORDER BY ALL"
        )
        for currency, category, *sums in self._rows(sql):
            yield CategorySum.model_validate(
                {"currency": currency, "charge_category": category}
                | dict(zip(METRICS, sums, strict=True))
            )

    def _sub_accounts(self, scope: _Scope) -> Iterator[SubAccount]:
        sql = (
            "SELECT provider_name, sub_account_id, currency, sum(billed_cost), "  # noqa: S608
            f"sum(effective_cost) FROM {self._coarse(scope)} GROUP BY ALL ORDER BY ALL"
        )
        for provider, sub_account, currency, billed, effective in self._rows(sql):
            yield SubAccount(
                provider_name=provider,
                sub_account_id=sub_account,
                currency=currency,
                billed_cost=billed,
                effective_cost=effective,
            )

    def _charges(self, scope: _Scope) -> str:
        return engine.parquet_sql([self._folder / file.name for file in scope.charges])

    def _write(self, kind: str, select: str, name: str) -> StagedFile:
        """Write what a SELECT yields into a file; DuckDB answers with how many rows that were."""
        (rows,) = self._row(engine.copy_sql(select, self._folder / name))
        return self._describe(kind, name, rows)

    def _describe(self, kind: str, name: str, rows: int) -> StagedFile:
        size = (self._folder / name).stat().st_size
        return StagedFile(kind=kind, name=name, row_count=rows, size_bytes=size)

    def _row(self, sql: str) -> tuple[Any, ...]:
        return next(self._rows(sql))

    def _rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        return iter(self._duckdb.execute(sql).fetchall())


def _total(groups: Iterable[tuple[int, _Sums]]) -> tuple[int | Decimal | None, ...]:
    """Add up the rows and, per metric, the sums that there are."""
    rows, sums = zip(*groups, strict=True)
    columns = [
        [amount for amount in column if amount is not None] for column in zip(*sums, strict=True)
    ]
    return (sum(rows), *(money.total(column) if column else None for column in columns))


def _part_sql(file: Path, key: ScopeKey) -> str:
    account, month = key
    return (
        f"SELECT * FROM {engine.parquet_sql([file])} "  # noqa: S608
        f"WHERE {ACCOUNT} = {literal(account)} AND {MONTH} = DATE '{month}' "
        f"AND {AS_WRITTEN} IS DISTINCT FROM '{REJECTED}'"
    )
