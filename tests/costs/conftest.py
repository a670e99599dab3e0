"""Fixtures of the cost store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.costs.lake import Lake, open_lake


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty lake of acme, answers not remembered."""
    with open_lake(tmp_path, cached_rows=0) as lake:
        yield lake
