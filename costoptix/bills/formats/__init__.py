"""One provider's columns each, mapped to the one charge table.

How a format is written (``focus.py`` is the model):

* A file's cells are the table ``cells``; every cell is text, and NULL where the file has an
  empty cell, ``NULL`` or ``null``. ``Header.sql("BilledCost", "billed_cost")`` answers the SQL
  name of the first of these columns that the file has (letter case, blanks, punctuation, a BOM
  and localised forms such as ``Kosten (Cost)`` do not matter, so that the CUR's
  ``lineItem/UnblendedCost`` and ``line_item_unblended_cost`` are the same), or ``NULL``.
* A format is a :class:`Format`: what it needs to be recognised, and a function from the header
  (and the sender's options) to a :class:`Mapping`: for each column of ``charges.COLUMNS`` that
  it can fill, a DuckDB expression over ``cells`` that yields **text** (cast what you computed
  with ``::VARCHAR``; amounts must be computed in DECIMAL, never DOUBLE). Columns left out are
  NULL. The casting to exact types, the checks, the rejections and ``other_columns`` (every
  column of the file that no expression names) are done for all formats by ``bills/read``.
  An expression must yield the same for the same cells: it is worked out once for all rows that
  have them (``read/mapping.py``).
* Cells of tags and of nested values are made JSON before the expressions see them
  (``Mapping.nested``; ``pairs.py`` reads them in all the ways in which they are written).
* Where one row becomes several charges (the credits of GCP), or rows are left out by the
  provider's published rule, ``Mapping.relation`` is a SELECT from ``cells`` that yields every
  column of it (``SELECT cells.*, …``) and whatever else the expressions name.
* Times are text in ISO shapes; other shapes are brought into one by the format
  (``month_first`` below). Times without a zone are UTC.
* ``Format.number`` is SQL for a row's reference number, where the provider writes every row into
  one file alone and files add up; ``Format.exported`` for the instant at which it was exported.
  Which deliveries are live is decided by these (``bills/ledger/precedence.py``).
* ``Format.datasets`` is the one hook for a provider that writes a month as several datasets
  (Azure): which one a file is, and how those of a month combine. Everything that knows of them
  stands in the provider's file; the ledger asks the hook.
* ``Format.cancelling`` names two kinds of rows that cancel each other by the provider's rule; where
  they do not, an import says so in a note.

A new format is one file here and its line in ``ALL`` of ``bills/read/recognize.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Protocol, Self, TypeVar

from costoptix.lake.charges import plain_name

_NOT_A_LETTER = re.compile(r"[^0-9a-z]+")


def normal(name: str) -> str:
    """Return a column name without what spellings differ in.

    ``'Maßeinheit (UnitOfMeasure)'`` and ``'unit_of_measure'`` are both ``'unitofmeasure'``.
    """
    return _NOT_A_LETTER.sub("", plain_name(name).lower())


def identifier(position: int) -> str:
    """Return the SQL name of the column at a position (from 0) of the file."""
    return f'"c{position}"'


def position_of(cell: str) -> int:
    """Return the position of the column with an SQL name."""
    return int(cell.strip('"c'))


@dataclass(frozen=True)
class Header:
    """The column names of a file, as written."""

    names: tuple[str, ...]

    @cached_property
    def _positions(self) -> dict[str, list[int]]:
        positions: dict[str, list[int]] = {}
        for position, name in enumerate(self.names):
            positions.setdefault(normal(name), []).append(position)
        return positions

    def has(self, *spellings: str) -> bool:
        """Tell whether the file has a column of one of these names."""
        return any(normal(spelling) in self._positions for spelling in spellings)

    def sql(self, *spellings: str) -> str:
        """Return the SQL name of the first of these columns that the file has, or ``NULL``."""
        for spelling in spellings:
            if places := self._positions.get(normal(spelling)):
                return identifier(places[0])
        return "NULL"

    def coalesce(self, *spellings: str) -> str:
        """Return SQL for the first of these columns that the file has and the row fills."""
        columns = [self.sql(spelling) for spelling in spellings if self.has(spelling)]
        return f"coalesce({', '.join(columns)})" if len(columns) > 1 else (columns or ["NULL"])[0]

    def starting_with(self, prefix: str) -> dict[str, str]:
        """Return name → SQL name of the columns whose name begins with ``prefix``, in any case.

        The names are without the prefix and otherwise as written (``resourceTags/user:``).
        """
        return {
            name[len(prefix) :]: identifier(position)
            for position, name in enumerate(self.names)
            if name.lower().startswith(prefix.lower())
        }

    def repeated(self, *spellings: str) -> list[str]:
        """Return the written names of which the file has more than one."""
        spelled = {normal(spelling) for spelling in spellings}
        return [
            self.names[places[0]]
            for name, places in self._positions.items()
            if len(places) > 1 and name in spelled
        ]


@dataclass(frozen=True)
class DatasetClues:
    """What may show which dataset a file is."""

    name: str  # of the file, for people
    export: str | None  # the kind of export, as its manifest names it
    facts: MappingOf[str, bool]  # those of Datasets.facts: true where true of any row


@dataclass(frozen=True)
class DatasetPart:
    """Charges of one dataset that are staged a second time, to be live beside another dataset."""

    dataset: str  # what the part is called
    whole: str  # the dataset of which it is a part
    condition: str  # SQL over the charges of the whole


class DatasetVersion(Protocol):
    """A delivery of a scope as far as its dataset decides whether it is live."""

    @property
    def dataset(self) -> str | None:
        """Return its dataset."""

    @property
    def delivered_at(self) -> datetime:
        """Return the instant by which deliveries are ordered."""

    @property
    def order(self) -> tuple[datetime, datetime, str, str]:
        """Return what versions are ordered by, the oldest first."""


V = TypeVar("V", bound=DatasetVersion)


class Datasets(Protocol):
    """How the datasets that a provider writes of a month are known, and how they combine."""

    @property
    def facts(self) -> MappingOf[str, Callable[[Header], str]]:
        """Return SQL conditions over ``cells``, by name, that show which dataset a file is."""

    @property
    def choices(self) -> tuple[str, ...]:
        """Return what a file may be whose content does not show it."""

    @property
    def parts(self) -> tuple[DatasetPart, ...]:
        """Return which parts of a dataset are staged by themselves as well."""

    def of_files(self, files: Sequence[DatasetClues]) -> list[str | None]:
        """Return the dataset of each file of a delivery; None where nothing shows it.

        Raises:
            Invalid: the files cannot be of one delivery.
        """

    def live(self, oldest_first: Sequence[V]) -> tuple[V, ...]:
        """Return which versions of a scope readers get together."""

    def lacking(self, present: Collection[str], shown: Collection[str]) -> dict[str, str]:
        """Say by dataset what a month lacks.

        ``present`` are the datasets of a scope that are not withdrawn, ``shown`` those of them
        that are live and have charges that no other dataset has.
        """


def _says_nothing(_header: Header) -> str:
    return "NULL"


@dataclass(frozen=True)
class Options:
    """What the sender or the source says about a file beyond its bytes."""

    currency: str | None = None  # ISO 4217, for files that do not say
    currencies: MappingOf[str, str] = field(default_factory=dict)  # the same by format's family
    export: str | None = None  # the kind of export of the whole delivery, by its manifest
    is_complete: bool = False  # a manifest says that the files are all those of one export
    encoding: str | None = None  # of text that is not UTF-8
    may_hold_others: bool = False  # files that are no bills: a folder without a manifest may

    def of(self, format_: Format, header: Header) -> Options:
        """Return what holds of a file: the format's currency where the file has no column of it."""
        if self.currency is not None or header.has(*format_.currency):
            return self
        return replace(self, currency=self.currencies.get(format_.family))


