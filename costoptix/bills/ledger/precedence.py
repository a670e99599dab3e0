"""Which deliveries of one scope readers see. Pure: the same deliveries give the same answer.

Scope = (source, billing account, billing period). What is withdrawn does not stand here.

* Most exports write a month anew each time: the newest delivery replaces the others whole.
* **Parts** (slices of days, shards): a month may come in parts, each under a name. A delivery takes
  the place of those that have a part in common with it, and counts beside the others. The first
  delivery of a month is the part "", and so is every one that is asked about nothing.
* **Datasets** (Azure): what a month comes in, the provider's format says how they combine.
* **Batches** (Oracle): every file adds its rows. A file that may hold the rows of another one
  takes its place: the same range of reference numbers whatever its name, or the same name and
  neither numbers nor days apart.
* **Exports of a growing table** (Google): a delivery whose rows were all exported after those
  that are live adds to them; any other writes the month anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from costoptix.bills.read import recognize
from costoptix.bills.read.staged import Batch, Exported

_T = TypeVar("_T", str, date)

WHOLE = frozenset({""})
"""The parts of a delivery of a month that does not come in parts."""


@dataclass(frozen=True)
class Version:
    """A delivery of a scope as far as its precedence goes."""

    id: str
    delivered_at: datetime
    created_at: datetime
    first_day: date  # of its charges, inclusive
    last_day: date  # of its charges, inclusive
    import_id: str = ""
    family: str | None = None  # of formats
    dataset: str | None = None
    batch: Batch | None = None
    exported: Exported | None = None
    parts: frozenset[str] = WHOLE

    @property
    def order(self) -> tuple[datetime, datetime, str, str]:
        """Return what versions are ordered by, the oldest first; those of one import together."""
        return self.delivered_at, self.created_at, self.import_id, self.id


def live_versions(versions: Iterable[Version]) -> tuple[Version, ...]:
    """Return the versions that readers get together, the oldest first."""
    ordered = sorted(versions, key=lambda version: version.order)
    by_dataset: dict[str | None, tuple[Version, ...]] = {}
    family = next((version.family for version in ordered if version.dataset is not None), None)
    datasets = recognize.datasets_of(family)
    for version in ordered:
        dataset = None if datasets is None else version.dataset
        live = by_dataset.get(dataset, ())
        by_dataset[dataset] = (*_beside(version, live), version)
    if datasets is None:
        return by_dataset.get(None, ())
    newest = sorted((live[-1] for live in by_dataset.values()), key=lambda version: version.order)
    return tuple(version for one in datasets.live(newest) for version in by_dataset[one.dataset])


def replaced(newer: Version, others: Iterable[Version]) -> Version | None:
    """Return the newest of the older versions whose place a version takes; None if it adds."""
    older = sorted(
        (
            version
            for version in others
            if version.order < newer.order and version.dataset == newer.dataset
        ),
        key=lambda version: version.order,
    )
    taken = [version for version in older if version not in _beside(newer, tuple(older))]
    return taken[-1] if taken else None


def _beside(newer: Version, live: tuple[Version, ...]) -> tuple[Version, ...]:
    """Return which of the live versions stay when a newer one comes."""
    same = tuple(version for version in live if not version.parts.isdisjoint(newer.parts))
    if newer.batch is not None:
        leaving = [version for version in same if _may_hold_the_same_rows(newer, version)]
    else:
        leaving = [] if _adds(newer, same) else list(same)
    return tuple(version for version in live if version not in leaving)


def _adds(newer: Version, live: Sequence[Version]) -> bool:
    """Tell whether every row of a version was exported after every row that is live."""
    exported = newer.exported
    return exported is not None and all(
        version.exported is not None and version.exported.last < exported.first for version in live
    )


def _may_hold_the_same_rows(newer: Version, older: Version) -> bool:
    if newer.batch is None or older.batch is None:
        return True
    if newer.batch.numbers == older.batch.numbers:
        return True
    return (
        newer.batch.file_name == older.batch.file_name
        and _overlap(newer.batch.numbers, older.batch.numbers)
        and _overlap((newer.first_day, newer.last_day), (older.first_day, older.last_day))
    )


def _overlap(one: tuple[_T, _T], other: tuple[_T, _T]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]
