"""An organization's live charges as a partitioned tree of FOCUS files, for other programs to read.

``organization=<id>/billing_period=YYYY-MM/charges-0001.parquet``: the columns of ``export``, the
same in every file, with ``manifest.json`` (what there is, to the byte and to the last digit) and
``metadata.json`` (FOCUS's own: who made it, by which schema). docs/lake.md describes both.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from sqlalchemy.orm import Session

from costoptix import money
from costoptix.access.permissions import Caller
from costoptix.clock import utc_now
from costoptix.costs.answers import CostStore
from costoptix.costs.export import (
    Selected,
    note,
    select_charges,
    with_same_columns,
    write_focus_parquet,
)
from costoptix.costs.focus_metadata import (
    FOCUS_VERSION,
    GENERATOR,
    FocusMetadata,
    describe,
)
from costoptix.costs.query import CostQuery
from costoptix.costs.report import with_live
from costoptix.lake.charges import COLUMNS, ColumnKind
from costoptix.lake.files import period_folder
from costoptix.lake.layout import METRICS
from costoptix.lake.live import LiveData, LiveDelivery
from costoptix.lake.whole_folder import empty, whole_folder
from costoptix.models import Organization
from costoptix.periods import DateRange
from costoptix.version import __version__

LAYOUT = "costoptix-focus-tree"
LAYOUT_VERSION = 1
"""Raised when a reader of the tree would have to change."""

MANIFEST, METADATA = "manifest.json", "metadata.json"

_ANY_DAY = CostQuery(DateRange(date(2000, 1, 1), date(2000, 1, 1)))

Sums = dict[str, str | None]
"""Metric by its FOCUS name → sum, a decimal number; None where no charge has that cost."""


@dataclass(frozen=True)
class TreeFile:
    """One file of the tree: a delivery's charges. The path is within the tree."""

    path: str
    billing_period: str
    rows: int
    sums: dict[str, Sums]  # by currency
    size_bytes: int = 0
    sha256: str = ""
    providers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tree:
    """What was written."""

    files: tuple[TreeFile, ...] = field(default=())

    @property
    def rows(self) -> int:
        """Return the number of charges."""
        return sum(file.rows for file in self.files)


def export_tree(
    session: Session, organization: Organization, caller: Caller, folder: Path, store: CostStore
) -> Tree:
    """Write every live charge into ``folder``, new or empty; the audit log says so.

    It gets its name when it is whole. The caller pauses the sweep, for what is read may be
    replaced meanwhile. Memory does not grow with the charges.

    Raises:
        Conflict: ``folder`` holds something, or lies nowhere.
        NoSpace: the disk is full.
        Unavailable: a file of the lake is missing.
    """
    with whole_folder(folder) as unfinished:

        def answer(live: LiveData) -> Tree:
            session.commit()  # ends the read: the files are named, and writing them takes long
            empty(unfinished)  # of a first try whose deliveries were replaced
            return _write(unfinished, organization, live, store)

        tree = with_live(session, organization, store, answer)
    note(session, caller, folder.name, charges=tree.rows, files=len(tree.files))
    return tree


def _write(root: Path, organization: Organization, live: LiveData, store: CostStore) -> Tree:
    """Write the files, then what describes them."""
    columns, selections = _selected(live, store)
    folders = Counter[str]()
    files = []
    for delivery, selected in selections:
        folder = period_folder(organization.id, delivery.billing_period)
        folders[folder] += 1
        path = f"{folder}/charges-{folders[folder]:04}.parquet"
        file = replace(
            _added_up(selected, store), path=path, billing_period=delivery.billing_period.text
        )
        files.append(_write_file(root / path, file, selected, store))
    tree = Tree(tuple(files))
    providers = (name for file in files for name in file.providers)
    metadata = describe(columns, providers, utc_now())
    _write_json(root / METADATA, metadata.document)
    _write_json(root / MANIFEST, _manifest(organization, live, tree, metadata))
    return tree


