"""What a delivery covers, written and read back, and compared by a sketch."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa

from costoptix.lake import coverage
from costoptix.lake.coverage import SCHEMA, Coverage, Sketch


def test_it_reads_back_as_it_was_written(tmp_path: Path) -> None:
    row = ("USD", datetime.date(2026, 3, 1), "Usage", "1", 2, *(Decimal(5), Decimal(-1)) * 2)
    table = pa.table([[value] for value in row], schema=SCHEMA)
    sketch = Sketch.of([np.arange(100, dtype=np.uint64)])
    Coverage(table, sketch).write(tmp_path / "coverage.parquet")
    again = coverage.read(tmp_path / "coverage.parquet")
    assert again.table.equals(table)
    assert again.sketch is not None
    assert again.sketch.share_in([sketch]) == 1
