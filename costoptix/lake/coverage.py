"""What a delivery covers: one small file beside its roll-ups, by which deliveries are compared.

Per currency, day, charge category and sub-account: how many charges, and, of billed and of
effective cost, the sums of the positive and of the negative amounts. A credit that cancels usage
hides in a net sum; here it does not. With it a **sketch** of which charges these are: the smallest
of the hashes of their identities (``bills/read/identities.py``), by which it is estimated how many
charges of one delivery another one holds as well (bottom-k sampling: Broder, "On the resemblance
and containment of documents", 1997).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import parquet

KIND = "coverage"
"""The kind of the file among those of a delivery."""

KEYS = ("currency", "day", "charge_category", "account")
AMOUNTS = ("billed_positive", "billed_negative", "effective_positive", "effective_negative")
AMOUNT_TYPE = pa.decimal128(38, 18)
SCHEMA = pa.schema(
    [
        ("currency", pa.string()),
        ("day", pa.date32()),
        ("charge_category", pa.string()),  # NULL where the bill says none
        ("account", pa.string()),  # as ``account_of`` writes it, in its one spelling
        ("charge_count", pa.int64()),
        *((name, AMOUNT_TYPE) for name in AMOUNTS),
    ]
)

SKETCH_SIZE = 4096
SKETCH_VERSION = 1
"""Of the hashes: two sketches of different versions say nothing about each other."""

FEWEST_SAMPLES = 16
"""Of fewer identities in common reach of two sketches a share is not estimated."""

_METADATA = b"costoptix_sketch"
_EVERY_HASH = (1 << 64) - 1

Hashes: TypeAlias = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Sketch:
    """The smallest hashes of the identities of charges, sorted, none twice."""

    hashes: Hashes
    reach: int = _EVERY_HASH  # no identity up to this one, inclusive, is left out
    version: int = SKETCH_VERSION

    @classmethod
    def of(cls, parts: Iterable[Hashes]) -> Sketch:
        """Return the sketch of hashes that come in parts; a hash may come more than once."""
        smallest = np.empty(0, dtype=np.uint64)
        reach = _EVERY_HASH
        for part in parts:
            candidates = np.unique(np.concatenate([smallest, part[part <= np.uint64(reach)]]))
            if len(candidates) > SKETCH_SIZE:
                candidates = candidates[:SKETCH_SIZE]
                reach = int(candidates[-1])
            smallest = candidates
        return cls(smallest, reach)

    def share_in(self, others: Sequence[Sketch]) -> float | None:
        """Estimate which share of these identities the others hold together, from 0 to 1.

        None where too few identities can be compared.
        """
        if any(other.version != self.version for other in others):
            return None
        reach = np.uint64(min([self.reach, *(other.reach for other in others)]))
        sample = self.hashes[self.hashes <= reach]
        if not len(sample) or (len(sample) < FEWEST_SAMPLES and len(sample) < len(self.hashes)):
            return None
        theirs = np.concatenate([np.empty(0, np.uint64), *(other.hashes for other in others)])
        return float(np.isin(sample, theirs).mean())


@dataclass(frozen=True)
class Coverage:
    """The rows of a coverage file (SCHEMA); ``sketch`` is None where it was never made."""

    table: pa.Table
    sketch: Sketch | None

    def write(self, path: Path) -> int:
        """Write the file; return its size in bytes."""
        metadata = {} if self.sketch is None else {_METADATA: _sketch_text(self.sketch)}
        table = self.table.select(SCHEMA.names).cast(SCHEMA).replace_schema_metadata(metadata)
        parquet.write_table(table, path, compression="zstd")
        return path.stat().st_size


def read(path: Path) -> Coverage:
    """Read a coverage file back."""
    table = parquet.read_table(path)
    written = (table.schema.metadata or {}).get(_METADATA)
    sketch = None if written is None else _sketch(written)
    return Coverage(table.replace_schema_metadata(None), sketch)


def _sketch_text(sketch: Sketch) -> bytes:
    hashes = sketch.hashes.astype("<u8").tobytes().hex()
    return json.dumps(
        {"version": sketch.version, "reach": str(sketch.reach), "hashes": hashes}
    ).encode()


def _sketch(written: bytes) -> Sketch:
    values = json.loads(written)
    hashes = np.frombuffer(bytes.fromhex(values["hashes"]), dtype="<u8").astype(np.uint64)
    return Sketch(hashes, int(values["reach"]), int(values["version"]))


def gross(
    billed_positive: Decimal,
    billed_negative: Decimal,
    effective_positive: Decimal,
    effective_negative: Decimal,
) -> Decimal:
    """Return what moves in either direction: the larger of billed and of effective cost."""
    return max(billed_positive - billed_negative, effective_positive - effective_negative)
