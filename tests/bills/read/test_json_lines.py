"""Files of JSON lines, piece by piece."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from costoptix.bills.read.json_lines import JsonLinesPieces
from costoptix.bills.read.rejections import FILE_NAME
from costoptix.errors import Invalid
from tests.bills.bill import ORDINARY
from tests.support.bills import DATA, Stage


def _lines(*rows: dict[str, object]) -> bytes:
    return b"".join(json.dumps(ORDINARY | row).encode() + b"\n" for row in rows)


def test_pieces_together_are_the_file(tmp_path: Path) -> None:
    source = DATA / "gcp" / "detailed.jsonl"

    whole = [bytes(piece.text).decode() for piece in JsonLinesPieces(source, tmp_path)]
    small = [bytes(piece.text).decode() for piece in JsonLinesPieces(source, tmp_path, 1)]

    assert len(small) == len(source.read_text().splitlines())
    assert "".join(small) == "".join(whole)


def test_every_member_of_any_line_is_a_column(tmp_path: Path) -> None:
    source = tmp_path / "bill.jsonl"
    source.write_text('{"a": 1}\n{"b": {"c": 0.10}}\n')

    pieces = JsonLinesPieces(source, tmp_path)

    assert pieces.header.names == ("a", "b")
    assert [bytes(piece.text).decode() for piece in pieces] == ['1,\n,"{""c"": ""0.10""}"\n']


def test_a_number_keeps_every_digit(stage: Stage) -> None:
    digits = "0.12345678901234567890123"
    line = _lines({}).replace(b'"BilledCost": "1"', b'"BilledCost": ' + digits.encode())

    staged, _ = stage(line)

    (billed,) = [line for line in staged.lines if line.metric == "billed_cost"]
    assert str(billed.sum_file) == digits


def test_a_rejected_row_is_named_by_its_line(stage: Stage) -> None:
    content = _lines({"ResourceId": "two\nlines"}, {}) + b"\n" + _lines({"BilledCost": "free"})

    staged, folder = stage(content)

    assert (staged.rows_kept, staged.rows_rejected) == (2, 1)
    assert json.loads((folder / FILE_NAME).read_text().splitlines()[0])["line"] == 4


@pytest.mark.parametrize(
    "bad",
    [b'{"BilledCost": "1', b"[1]", b"{}{}", b'{"a": NaN}', b'{"a":' * 100_000],
    ids=["cut off", "a list", "two objects", "not a number", "deep"],
)
def test_a_line_that_is_no_object_refuses_the_file(bad: bytes, stage: Stage) -> None:
    with pytest.raises(Invalid, match="Line 2 is not a JSON object"):
        stage(_lines({}) + bad + b"\n")


def test_a_line_without_end_is_refused(stage: Stage) -> None:
    with pytest.raises(Invalid, match="Line 2 is longer than a row can be"):
        stage(_lines({}) + b'{"a": "' + b"x" * (4 << 20))


@pytest.mark.parametrize("number", ["1e999", "-1e400", "1e-999"])
def test_a_number_that_no_amount_can_be_rejects_its_row_alone(number: str, stage: Stage) -> None:
    bad = _lines({}).replace(b'"BilledCost": "1"', b'"BilledCost": ' + number.encode())

    staged, folder = stage(_lines({}) + bad + _lines({}))

    assert (staged.rows_kept, staged.rows_rejected) == (2, 1)
    assert json.loads((folder / FILE_NAME).read_text().splitlines()[0])["line"] == 2


def test_half_of_a_surrogate_pair_refuses_the_file_beside_such_a_number_too(stage: Stage) -> None:
    bad = _lines({"ResourceId": "x"}).replace(b'"x"', b'"\\ud800", "other": 1e999')
    with pytest.raises(Invalid, match="Line 2 is not a JSON object"):
        stage(_lines({}) + bad)
