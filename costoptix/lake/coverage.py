"""What a delivery covers: one small file beside its roll-ups, by which deliveries are compared.

Per currency, day, charge category and sub-account: how many charges, and, of billed and of
effective cost, the sums of the positive and of the negative amounts. A credit that cancels usage
hides in a net sum; here it does not. With it a **sketch** of which charges these are: the smallest
of the hashes of their identities (``bills/read/identities.py``), by which it is estimated how many
charges of one delivery another one holds as well (bottom-k sampling: Broder, "On the resemblance
and containment of documents", 1997).
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute, parquet

from costoptix.lake.layout import CHARGE_COUNT
from costoptix.lake.providers import account_of, canonical_account

KIND = "coverage"
"""The kind of the file among those of a delivery."""

KEYS = ("currency", "day", "charge_category", "account")
SIGNED = {
    "billed_cost": ("billed_positive", "billed_negative"),
    "effective_cost": ("effective_positive", "effective_negative"),
}
"""By metric, the sums of its positive and of its negative amounts; the latter is below zero."""

AMOUNTS = tuple(name for names in SIGNED.values() for name in names)
AMOUNT_TYPE = pa.decimal128(38, 18)
SCHEMA = pa.schema(
    [
        ("currency", pa.string()),
        ("day", pa.date32()),
        ("charge_category", pa.string()),  # NULL where the bill says none
        ("account", pa.string()),  # as ``account`` writes it
        (CHARGE_COUNT, pa.int64()),
        *((name, AMOUNT_TYPE) for name in AMOUNTS),
    ]
)

HASH_BITS = 48
"""Of 100 million identities, one in three million has the hash of another by chance."""

SKETCH_SIZE = 4096
SKETCH_VERSION = 2
"""Of the hashes and of how they are written: a sketch of another version is none."""

FEWEST_SAMPLES = 16
"""Of fewer identities in common reach of two sketches a share is not estimated."""

_METADATA = "costoptix_sketch"
_EVERY_HASH = (1 << HASH_BITS) - 1
_ZERO = pa.scalar(Decimal(0), AMOUNT_TYPE)
_DAILY = (
    "currency", "day", "charge_category", "provider_name", "sub_account_id", CHARGE_COUNT, *SIGNED,
)  # fmt: skip

Hashes: TypeAlias = npt.NDArray[np.uint64]


def account(provider_name: str | None, sub_account_id: str | None) -> str:
    """Write an account in its one spelling: ``azure:<guid>`` also of ``/subscriptions/<GUID>``."""
    canonical = None if sub_account_id is None else canonical_account(sub_account_id)
    return account_of(provider_name, canonical)


@dataclass(frozen=True)
class Sketch:
    """The smallest hashes of the identities of charges, sorted, none twice."""

    hashes: Hashes
    reach: int = _EVERY_HASH  # no identity up to this one, inclusive, is left out

    @classmethod
    def of(cls, parts: Iterable[Hashes]) -> Sketch:
        """Return the sketch of hashes that come in parts; a hash may come more than once."""
        sketch = cls(np.empty(0, dtype=np.uint64))
        for part in parts:
            sketch = sketch.with_more(part)
        return sketch

    def with_more(self, hashes: Hashes, size: int = SKETCH_SIZE) -> Sketch:
        """Return the sketch of these identities and of others."""
        near = hashes[hashes <= np.uint64(self.reach)]
        if not len(near):
            return self
        return Sketch(_distinct([self.hashes, near]), self.reach).smallest(size)

    def union(self, other: Sketch) -> Sketch:
        """Return the sketch of what either is of."""
        nearest = self if self.reach <= other.reach else other
        reach = np.uint64(nearest.reach)
        near = [sketch.hashes[sketch.hashes <= reach] for sketch in (self, other)]
        return Sketch(_distinct(near), nearest.reach).smallest(SKETCH_SIZE)

    def smallest(self, size: int) -> Sketch:
        """Return the sketch without more than the smallest hashes."""
        if len(self.hashes) <= size:
            return self
        return Sketch(self.hashes[:size].copy(), int(self.hashes[size - 1]))

    def share_in(self, others: Sequence[Sketch]) -> float | None:
        """Estimate which share of these identities the others hold together, from 0 to 1.

        None where too few identities can be compared.
        """
        reach = np.uint64(min([self.reach, *(other.reach for other in others)]))
        sample = self.hashes[self.hashes <= reach]
        if not len(sample) or (len(sample) < FEWEST_SAMPLES and len(sample) < len(self.hashes)):
            return None
        theirs = np.concatenate([np.empty(0, np.uint64), *(other.hashes for other in others)])
        return float(np.isin(sample, theirs).mean())


def _distinct(parts: Sequence[Hashes]) -> Hashes:
    """Return hashes sorted, none twice; ``np.unique`` takes three times as long."""
    hashes = np.sort(np.concatenate(parts))
    return np.asarray(hashes[np.append(True, hashes[1:] != hashes[:-1])[: len(hashes)]])


@dataclass(frozen=True)
class Coverage:
    """The rows of a coverage file (SCHEMA); ``sketch`` is None where it was never made."""

    table: pa.Table
    sketch: Sketch | None

    def write(self, path: Path) -> int:
        """Write the file; return its size in bytes."""
        return write(path, [self.table], self.sketch)


def write(path: Path, tables: Iterable[pa.Table], sketch: Sketch | None) -> int:
    """Write a coverage file of rows that come in parts; return its size in bytes."""
    with parquet.ParquetWriter(
        path,
        SCHEMA,
        compression="zstd",
        use_dictionary=list(KEYS),
        write_statistics=False,
        store_schema=False,
    ) as writer:
        for table in tables:
            writer.write_table(table.select(SCHEMA.names).cast(SCHEMA))
        if sketch is not None:
            writer.add_key_value_metadata({_METADATA: _written(sketch)})
    return path.stat().st_size


def read(path: Path) -> Coverage:
    """Read a coverage file back."""
    with parquet.ParquetFile(path) as file:
        table = file.read(use_threads=False).replace_schema_metadata(None)
        written = (file.metadata.metadata or {}).get(_METADATA.encode())
    return Coverage(table.cast(SCHEMA), None if written is None else _sketch(written))


def of_daily(path: Path) -> Coverage:
    """Build the coverage of a delivery that has no such file from its roll-up ``daily``.

    What is a net sum there counts by its sign, so that a credit which cancels usage of the same
    day, account and service hides. There is no sketch.
    """
    with parquet.ParquetFile(path) as file:
        batches = file.iter_batches(columns=list(_DAILY), use_threads=False)
        parts = [_added_up([_signed(pa.Table.from_batches([batch]))]) for batch in batches]
    return Coverage(_added_up([SCHEMA.empty_table(), *parts]), None)


DailySum: TypeAlias = tuple[str, date, str | None, str | None, Decimal, Decimal]
"""Currency, day, provider, sub-account, billed and effective cost."""


def of_sums(rows: Iterable[DailySum]) -> Coverage:
    """Build the coverage of a delivery of which no file is left from what its accounts cost."""
    columns = list(zip(*rows, strict=True)) or [()] * 6
    names = ("currency", "day", "provider_name", "sub_account_id", *SIGNED)
    types = [pa.string(), pa.date32(), pa.string(), pa.string(), AMOUNT_TYPE, AMOUNT_TYPE]
    daily = pa.table(
        {
            name: pa.array(column, type_)
            for name, column, type_ in zip(names, columns, types, strict=True)
        }
    )
    size = daily.num_rows
    daily = daily.append_column("charge_category", pa.nulls(size, pa.string()))
    daily = daily.append_column(CHARGE_COUNT, pa.array([1] * size, pa.int64()))
    return Coverage(_added_up([_signed(daily)]), None)


def _signed(daily: pa.Table) -> pa.Table:
    """Return rows of the roll-up as rows of coverage, which are not added up yet."""
    pairs = zip(
        daily.column("provider_name").to_pylist(),
        daily.column("sub_account_id").to_pylist(),
        strict=True,
    )
    spelled: dict[tuple[str | None, str | None], str] = {}
    accounts = [spelled.get(pair) or spelled.setdefault(pair, account(*pair)) for pair in pairs]
    columns = {name: daily.column(name) for name in _DAILY if name in SCHEMA.names}
    columns["account"] = pa.array(accounts, pa.string())
    for metric, (positive, negative) in SIGNED.items():
        amounts = daily.column(metric)
        columns[positive] = compute.if_else(compute.greater(amounts, _ZERO), amounts, _ZERO)
        columns[negative] = compute.if_else(compute.less(amounts, _ZERO), amounts, _ZERO)
    return pa.table(columns).select(SCHEMA.names).cast(SCHEMA)


def _added_up(tables: Sequence[pa.Table]) -> pa.Table:
    summed = (CHARGE_COUNT, *AMOUNTS)
    rows = pa.concat_tables(tables)
    groups = pa.TableGroupBy(rows, list(KEYS), use_threads=False).aggregate(
        [(name, "sum") for name in summed]
    )
    named = groups.rename_columns({f"{name}_sum": name for name in summed})
    return named.select(SCHEMA.names).cast(SCHEMA)


def _written(sketch: Sketch) -> str:
    """Write a sketch small: its hashes lie close together, so that of each only the gap is kept."""
    gaps = np.diff(sketch.hashes, prepend=np.uint64(0)).astype(">u8")
    by_place = gaps.view(np.uint8).reshape(-1, 8).T  # the first bytes of nearly all are zero
    text = base64.b64encode(zlib.compress(by_place.tobytes(), level=1)).decode()
    return json.dumps({"version": SKETCH_VERSION, "reach": str(sketch.reach), "gaps": text})


def _sketch(written: bytes) -> Sketch | None:
    values = json.loads(written)
    if values["version"] != SKETCH_VERSION:
        return None
    by_place = np.frombuffer(zlib.decompress(base64.b64decode(values["gaps"])), dtype=np.uint8)
    gaps = np.ascontiguousarray(by_place.reshape(8, -1).T).view(">u8").ravel()
    return Sketch(np.cumsum(gaps.astype(np.uint64), dtype=np.uint64), int(values["reach"]))
