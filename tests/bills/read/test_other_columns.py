"""The columns that no expression of a format names are kept as one JSON object a row."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.bills.read import other_columns
from costoptix.bills.read.cells import Cells
from costoptix.bills.read.columns import arrow, encode

TEXT = st.one_of(
    st.none(),
    st.sampled_from(["a", 'say "yes"', "back\\slash", "line\nend", "\x00\x1f", "ü €", "{}"]),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1),
)
NAMES = ["x_One", 'x "Two"', "Größe", "a/b"]


def objects(rows: list[list[str | None]], *, plain: bool) -> list[str | None]:
    columns = [pa.array(list(column), pa.string()) for column in zip(*rows, strict=True)]
    cells = Cells([column if plain else encode(column) for column in columns], len(rows))
    others = {name: number for number, name in enumerate(NAMES)}
    return arrow(other_columns.other_columns(cells, others)).to_pylist()


@given(st.lists(st.lists(TEXT, min_size=4, max_size=4), min_size=1), st.booleans())
def test_an_object_has_what_the_row_has_and_nothing_empty(
    rows: list[list[str | None]], plain: bool
) -> None:
    expected = [
        {name: cell for name, cell in zip(NAMES, row, strict=True) if cell is not None}
        for row in rows
    ]
    found = objects(rows, plain=plain)
    assert [{} if text is None else json.loads(text) for text in found] == expected
    assert all(text != "{}" for text in found)
    assert objects([*rows, *rows, *rows], plain=False) == found * 3  # once for those that repeat


def test_rows_with_too_much_text_at_once_are_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[f"{row}-{number}" for number in range(4)] for row in range(20)]
    whole = objects(rows, plain=True)
    monkeypatch.setattr(other_columns, "_STEP_BYTES", 100)
    assert objects(rows, plain=True) == whole  # some rows at a time
    monkeypatch.setattr(other_columns, "MOST_BYTES", 1_000)
    with pytest.raises(other_columns.TooMuchText):
        objects(rows, plain=True)
    assert objects(rows[:10], plain=True) == whole[:10]
