"""A lake with an organization whose costs are judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from costoptix import clock
from tests.support.lake import Lake, open_lake


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty lake, on 20 March 2026."""
    clock.configure("2026-03-20T12:00:00Z")
    with open_lake(tmp_path) as lake:
        yield lake