def _selected(
    live: LiveData, store: CostStore
) -> tuple[dict[str, ColumnKind], list[tuple[LiveDelivery, Selected]]]:
    """Return the columns of all files, and what each delivery fills of them, by period."""
    deliveries = sorted(live.deliveries, key=lambda delivery: delivery.billing_period.text)
    by_delivery = [select_charges(_days_of(delivery), [delivery], store) for delivery in deliveries]
    alike = with_same_columns(by_delivery)
    columns = alike[0].columns if alike else select_charges(_ANY_DAY, (), store).columns
    return columns, list(zip(deliveries, alike, strict=True))


def _days_of(delivery: LiveDelivery) -> CostQuery:
    return CostQuery(DateRange(delivery.first_day, delivery.last_day))


def _added_up(selected: Selected, store: CostStore) -> TreeFile:
    """Add up the charges of a file; where it lies is not said yet."""
    sums = ", ".join(f"CAST(sum({metric}) AS VARCHAR)" for metric in METRICS)
    lines = store.engine.read(
        f"SELECT billing_currency, count(*), list(DISTINCT provider_name), {sums} "  # noqa: S608
        f"FROM ({selected.statement.sql}) GROUP BY 1 ORDER BY 1",
        selected.statement.parameters,
    )
    rows, providers, by_currency = 0, set(), {}
    for currency, count, names, *texts in lines:
        rows += count
        providers.update(names)
        by_currency[currency] = _sums(texts)
    named = tuple(sorted(name for name in providers if name))
    return TreeFile("", "", rows, by_currency, providers=named)


def _sums(texts: Iterable[str | None]) -> Sums:
    amounts = (None if text is None else money.to_text(Decimal(text)) for text in texts)
    return dict(zip((COLUMNS[metric].focus_name for metric in METRICS), amounts, strict=True))


def _write_file(path: Path, file: TreeFile, selected: Selected, store: CostStore) -> TreeFile:
    """Write a file and have the disk keep it; return what it became."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x+b") as content:
        write_focus_parquet(content, selected, store)
        content.flush()
        os.fsync(content.fileno())
        content.seek(0)
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        return replace(file, size_bytes=content.tell(), sha256=digest)


def _manifest(
    organization: Organization, live: LiveData, tree: Tree, metadata: FocusMetadata
) -> dict[str, object]:
    """Say what there is.

    ``SchemaId`` is FOCUS's reference to the schema; ``dataFiles`` and ``dataRowCount`` are what our
    importer looks for.
    """
    return {
        "layout": LAYOUT,
        "layout_version": LAYOUT_VERSION,
        "focus_version": FOCUS_VERSION,
        "SchemaId": metadata.schema_id,
        "generator": {"name": GENERATOR, "version": __version__},
        "created_at": metadata.created_at.isoformat(timespec="seconds"),
        "organization": {"id": organization.id, "name": organization.name},
        "data_version": live.data_version,
        "rows": tree.rows,
        "totals": _totals(tree),
        "files": [_without_providers(file) for file in tree.files],
        "dataFiles": [file.path for file in tree.files],
        "dataRowCount": tree.rows,
    }


def _without_providers(file: TreeFile) -> dict[str, object]:
    return {name: value for name, value in asdict(file).items() if name != "providers"}


def _totals(tree: Tree) -> dict[str, Sums]:
    """Add up the sums of the files, each currency by itself."""
    amounts: defaultdict[str, dict[str, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    for file in tree.files:
        for currency, sums in file.sums.items():
            for name, text in sums.items():
                amounts[currency][name] += [] if text is None else [Decimal(text)]
    return {
        currency: {name: _total(parts) for name, parts in sums.items()}
        for currency, sums in sorted(amounts.items())
    }


def _total(parts: list[Decimal]) -> str | None:
    return money.to_text(sum(parts, Decimal(0))) if parts else None


def _write_json(path: Path, document: Mapping[str, object]) -> None:
    with path.open("x", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
