"""The files of a bill on their way: sorted charges and roll-ups, per billing account and period.

What is here is read by nobody yet. Before it may go live the files themselves are added up again
(``stored``), to be held against what was read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
from costoptix.bills.staged import Batch, CategorySum, Scope, StagedFile, SubAccount
from costoptix.costs.layout import CHARGES, METRICS, ROLL_UPS, roll_up_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ScopeKey = tuple[str, date]
"""Billing account id ("" for none) and the first day of the billing period."""

ACCOUNT = "coalesce(billing_account_id, '')"
_SUMS = ", ".join(f"sum({metric})" for metric in METRICS)
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

    def new_run(self) -> Path:
        """Return where the next run of sorted charges is to be written."""
        self._runs += 1
        return self._folder / f"run-{self._runs}.parquet"

    def count(self, key: ScopeKey, first_day: date, last_day: date, rows: int) -> None:
        """Note rows of a scope and the days they are of."""
        scopes = self._of_files[-1]
        if key not in scopes:
            scopes[key] = self._new_scope()
        scopes[key].count(first_day, last_day, rows)

    def _new_scope(self, half: Half | None = None) -> _Scope:
        # Numbered: no folder is ever named by a word of a bill.
        scope = _Scope(f"scope-{self._folders}", half=half)
        (self._folder / scope.folder).mkdir()
        self._folders += 1
        return scope

    def take(self, run: Path, keys: list[ScopeKey], *, has_rejected: bool) -> None:
        """Hand a run to the scopes whose charges it holds; rejected rows are left out."""
        if len(keys) == 1 and not has_rejected:
            self._add_charges(keys[0], run)
            return
        for key in keys:
            part = run.with_name(f"part-{run.name}")
            self._duckdb.execute(engine.copy_sql(_part_sql(run, key), part))
            self._add_charges(key, part)
        run.unlink()

    def _add_charges(self, key: ScopeKey, file: Path) -> None:
        scope = self._of_files[-1][key]
        name = f"{scope.folder}/{CHARGES}-{self._runs}.parquet"
        file.rename(self._folder / name)
        scope.charges.append(self._describe(CHARGES, name))

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
        sql = engine.copy_sql(f"SELECT * {where}", self._folder / name)
        self._duckdb.execute(sql)
        scope.charges.append(self._describe(CHARGES, name))
        self._scopes[key, Half.PURCHASES, None] = scope

    def write_roll_ups(self) -> None:
        """Write every roll-up of every scope, and hold it against its charges.

        Raises:
            Unreconciled: a roll-up does not add up to its charges.
        """
        for scope in self._scopes.values():
            charges = self._charges(scope)
            expected = self._row(f"SELECT count(*), {_SUMS} FROM {charges}")  # noqa: S608
            for roll_up in ROLL_UPS:
                name = f"{scope.folder}/{roll_up.name}.parquet"
                sql = engine.copy_sql(roll_up_sql(roll_up, charges), self._folder / name)
                self._duckdb.execute(sql)
                file = engine.parquet_sql([self._folder / name])
                found = self._row(f"SELECT sum(charge_count), {_SUMS} FROM {file}")  # noqa: S608
                if found != expected:
                    raise Unreconciled(f"{roll_up.name}: {found} instead of {expected}")
                scope.roll_ups.append(self._describe(roll_up.name, name))

    def stored(self) -> Mapping[Group, tuple[int, Mapping[str, Decimal]]]:
        """Add up the charges that would go live: per group, the rows and the sum per metric."""
        stored: dict[Group, tuple[int, dict[str, Decimal]]] = {}
        for (_, half, _), scope in self._scopes.items():
            if half is Half.PURCHASES:
                continue  # it is part of the actual half
            sql = (
                f"SELECT {MONTH}, billing_currency, charge_category, count(*), {_SUMS} "  # noqa: S608
                f"FROM {self._charges(scope)} GROUP BY ALL"
            )
            for month, currency, category, rows, *sums in self._rows(sql):
                group = Group(month, currency, category)
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

    def _describe(self, kind: str, name: str) -> StagedFile:
        path = self._folder / name
        (rows,) = self._row(f"SELECT count(*) FROM {engine.parquet_sql([path])}")  # noqa: S608
        return StagedFile(kind=kind, name=name, row_count=rows, size_bytes=path.stat().st_size)

    def _row(self, sql: str) -> tuple[Any, ...]:
        return next(self._rows(sql))

    def _rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        return iter(self._duckdb.execute(sql).fetchall())


def _part_sql(run: Path, key: ScopeKey) -> str:
    account, month = key
    return (
        f"SELECT * FROM {engine.parquet_sql([run])} "  # noqa: S608
        f"WHERE {ACCOUNT} = {literal(account)} AND {MONTH} = DATE '{month}' "
        f"AND {AS_WRITTEN} IS DISTINCT FROM '{REJECTED}'"
    )
