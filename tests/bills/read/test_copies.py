"""Files sent together that hold one month twice."""

from __future__ import annotations

import numpy as np
import pytest

from costoptix.bills.read.copies import Copies
from costoptix.lake.coverage import Sketch


def sketch(*numbers: int) -> Sketch:
    return Sketch.of([np.array([number * 1_000_003 for number in numbers], dtype=np.uint64)])


FIRST, SECOND = range(100), range(100, 200)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([FIRST, SECOND], [0, 0]),
        ([FIRST, FIRST], [0, 1]),
        ([FIRST, range(40)], [0, 1]),
        ([range(40), FIRST], [0, 1]),
        ([FIRST, range(70, 200)], [0, 0]),
        ([FIRST, SECOND, FIRST, SECOND], [0, 0, 1, 1]),
        ([FIRST, FIRST, FIRST], [0, 1, 2]),
        ([FIRST, range(0)], [0, 0]),
    ],
)
def test_a_file_is_of_the_version_after_the_last_that_holds_its_charges(
    files: list[range], expected: list[int]
) -> None:
    copies = Copies()
    assert [copies.add("month", n, sketch(*file)) for n, file in enumerate(files)] == expected


def test_the_files_that_are_alike_are_named_once_each() -> None:
    copies = Copies()
    for number, file in enumerate([FIRST, SECOND, FIRST]):
        copies.add("month", number, sketch(*file))
    assert copies.pairs == [(0, 2)]


def test_months_have_versions_of_their_own() -> None:
    copies = Copies()
    assert [copies.add(month, 0, sketch(*FIRST)) for month in ("march", "april")] == [0, 0]
