"""Stored charges → FOCUS 1.2: csv.gz or Parquet, in constant memory, readable by our own importer.

Columns of FOCUS 1.2 come first, by its names and in alphabetical order. What the specification
does not know follows as custom columns, whose names begin with ``x_`` as it demands: columns of
later versions that hold anything, and every column of the bills that no format maps. Amounts are
exact; quantities and unit prices are as the bill wrote them.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain
from typing import BinaryIO

from sqlalchemy.orm import Session

from costoptix.access import audit
from costoptix.access.permissions import Caller
from costoptix.costs import sql
from costoptix.costs.answers import CostStore
from costoptix.costs.custom_columns import (
    CELLS_AT_ONCE,
    MOST_IN_SQL,
    csv_cell,
    csv_line,
    members,
    with_members,
    write_parquet,
)
from costoptix.costs.parts import parts_of
from costoptix.costs.query import CostQuery
from costoptix.costs.report import with_live, with_rules
from costoptix.costs.sql_values import Statement
from costoptix.database import writing
from costoptix.lake.charges import COLUMNS, OTHER_COLUMNS, Column, ColumnKind, plain_name
from costoptix.lake.layout import CHARGES, literal
from costoptix.lake.live import LiveData, LiveDelivery
from costoptix.models import Organization

CUSTOM = "x_"
CHUNK_BYTES = 1 << 18

LATER = (
    "AllocatedMethodDetails", "AllocatedMethodId", "AllocatedResourceId", "AllocatedResourceName",
    "AllocatedTags", "CommitmentProgramEligibilityDetails", "ContractApplied", "HostProviderName",
    "InvoiceDetailId",
)  # fmt: skip
"""Columns of the charge table that came after FOCUS 1.2."""

_MARKS = ("','", "'\"'", "chr(10)", "chr(13)")
"""What a cell is quoted for: asked one by one, twice as fast as by a pattern."""

_CSV_TEXT = {
    ColumnKind.TEXT: "{x}",
    ColumnKind.JSON_OBJECT: "{x}",
    ColumnKind.MONEY: "rtrim(rtrim(CAST({x} AS VARCHAR), '0'), '.')",
    ColumnKind.TIME: (
        "CASE WHEN {x} = date_trunc('second', {x}) THEN strftime({x}, '%Y-%m-%dT%H:%M:%SZ') "
        "ELSE strftime({x}, '%Y-%m-%dT%H:%M:%S.%fZ') END"
    ),
}


class FileKind(StrEnum):
    """What the charges are written as."""

    CSV_GZ = "csv.gz"
    PARQUET = "parquet"


@dataclass(frozen=True)
class Selected:
    """The charges to export: how many, where they are, and which columns they fill."""

    row_count: int
    statement: Statement
    later: Mapping[str, str]  # name of a custom column → column of the charge table
    others: Mapping[str, str]  # name of a custom column → key in OTHER_COLUMNS

    @property
    def columns(self) -> dict[str, ColumnKind]:
        """Return the columns of the file, in their order, and what each holds."""
        columns_of_focus = {column.focus_name: column.kind for column in _known()}
        later = {name: COLUMNS[column].kind for name, column in self.later.items()}
        return columns_of_focus | later | dict.fromkeys(self.others, ColumnKind.TEXT)


@dataclass(frozen=True)
class Export:
    """A FOCUS file, to be read once; the count of its charges is known in front."""

    file_name: str
    row_count: int
    chunks: Iterator[bytes]


def export(
    session: Session,
    organization: Organization,
    caller: Caller,
    query: CostQuery,
    file: FileKind,
    store: CostStore,
    *,
    is_cleaned: bool = False,
) -> Export:
    """Write the charges that a query selects by its days and filters; the audit log says so.

    Tags are as bills write them, or, with ``is_cleaned``, as the rules call them. Nothing is read
    from ``session`` after the return.

    Raises:
        NoSpace: there is no space for a Parquet file, which is made whole before it is sent.
    """
    write = _csv_gz if file is FileKind.CSV_GZ else _parquet

    def answer(live: LiveData) -> Export:
        selected = select_charges(
            with_rules(query, live), live.deliveries, store, is_cleaned=is_cleaned
        )
        chunks = _begun(write(selected, store))
        return Export(_file_name(query, file), selected.row_count, chunks)

    made = with_live(session, organization, store, answer)
    note(session, caller, made.file_name, charges=made.row_count)
    return made


def note(session: Session, caller: Caller, file_name: str, **counts: int) -> None:
    """Say in the audit log that somebody took costs along as a file."""
    with writing(session):
        audit.record(session, caller, "costs.exported", subject=file_name, after={**counts} or None)


def _begun(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Make the first block now: what fails before it is an error, not a file that is cut off."""
    first = next(chunks, b"")
    return chain([first], chunks)


