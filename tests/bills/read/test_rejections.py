"""The file of rejected rows: written in order, read in parts of which none is lost or doubled."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costoptix.bills.read import rejections
from costoptix.bills.read.casting import CHECKED
from costoptix.bills.read.rejections import Rejections, read, read_part
from costoptix.bills.read.staged import Rejection
from costoptix.lake.charges import COLUMNS, ColumnKind

rows = st.lists(
    st.builds(
        Rejection,
        file=st.none() | st.text(max_size=9), line=st.integers(2, 10**9),
        column=st.text(max_size=9), value=st.none() | st.text(max_size=40),
        reason=st.text(max_size=20),
    ),
    max_size=12,
)  # fmt: skip
suppressed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(folder: Path, rejected: list[Rejection]) -> Path:
    path = folder / rejections.FILE_NAME
    with Rejections(path) as file:
        for rejection in rejected:
            file.add(rejection)
    return path


@suppressed
@given(rows)
def test_what_is_written_is_read_in_its_order(tmp_path: Path, rejected: list[Rejection]) -> None:
    assert list(read(written(tmp_path, rejected))) == rejected


@suppressed
@given(rows, st.integers(1, 5))
def test_the_parts_of_a_file_are_all_of_it(
    tmp_path: Path, rejected: list[Rejection], limit: int
) -> None:
    path, first, parts = written(tmp_path, rejected), 0, []
    while first is not None:
        part = read_part(path, first, limit)
        assert part is not None
        assert len(part.rows) <= limit
        parts += part.rows
        first = part.next_byte
    assert parts == rejected


@pytest.mark.parametrize("first", [1, 5, 10**9])
def test_a_byte_where_no_line_begins_is_no_part(tmp_path: Path, first: int) -> None:
    path = written(tmp_path, [Rejection(line=2, column="a", value="x", reason="no")] * 2)
    assert read_part(path, first, 9) is None


def test_without_a_file_nothing_was_rejected(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert list(read(missing)) == []
    assert read_part(missing, 0, 9) == rejections.RejectionsPart([], None)
    assert read_part(missing, 7, 9) is None


def test_a_long_cell_is_cut_to_what_a_person_needs() -> None:
    assert rejections.shown(None) is None
    assert rejections.shown("x" * 200) == "x" * 200
    assert rejections.shown("x" * 201) == "x" * 200 + "…"


@pytest.mark.parametrize("kind", sorted({column.kind for column in CHECKED}))
def test_every_kind_of_column_has_a_reason(kind: ColumnKind) -> None:
    column = next(column for column in COLUMNS.values() if column.kind is kind)
    assert rejections.reason(column, "x").startswith("is not ")
    assert rejections.reason(column, None) == "is empty, and a charge needs it"
