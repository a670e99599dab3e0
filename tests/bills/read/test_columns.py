"""Columns whose values are numbered are the columns that they were."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.bills.read import columns
from costoptix.bills.read.columns import Coded

VALUES = st.lists(st.sampled_from(["a", "b", "c", "B", "é", "", None]), max_size=30)
ROWS = st.lists(st.tuples(*[st.sampled_from(["a", "b", "é", None])] * 3), max_size=30)


def text(values: list[str | None]) -> pa.Array:
    return pa.array(values, type=pa.string())


def said(column: columns.Column) -> list[str | None]:
    return columns.arrow(column).to_pylist()


@given(VALUES, st.integers(1, 7))
def test_a_numbered_column_says_the_same(values: list[str | None], cut: int) -> None:
    chunks = [text(values[start : start + cut]) for start in range(0, len(values), cut)]
    column = columns.encode(pa.chunked_array(chunks, type=pa.string()))
    assert said(column) == values
    assert len(set(column.values.to_pylist())) == len(column.values)
    assert said(columns.one_array(pa.chunked_array(chunks, type=pa.string()))) == values


@given(VALUES, st.data())
def test_some_rows_without_the_values_that_they_have_not(
    values: list[str | None], data: st.DataObject
) -> None:
    rows = np.array(
        data.draw(st.lists(st.integers(0, len(values) - 1)) if values else st.just([])), dtype=int
    )
    expected = [values[row] for row in rows]
    column = columns.encode(text(values))
    assert said(column.take(rows)) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "FEW", 0)
        compact = column.take(rows).compact()
    assert said(compact) == expected
    assert set(compact.values.to_pylist()) == set(expected) - {None}


@given(VALUES)
def test_what_is_done_to_values_is_done_to_rows_and_equal_results_are_one(
    values: list[str | None],
) -> None:
    column = columns.encode(text(values))
    lowered = [None if each == "c" else each.lower() for each in column.values.to_pylist()]
    found = column.through(text(lowered))
    assert said(found) == [None if each in (None, "c") else each.lower() for each in values]
    assert len(set(found.values.to_pylist())) == len(found.values)


@given(VALUES)
def test_words_become_null(values: list[str | None]) -> None:
    expected = [None if each in ("", "B") else each for each in values]
    assert said(columns.without(columns.encode(text(values)), ["", "B"])) == expected
    assert said(columns.without(text(values), ["", "B"])) == expected


@given(ROWS, st.sampled_from([2, 20, 1 << 62]))
def test_combinations_are_told_apart_and_each_has_a_row(
    rows: list[tuple[str | None, ...]], largest_key: int
) -> None:
    coded = [columns.encode(text([row[n] for row in rows])) for n in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "_LARGEST_KEY", largest_key)
        found = columns.distinct(coded, len(rows))
    assert len(found) == len(set(rows))
    assert [rows[found.firsts[code]] for code in found.codes] == rows


@given(ROWS, st.sampled_from([2, 20, 1 << 62]))
def test_rows_are_sorted_by_bytes_null_last_and_equal_ones_stay_in_order(
    rows: list[tuple[str | None, ...]], largest_key: int
) -> None:
    coded = [columns.encode(text([row[n] for row in rows])) for n in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "_LARGEST_KEY", largest_key)
        found = columns.order([coded[0], columns.arrow(coded[1]), coded[2]], len(rows))

    def key(number: int) -> list[tuple[bool, bytes]]:
        return [(each is None, (each or "").encode()) for each in rows[number]]

    assert found.tolist() == sorted(range(len(rows)), key=key)


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_columns_one_after_the_other(parts: list[list[str | None]]) -> None:
    found = columns.concatenated([columns.encode(text(part)) for part in parts])
    assert said(found) == [each for part in parts for each in part]
    assert len(set(found.values.to_pylist())) == len(found.values)


def test_a_column_without_values_is_null() -> None:
    assert said(columns.constant(None, 2)) == [None, None]
    assert said(Coded(np.array([0, -1], dtype=np.int32), pa.array(["x"]))) == ["x", None]


@given(st.lists(VALUES, min_size=2, max_size=4), st.integers(1, 3))
def test_columns_with_equal_codes_have_one_array_of_them_and_say_the_same(
    lists: list[list[str | None]], step: int
) -> None:
    rows = max(map(len, lists))
    padded = {str(n): [*values, *[None] * (rows - len(values))] for n, values in enumerate(lists)}
    given_columns: dict[str, columns.Column] = {
        name: columns.encode(text(values)) for name, values in padded.items()
    }
    lowered = columns.encode(text([value and f"x{value}" for value in padded["0"]]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "_SAMPLE", step)  # so that more seem to be alike than are
        shared = columns.with_shared_codes({**given_columns, "last": lowered})
    assert {name: said(column) for name, column in shared.items()} == {
        **padded,
        "last": said(lowered),
    }
    first, last = shared["0"], shared["last"]
    assert isinstance(first, Coded)
    assert isinstance(last, Coded)
    assert first.codes is last.codes
