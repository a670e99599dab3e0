"""The files that answer a question, with how accounts and providers are written in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from costoptix.costs import sql
from costoptix.costs.answers import CostStore
from costoptix.costs.plan import QueryPart, Side, plan
from costoptix.costs.query import CostQuery, Sides
from costoptix.costs.spellings import SPELLED, Spellings
from costoptix.lake.layout import CHARGES, ROLL_UPS
from costoptix.lake.live import LiveDelivery, LiveFile
from costoptix.periods import DateRange

_KINDS = (CHARGES, *(roll_up.name for roll_up in ROLL_UPS if roll_up.columns.issuperset(SPELLED)))
"""The kinds of files that hold the dimensions SPELLED."""


def parts_of(
    query: CostQuery,
    deliveries: Iterable[LiveDelivery],
    store: CostStore,
    kinds: Iterable[str] | None = None,
) -> tuple[QueryPart, ...]:
    """Plan a question, and look up the spellings in its files where it is about any.

    The days of a comparison are planned side by side; no charge is in two parts.

    Raises:
        FileGone: a file is not there.
    """
    if query.sides is None:
        return _parts_of(query, deliveries, store, kinds)
    every = tuple(deliveries)
    return tuple(
        replace(part, side=side)
        for side, days in _sides(query.date_range, query.sides)
        for part in _parts_of(replace(query, date_range=days, sides=None), every, store, kinds)
    )


def _sides(asked: DateRange, sides: Sides) -> list[tuple[Side, DateRange]]:
    """List the days of a comparison, with what else was asked for."""
    days = [(Side.NOW, sides.now), (Side.BEFORE, sides.before)]
    if asked.first < sides.now.first:
        front = DateRange(asked.first, sides.now.first - timedelta(days=1))
        days.append((Side.NOT_COMPARED, front))
    if asked.last > sides.now.last:
        days.append((Side.NOT_COMPARED, DateRange(sides.now.after, asked.last)))
    return days


def _parts_of(
    query: CostQuery,
    deliveries: Iterable[LiveDelivery],
    store: CostStore,
    kinds: Iterable[str] | None,
) -> tuple[QueryPart, ...]:
    every = tuple(deliveries)
    parts = plan(query, every, kinds)
    if query.columns.isdisjoint(SPELLED):
        return parts
    return tuple(
        replace(part, spellings=_spellings(_smallest_files(every, part.days), store))
        for part in parts
    )


def _smallest_files(deliveries: Iterable[LiveDelivery], days: DateRange) -> tuple[str, ...]:
    """List the smallest files with the dimensions SPELLED of all deliveries that touch the days."""
    return tuple(
        file.path
        for delivery in deliveries
        if delivery.touches(days)
        for file in min(
            (delivery.files[kind] for kind in _KINDS if kind in delivery.files), key=_rows
        )
    )


def _rows(files: Iterable[LiveFile]) -> int:
    return sum(file.row_count for file in files)


def _spellings(paths: tuple[str, ...], store: CostStore) -> Spellings:
    """Return the spellings in some files; files never change, so that each is read once."""
    spellings = store.spellings.get(paths)
    if spellings is None:
        by_path = {path: store.spellings.get(path) for path in paths}
        new = _read([path for path, kept in by_path.items() if kept is None], store)
        for path, of_file in new.items():
            store.spellings.put(path, of_file, weight=1 + of_file.count)
        kept_and_new = (new.get(path) or by_path[path] or Spellings() for path in paths)
        spellings = Spellings.of_all(kept_and_new)
        store.spellings.put(paths, spellings, weight=1 + spellings.count)
    return spellings


def _read(paths: list[str], store: CostStore) -> dict[str, Spellings]:
    if not paths:
        return {}
    statement = sql.spellings_statement(paths, store.engine.path)
    values: defaultdict[str, list[tuple[str | None, ...]]] = defaultdict(list)
    for file_name, *row in store.engine.read(statement.sql, statement.parameters):
        values[file_name].append(tuple(row))
    return {path: Spellings.of_values(values[str(store.engine.path(path))]) for path in paths}
