"""A file in pieces is the file: no record is cut, no line miscounted."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.bills.read.csv_pieces import TextPieces
from costoptix.errors import Invalid

CELLS = st.text(st.sampled_from('ab",\n é'), max_size=6)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=30)


def read(content: bytes, piece_bytes: int = 64) -> tuple[tuple[str, ...], list[tuple[int, bytes]]]:
    """Return the header and each piece: the line it begins on, and its bytes."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "sent"
        source.write_bytes(content)
        pieces = TextPieces(source, Path(folder), piece_bytes)
        found = [(piece.first_line, bytes(piece.text)) for piece in pieces]
        return pieces.header.names, found


def records(text: str) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(text, newline="")) if row]


@given(ROWS, st.integers(1, 200))
def test_pieces_hold_whole_records_and_all_of_them(
    rows: list[tuple[str, ...]], piece_bytes: int
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(("x", "y\nz", "w"))
    writer.writerows(rows)
    names, pieces = read(text.getvalue().encode(), piece_bytes)
    assert names == ("x", "y\nz", "w")
    found = [row for _, piece in pieces for row in records(piece.decode())]
    assert found == [list(row) for row in rows]


@given(ROWS, st.integers(1, 200))
def test_each_record_is_named_by_the_line_it_begins_on(
    rows: list[tuple[str, ...]], piece_bytes: int
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(("x", "y", "w"))
    expected = []
    for row in rows:
        expected.append(text.getvalue().count("\n") + 1)
        writer.writerow(row)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "sent"
        source.write_bytes(text.getvalue().encode())
        pieces = TextPieces(source, Path(folder), piece_bytes)
        found = [line for piece in pieces for line in piece.lines(())]
    assert found == expected


def test_marks_at_the_start_and_before_the_first_row_are_no_part_of_a_name_or_cell() -> None:
    mark = b"\xef\xbb\xbf"
    assert read(mark + b"a,b\n" + mark + b"1,2\n") == (("a", "b"), [(2, b"1,2\n")])


def test_carriage_returns_alone_end_lines() -> None:
    assert read(b"a,b\r1,2\r3,4\r") == (("a", "b"), [(2, b"1,2\n3,4\n")])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\n1,2\n", "no header"),
        (b",,,\n", "no header"),
        (b"sep=#\na#b\n", "'#' stands between cells"),
        (b"\x80\x81,b\n", "not UTF-8"),
        (b'"a,b', "not a header"),
        (b"a,b\0\n1,2\n", "NUL"),
        (",".join(f"c{n}" for n in range(100_000)).encode(), "100000 columns"),
        (b"a" * (3 << 20), "longer than a header"),
    ],
)
def test_what_has_no_header_is_refused_in_words(content: bytes, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        read(content)


def test_chunks_that_end_with_a_record_do_not_overflow_a_piece(tmp_path: Path) -> None:
    """Each chunk of a megabyte ended with a line: the piece took one more, until it burst."""
    source = tmp_path / "sent"
    source.write_bytes(b"a\n" + b"\n" * (6 << 20))
    pieces = TextPieces(source, tmp_path, piece_bytes=1 << 20)
    assert sum(len(piece.text) for piece in pieces) == 6 << 20
