"""Pieces that need more memory than there is are cut until they do not."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from costoptix.bills import engine
from costoptix.bills.json_lines import JsonLinesPieces
from costoptix.bills.parquet import ParquetPieces
from costoptix.bills.pieces import TextPieces
from costoptix.bills.rejections import FILE_NAME
from tests.bills.bill import write
from tests.bills.conftest import DATA, Stage
from tests.bills.formats.reading import total


def test_halves_of_text_are_the_piece_cut_between_records(tmp_path: Path) -> None:
    source = tmp_path / "bill.csv"
    rows = [{"ResourceId": f"{number}\nof, 9"} for number in range(9)]
    source.write_bytes(write(rows))
    (piece,) = TextPieces(source, tmp_path)

    halves = piece.halves()

    assert halves is not None
    first, second = halves
    assert first.path.read_bytes() + second.path.read_bytes() == piece.path.read_bytes()
    assert [*first.lines(()), *second.lines(())] == list(piece.lines(()))


def test_halves_of_json_lines_keep_their_lines(tmp_path: Path) -> None:
    (piece,) = JsonLinesPieces(DATA / "gcp" / "detailed.jsonl", tmp_path)

    halves = piece.halves()

    assert halves is not None
    assert [list(half.lines(())) for half in halves] == [[1, 2], [3, 4, 5, 6]]


def test_halves_of_parquet_are_its_rows(tmp_path: Path) -> None:
    source = tmp_path / "bill.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT range AS a FROM range(5)) TO '{source}'")
        (piece,) = ParquetPieces(source, connection)

    halves = piece.halves()

    assert halves is not None
    assert [(half.first, half.last) for half in halves] == [(0, 2), (2, 5)]


def test_one_record_has_no_halves(tmp_path: Path) -> None:
    source = tmp_path / "bill.csv"
    source.write_bytes(write([{}]))
    (piece,) = TextPieces(source, tmp_path)

    assert piece.halves() is None


def test_a_bill_that_outgrows_memory_is_staged_in_halves(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One bad row and one broken line among them are still named once, by their lines."""
    extra = {f"x_{number}": "." * 200 for number in range(50)}
    rows = [{**extra, "BilledCost": "0.1"} for _ in range(1000)]
    content = write(
        [*rows, {"BilledCost": "free"}], [*write([]).decode().strip().split(","), *extra]
    )
    monkeypatch.setattr(engine, "MEMORY_LIMIT", "64MB")

    staged, folder = stage(content + b"broken\n")

    assert (folder / "piece.csv-1").exists()
    assert (staged.rows_kept, staged.rows_rejected) == (1000, 2)
    assert total(staged) == Decimal("100")
    lines = [json.loads(text)["line"] for text in (folder / FILE_NAME).read_text().splitlines()]
    assert lines == [1002, 1003]
