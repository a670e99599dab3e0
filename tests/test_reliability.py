"""The table of `docs/reliability.md` names each fault once, and the tests that it names hold it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FAULTS = 30
MOST_OWED = 1
_ROW = re.compile(r"^\| R(\d+) \| .+ \| .+ \| (.+) \|$", re.MULTILINE)
ROWS = [
    (int(number), held)
    for number, held in _ROW.findall((ROOT / "docs" / "reliability.md").read_text())
]


def test_each_fault_stands_in_the_table_once() -> None:
    assert [number for number, _ in ROWS] == [*range(1, FAULTS + 1)]
    assert len([held for _, held in ROWS if held.startswith("not in the suite")]) <= MOST_OWED


@pytest.mark.parametrize(("number", "held"), ROWS)
def test_the_test_that_a_fault_names_cites_it(number: int, held: str) -> None:
    if held.startswith("not in the suite: "):
        paths = [ROOT / held.removeprefix("not in the suite: ")]
    else:
        paths = [ROOT / "tests" / f"{name}.py" for name in held.split(", ")]
    for path in paths:
        assert re.search(rf"\bR{number}\b|_r{number}_", path.read_text()), path