CELLS = "SELECT cells.* FROM cells"
"""The relation of a format in which a row is a charge."""


class Unread(ValueError):
    """What a cell means is not certain."""


@dataclass(frozen=True)
class NestedCell:
    """A column whose cells hold more than one value, such as tags: they are made JSON beforehand.

    What cannot be read is NULL for the format; its text stays with the charge, in other_columns.
    """

    cell: str  # the column's SQL name
    read: Callable[[str], str | None]  # its text → JSON; raises Unread
    is_needed: bool = False  # without it there is no charge: its text stays, to reject the row


def nested_cells(
    header: Header, read: Callable[[str], str | None], *names: str, is_needed: bool = False
) -> tuple[NestedCell, ...]:
    """Return those of some columns that a file has, as nested ones."""
    cells = (header.sql(name) for name in names if header.has(name))
    return tuple(NestedCell(cell, read, is_needed) for cell in cells)


class CellUnless(str):
    """SQL that is a cell as it is wherever no value of the cell has a mark in it.

    A piece of a file that has none is then not asked.
    """

    __slots__ = ("cell", "mark")
    cell: str
    mark: str

    def __new__(cls, cell: str, mark: str, condition: str, otherwise: str) -> Self:
        """Write the SQL: ``otherwise`` where the mark is in the cell and a condition holds."""
        has_mark = f"contains({cell}, '{mark}')"
        sql = super().__new__(
            cls, f"CASE WHEN {has_mark} AND {condition} THEN {otherwise} ELSE {cell} END"
        )
        sql.cell, sql.mark = cell, mark
        return sql


