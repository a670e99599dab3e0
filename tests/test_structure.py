"""The tests mirror the tree: what a module does is tested in the file of its name."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MIRRORED = ("bills/formats", "bills/intake", "bills/ledger", "bills/read", "lake")
"""Rooms of which every module has one; a room that has become whole is added."""


@pytest.mark.parametrize("room", MIRRORED)
def test_each_module_has_a_file_of_tests_of_its_name(room: str) -> None:
    lacking = [
        str(module.relative_to(ROOT))
        for module in sorted((ROOT / "costoptix" / room).glob("*.py"))
        if module.name != "__init__.py"
        and not (ROOT / "tests" / room / f"test_{module.name}").exists()
    ]
    assert lacking == []
