"""A billing file → sorted Parquet files per billing account and period in a staging folder.

Piece by piece: parse, cast, sort, write; then roll-ups; then the reconciliation. Runs in a child
process (``child.py``) and touches neither the SQL database nor the lake.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from costoptix import money
from costoptix.bills import engine, recognize
from costoptix.bills.casting import (
    AS_WRITTEN,
    MONTH,
    REJECTED,
    charges_sql,
    mapped_sql,
)
from costoptix.bills.container import Container, detect
from costoptix.bills.formats import Options
from costoptix.bills.formats.expressions import literal
from costoptix.bills.json_lines import JsonLinesPieces, is_json_lines
from costoptix.bills.parquet import ParquetPiece, ParquetPieces
from costoptix.bills.pieces import TextPiece, TextPieces
from costoptix.bills.reconcile import Group, Ledger, Unreconciled
from costoptix.bills.rejected import Inspector
from costoptix.bills.rejections import FILE_NAME as REJECTIONS_FILE
from costoptix.bills.rejections import Rejections
from costoptix.bills.staged import Progress, Scope, Staged, StagedFile
from costoptix.costs.layout import CHARGES, METRICS, ROLL_UPS, roll_up_sql
from costoptix.errors import Invalid

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Piece = TextPiece | ParquetPiece
_ACCOUNT = "coalesce(billing_account_id, '')"
_SUMS = ", ".join(f"sum({metric})" for metric in METRICS)


@dataclass
class _Scope:
    """What is known of one billing account and period while the file is read."""

    charges: list[StagedFile] = field(default_factory=list)
    roll_ups: list[StagedFile] = field(default_factory=list)
    first_day: date = date.max
    last_day: date = date.min
    row_count: int = 0

    def widen(self, first: date, last: date, rows: int) -> None:
        self.first_day = min(self.first_day, first)
        self.last_day = max(self.last_day, last)
        self.row_count += rows


ScopeKey = tuple[str, date]
"""Billing account id ("" for none) and the first day of the billing period."""


def load(
    source: Path, folder: Path, options: Options, report: Callable[[Progress], None]
) -> Staged:
    """Read a file into ``folder``, which exists and is empty; tell the progress as it goes.

    Raises:
        Invalid: the file is refused; the sentence says why.
        Unreconciled: what is stored is not what was read.
    """
    import duckdb

    connection = engine.connect(folder / "spill")
    try:
        return _Loader(source, folder, options, connection).run(report)
    except duckdb.OutOfMemoryException as error:
        raise Invalid("The file needs more memory than an import may use.") from error
    except duckdb.OutOfRangeException as error:
        raise Invalid("The amounts of the file add up to more than can be kept.") from error
    finally:
        connection.close()


def _pieces(
    source: Path, folder: Path, connection: DuckDBPyConnection
) -> TextPieces | JsonLinesPieces | ParquetPieces:
    if detect(source) is Container.PARQUET:
        return ParquetPieces(source, connection)
    return (JsonLinesPieces if is_json_lines(source) else TextPieces)(source, folder)


class _Loader:
    def __init__(
        self, source: Path, folder: Path, options: Options, connection: DuckDBPyConnection
    ) -> None:
        self._folder = folder
        self._options = options
        self._duckdb = connection
        self._pieces = _pieces(source, folder, connection)
        self._format = recognize.recognize(self._pieces.header, options)
        self._mapping = self._format.mapping(self._pieces.header, options)
        self._ledger = Ledger()
        self._scopes: defaultdict[ScopeKey, _Scope] = defaultdict(_Scope)
        self._facts = dict.fromkeys(self._format.facts, False)

    def run(self, report: Callable[[Progress], None]) -> Staged:
        with Rejections(self._folder / REJECTIONS_FILE) as rejections:
            inspector = Inspector(self._duckdb, self._mapped, self._ledger, rejections)
            pieces: Iterable[Piece] = self._pieces
            for number, piece in enumerate(pieces):
                self._load_piece(number, piece, inspector)
                rows = self._ledger.rows_kept + self._ledger.rows_rejected
                report(Progress(bytes_done=self._pieces.bytes_done, rows_read=rows))
        for key, scope in self._scopes.items():
            scope.roll_ups = list(self._write_roll_ups(key, scope))
        return self._staged()

    def _load_piece(self, number: int, piece: Piece, inspector: Inspector) -> None:
        run = self._folder / f"run-{number}.parquet"
        self._duckdb.execute(engine.copy_sql(charges_sql(self._mapped(piece.cells())), run))
        scopes = self._keep_groups(run)
        has_rejected = self._count_rejected(run) > 0
        self._keep_rounded(run)
        inspector.inspect(piece, has_bad_cells=has_rejected)
        self._collect_facts(piece)
        if len(scopes) == 1 and not has_rejected:
            self._add_charges(scopes[0], number, run)
        else:
            for key in scopes:
                self._split(run, key, number)
            run.unlink()

    def _mapped(self, cells: str) -> str:
        return mapped_sql(self._pieces.header, self._mapping, self._options, cells)

    def _keep_groups(self, run: Path) -> list[ScopeKey]:
        """Add the run's good rows to the ledger; return the scopes that they belong to."""
        sql = (
            f"SELECT {_ACCOUNT}, {MONTH}, billing_currency, charge_category, "  # noqa: S608
            "min(charge_period_start)::DATE, max(charge_period_start)::DATE, count(*), "
            f"count(*) FILTER ({AS_WRITTEN} IS NULL), "
            + ", ".join(f"sum({metric}) FILTER ({AS_WRITTEN} IS NULL)" for metric in METRICS)
            + f" FROM {engine.parquet_sql([run])} "
            f"WHERE {AS_WRITTEN} IS DISTINCT FROM '{REJECTED}' GROUP BY ALL"
        )
        scopes: set[ScopeKey] = set()
        for account, month, currency, category, first, last, rows, plain, *sums in self._rows(sql):
            self._scopes[account, month].widen(first, last, rows)
            scopes.add((account, month))
            group = Group(month, currency, category)
            self._ledger.keep(group, plain, dict(zip(METRICS, sums, strict=True)))
        return sorted(scopes)

    def _count_rejected(self, run: Path) -> int:
        sql = (
            f"SELECT count(*) FROM {engine.parquet_sql([run])} "  # noqa: S608
            f"WHERE {AS_WRITTEN} = '{REJECTED}'"
        )
        return int(next(self._rows(sql))[0])

    def _keep_rounded(self, run: Path) -> None:
        sql = (
            f"SELECT {MONTH}, billing_currency, charge_category, {AS_WRITTEN} "  # noqa: S608
            f"FROM {engine.parquet_sql([run])} WHERE {AS_WRITTEN} <> '{REJECTED}'"
        )
        for month, currency, category, written in self._rows(sql):
            self._ledger.keep_rounded(Group(month, currency, category), orjson.loads(written))

    def _collect_facts(self, piece: Piece) -> None:
        for name, condition in self._format.facts.items():
            if not self._facts[name]:
                sql = (
                    f"WITH cells AS ({piece.numbered_cells()}) "  # noqa: S608
                    f"SELECT coalesce(bool_or({condition(self._pieces.header)}), false) FROM cells"
                )
                self._facts[name] = bool(next(self._rows(sql))[0])

    def _split(self, run: Path, key: ScopeKey, number: int) -> None:
        account, month = key
        select = (
            f"SELECT * FROM {engine.parquet_sql([run])} "  # noqa: S608
            f"WHERE {_ACCOUNT} = {literal(account)} AND {MONTH} = DATE '{month}' "
            f"AND {AS_WRITTEN} IS DISTINCT FROM '{REJECTED}'"
        )
        part = self._folder / f"part-{number}.parquet"
        self._duckdb.execute(engine.copy_sql(select, part))
        self._add_charges(key, number, part)

    def _add_charges(self, key: ScopeKey, number: int, file: Path) -> None:
        name = f"{self._scope_folder(key)}/{CHARGES}-{number}.parquet"
        file.rename(self._folder / name)
        self._scopes[key].charges.append(self._describe(CHARGES, name))

    def _scope_folder(self, key: ScopeKey) -> str:
        """Return the folder of a scope, by its number: never a word from the bill."""
        name = f"scope-{list(self._scopes).index(key)}"
        (self._folder / name).mkdir(exist_ok=True)
        return name

    def _write_roll_ups(self, key: ScopeKey, scope: _Scope) -> Iterator[StagedFile]:
        charges = engine.parquet_sql([self._folder / file.name for file in scope.charges])
        for roll_up in ROLL_UPS:
            name = f"{self._scope_folder(key)}/{roll_up.name}.parquet"
            sql = engine.copy_sql(roll_up_sql(roll_up, charges), self._folder / name)
            self._duckdb.execute(sql)
            yield self._describe(roll_up.name, name)

    def _describe(self, kind: str, name: str) -> StagedFile:
        path = self._folder / name
        rows = next(self._rows(f"SELECT count(*) FROM {engine.parquet_sql([path])}"))  # noqa: S608
        size = path.stat().st_size
        return StagedFile(kind=kind, name=name, row_count=rows[0], size_bytes=size)

    def _staged(self) -> Staged:
        lines = tuple(self._ledger.lines(self._stored()))
        return Staged(
            format=self._format.title(self._pieces.header),
            family=self._format.family,
            rows_read=self._ledger.rows_kept + self._ledger.rows_rejected,
            rows_kept=self._ledger.rows_kept,
            rows_rejected=self._ledger.rows_rejected,
            scopes=tuple(_scope(key, scope) for key, scope in self._scopes.items()),
            lines=lines,
            facts=self._facts,
        )

    def _stored(self) -> dict[Group, tuple[int, dict[str, Decimal]]]:
        """Add up the files that would go live, and hold every roll-up against its charges."""
        stored: dict[Group, tuple[int, dict[str, Decimal]]] = {}
        for scope in self._scopes.values():
            files = engine.parquet_sql([self._folder / file.name for file in scope.charges])
            self._check_roll_ups(scope, files)
            sql = (
                f"SELECT {MONTH}, billing_currency, charge_category, count(*), {_SUMS} "  # noqa: S608
                f"FROM {files} GROUP BY ALL"
            )
            for month, currency, category, rows, *sums in self._rows(sql):
                group = Group(month, currency, category)
                before_rows, before = stored.get(group, (0, dict.fromkeys(METRICS, Decimal(0))))
                amounts = zip(METRICS, sums, strict=True)
                added = {
                    m: money.EXACT.add(before[m], amount or Decimal(0)) for m, amount in amounts
                }
                stored[group] = (before_rows + rows, added)
        return stored

    def _check_roll_ups(self, scope: _Scope, charges: str) -> None:
        expected = next(self._rows(f"SELECT count(*), {_SUMS} FROM {charges}"))  # noqa: S608
        for file in scope.roll_ups:
            path = engine.parquet_sql([self._folder / file.name])
            found = next(self._rows(f"SELECT sum(charge_count), {_SUMS} FROM {path}"))  # noqa: S608
            if found != expected:
                raise Unreconciled(f"{file.kind}: {found} instead of {expected}")

    def _rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        cursor = self._duckdb.execute(sql)
        while rows := cursor.fetchmany(10_000):
            yield from rows


def _scope(key: ScopeKey, scope: _Scope) -> Scope:
    account, month = key
    return Scope(
        billing_account_id=account,
        billing_period=month,
        row_count=scope.row_count,
        first_day=scope.first_day,
        last_day=scope.last_day,
        files=(*scope.charges, *scope.roll_ups),
    )
