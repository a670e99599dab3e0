"""A lake with an organization whose budgets are asked about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from costoptix import clock
from costoptix.access.permissions import Caller, Permission
from tests.support.lake import Lake, open_lake


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty lake, on 20 March 2026."""
    clock.configure("2026-03-20T12:00:00Z")
    with open_lake(tmp_path) as lake:
        yield lake


@pytest.fixture
def writer(lake: Lake) -> Caller:
    """Whoever may write."""
    return Caller(lake.organization.id, Permission.WRITE, "ci (cc_12345678…)")
