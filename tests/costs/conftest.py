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


@pytest.fixture(scope="module")
def bills_lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """One lake for all examples of a property; each bill is an organization of its own in it."""
    with open_lake(tmp_path_factory.mktemp("laws"), cached_rows=0) as lake:
        yield lake