@dataclass(frozen=True)
class Mapping:
    """One format's columns as expressions for the columns of the charge table."""

    charges: MappingOf[str, str]  # column of charges.COLUMNS → SQL that yields text
    relation: str = CELLS  # what the expressions select from
    kept: tuple[str, ...] = ()  # columns that only decide something: in other_columns as well
    nested: tuple[NestedCell, ...] = ()  # columns that are made JSON first
    noted: str = "NULL"  # SQL that yields a note of a row (bills/read/notes.py), or NULL


@dataclass(frozen=True)
class Cancelling:
    """Two kinds of rows whose amounts cancel each other in a whole bill."""

    kinds: tuple[str, str]
    kind: str  # SQL over cells that yields the kind of a row
    amount: str
    currency: str


def _none_cancel(_header: Header) -> None:
    return None


@dataclass(frozen=True)
class Format:
    """A kind of billing file.

    ``required`` and ``currency`` are groups of spellings: of each group one column must be
    there. A file without any ``currency`` column is accepted when its options name one. A
    format is recognised when every required group is found; of several, the one with the most
    groups wins. ``required`` should therefore hold what tells the format from its relatives.
    """

    family: str  # "focus", "aws_cur", …: proposed as the name of the source
    title: Callable[[Header], str]  # "FOCUS 1.2": named on pages and in the API
    required: tuple[tuple[str, ...], ...]
    currency: tuple[str, ...]
    mapping: Callable[[Header, Options], Mapping]
    number: Callable[[Header], str] = _says_nothing
    exported: Callable[[Header], str] = _says_nothing
    datasets: Datasets | None = None
    cancelling: Callable[[Header], Cancelling | None] = _none_cancel

    def missing(self, header: Header) -> list[str]:
        """Return the first spelling of each required group that the file lacks."""
        return [group[0] for group in self.required if not header.has(*group)]


def month_first(expression: str) -> str:
    """Return SQL that turns ``M/D/YYYY`` or ``M/D/YY`` (American, padded or not) into an ISO date.

    Text in any other shape passes unchanged.
    """
    pattern = r"^\s*(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})\s*$"
    parts = f"regexp_extract_all({expression}, '\\d+')"
    return (
        f"CASE WHEN regexp_matches({expression}, '{pattern}') THEN "
        f"right('20' || {parts}[3], 4) || '-' || lpad({parts}[1], 2, '0') || '-' "
        f"|| lpad({parts}[2], 2, '0') ELSE {expression} END"
    )