def _file_name(query: CostQuery, file: FileKind) -> str:
    return f"focus_{query.date_range.first}_{query.date_range.last}.{file}"


def _csv_gz(selected: Selected, store: CostStore) -> Iterator[bytes]:
    """Write gzipped CSV, UTF-8; times end in Z."""
    expressions = _expressions(selected.later, _CSV_TEXT)
    lines = store.engine.read(
        _line_sql(selected.statement, expressions), selected.statement.parameters
    )
    header = ",".join(csv_cell(name) for name in (*expressions, *selected.others))
    return _gzipped(chain([header], _whole(lines, list(selected.others.values()))))


def _whole(lines: Iterable[tuple[str, str | None]], keys: list[str]) -> Iterator[str]:
    """Put the cells of other columns behind those that SQL has written."""
    for line, others in lines:
        yield line + csv_line(members(others, keys)) if keys else line


def _parquet(selected: Selected, store: CostStore) -> Iterator[bytes]:
    """Write Parquet into a file without a name, and read it from its beginning."""
    with store.engine.file() as file:
        write_focus_parquet(file, selected, store)
        file.seek(0)
        return _blocks(file)


def write_focus_parquet(file: BinaryIO, selected: Selected, store: CostStore) -> None:
    """Write Parquet: amounts are DECIMAL(38,18), times TIMESTAMP (UTC), all else is text."""
    is_wide = len(selected.others) > MOST_IN_SQL
    columns = _expressions(selected.later, dict.fromkeys(ColumnKind, "{x}"))
    columns |= {OTHER_COLUMNS: OTHER_COLUMNS} if is_wide else _members(selected.others)
    names = ", ".join(f"{value} AS {_quoted(name)}" for name, value in columns.items())
    statement = f"SELECT {names} FROM ({selected.statement.sql})"  # noqa: S608
    rows = max(CELLS_AT_ONCE // (len(columns) + len(selected.others)), 1)
    batches = store.engine.batches(statement, selected.statement.parameters, rows)
    if is_wide:
        batches = (with_members(batch, OTHER_COLUMNS, selected.others) for batch in batches)
    write_parquet(file, batches)


def select_charges(
    query: CostQuery,
    deliveries: Iterable[LiveDelivery],
    store: CostStore,
    *,
    is_cleaned: bool = False,
) -> Selected:
    """Find the charges of a question's days and filters, and the columns that they fill."""
    parts = parts_of(query, deliveries, store, kinds={CHARGES})
    if not parts:
        return Selected(0, _nothing(), {}, {})
    is_cleaned &= bool(query.tag_rules.rules)
    statement = sql.charges_statement(query, parts, store.engine.path, is_cleaned=is_cleaned)
    later = [column for column in COLUMNS.values() if column.focus_name in LATER]
    counts = ", ".join(["count(*)", *(f"count({column.name})" for column in later)])
    counted = f"SELECT {counts} FROM ({statement.sql})"  # noqa: S608
    row_count, *filled = next(store.engine.read(counted, statement.parameters))
    used = [column for column, count in zip(later, filled, strict=True) if count]
    keys = (
        f"SELECT DISTINCT unnest(json_keys({OTHER_COLUMNS})) AS key FROM ({statement.sql}) "  # noqa: S608
        "ORDER BY key"
    )
    others = [key for (key,) in store.engine.read(keys, statement.parameters)]
    named = {CUSTOM + column.focus_name: column.name for column in used}
    return Selected(row_count, statement, named, _named(others, named))


def with_same_columns(selections: Sequence[Selected]) -> list[Selected]:
    """Give each the columns that any of them fills, under the same names and in one order."""
    used = {column for selected in selections for column in selected.later.values()}
    later = {CUSTOM + COLUMNS[name].focus_name: name for name in COLUMNS if name in used}
    keys = {key for selected in selections for key in selected.others.values()}
    others = _named(sorted(keys), later)
    return [replace(selected, later=later, others=others) for selected in selections]


def _nothing() -> Statement:
    columns = ", ".join(
        [
            *(f"CAST(NULL AS {_storage(column)}) AS {column.name}" for column in _known()),
            f"CAST(NULL AS VARCHAR) AS {OTHER_COLUMNS}",
        ]
    )
    return Statement(f"SELECT {columns} WHERE false", {})


def _storage(column: Column) -> str:
    return "VARCHAR" if column.kind is ColumnKind.JSON_OBJECT else column.kind


def _known() -> list[Column]:
    return [column for column in COLUMNS.values() if column.focus_name not in LATER]


def _named(keys: Iterable[str], later: Iterable[str]) -> dict[str, str]:
    """Name the other columns: what already begins with ``x_`` keeps its name."""
    named: dict[str, str] = {}
    taken = {name.lower() for name in later}
    for key in keys:
        name = _unused(_custom_name(key), taken)
        taken.add(name.lower())
        named[name] = key
    return named


def _members(others: Mapping[str, str]) -> dict[str, str]:
    """Write the SQL (text) of other columns."""
    pointers = ", ".join(literal(_pointer(key)) for key in others.values())
    texts = f"json_extract_string({OTHER_COLUMNS}, [{pointers}])"
    return {name: f"{texts}[{number}]" for number, name in enumerate(others, start=1)}


def _custom_name(key: str) -> str:
    name = plain_name(key)
    return name if name.lower().startswith(CUSTOM) else CUSTOM + name


def _unused(name: str, taken: Collection[str]) -> str:
    """Return the name, numbered where another column has it already, in any letter case."""
    number, candidate = 1, name
    while candidate.lower() in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _expressions(later: Mapping[str, str], texts: Mapping[ColumnKind, str]) -> dict[str, str]:
    """Map the names of the columns of the charge table, in order, to SQL over the charges."""
    focus_columns = {
        column.focus_name: texts[column.kind].format(x=column.name) for column in _known()
    }
    return focus_columns | dict(later)


def _line_sql(statement: Statement, expressions: Mapping[str, str]) -> str:
    """Write the SELECT of CSV lines and other columns: DuckDB quotes much faster than Python."""
    cells = ", ".join(f"{value} AS e{n}" for n, value in enumerate(expressions.values()))
    quoted = ", ".join(_quoted_cell(f"e{n}") for n in range(len(expressions)))
    inner = f"SELECT {cells}, {OTHER_COLUMNS} FROM ({statement.sql})"  # noqa: S608
    return f"SELECT concat_ws(',', {quoted}), {OTHER_COLUMNS} FROM ({inner})"  # noqa: S608


def _quoted_cell(name: str) -> str:
    must_be_quoted = " OR ".join(f"contains({name}, {mark})" for mark in _MARKS)
    return (
        f"coalesce(CASE WHEN {must_be_quoted} "
        f"THEN '\"' || replace({name}, '\"', '\"\"') || '\"' ELSE {name} END, '')"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _gzipped(lines: Iterable[str]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    waiting: list[bytes] = []
    size = 0
    for line in lines:
        waiting.append(f"{line}\n".encode())
        size += len(waiting[-1])
        if size >= CHUNK_BYTES:
            if packed := packer.compress(b"".join(waiting)):
                yield packed
            waiting, size = [], 0
    yield packer.compress(b"".join(waiting)) + packer.flush()


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while block := file.read(CHUNK_BYTES):
            yield block
