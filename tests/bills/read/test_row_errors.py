"""A row that cannot be kept is named by file, line, column, value and reason."""

from __future__ import annotations

import pytest

from costoptix.bills.read.csv_pieces import TextPiece
from tests.bills.bill import ORDINARY, write
from tests.support.bills import Stage
from tests.support.staged import rejected


def test_a_bad_cell_rejects_its_row_by_line_column_value_and_reason(stage: Stage) -> None:
    rows = [{} for _ in range(20)]
    rows[2] = {"ChargeDescription": "two\nlines"}
    rows[5] = {"BilledCost": "$10,000.00 "}
    rows[7] = {"ChargePeriodStart": "2026-02-30T00:00:00Z", "EffectiveCost": ""}
    rows[9] = {"Tags": "team=web", "BillingCurrency": "dollars"}
    staged, folder = stage(write(rows, [*ORDINARY, "ChargeDescription"]))
    assert (staged.rows_kept, staged.rows_rejected) == (17, 3)
    assert {(each.line, each.column, each.value) for each in rejected(folder)} == {
        (8, "BilledCost", "$10,000.00 "),
        (10, "ChargePeriodStart", "2026-02-30T00:00:00Z"),
        (10, "EffectiveCost", None),
        (12, "BillingCurrency", "dollars"),
    }
    assert all(each.reason for each in rejected(folder))
    billed = [line for line in staged.lines if line.metric == "billed_cost"]
    assert sum(line.sum_rejected for line in billed) == 2
    assert sum(line.sum_file for line in billed) == 19


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"a,b\n", "fewer cells"),
        (b",".join([b"1"] * 40) + b"\n", "more cells"),
        (b"\xff" + b"," * (len(ORDINARY) - 1) + b"\n", "not UTF-8"),
    ],
)
def test_a_line_that_is_no_record_is_rejected_alone(stage: Stage, line: bytes, reason: str) -> None:
    header, _, rest = write([{}] * 3).partition(b"\n")
    content = header + b"\n" + rest[: len(rest) // 3] + line + rest[len(rest) // 3 :]
    staged, folder = stage(content, encoding="utf-8")
    assert (staged.rows_kept, staged.rows_rejected) == (3, 1)
    (found,) = rejected(folder)
    assert found.line == 3
    assert reason in found.reason


def test_a_stray_quote_rejects_its_row_alone(stage: Stage) -> None:
    staged, folder = stage(write([{}] * 50).replace(b"i-1", b'"i-1', 1))
    assert (staged.rows_kept, staged.rows_rejected) == (49, 1)
    assert rejected(folder)[0].line == 2


def test_rows_that_only_one_reader_finds_are_named_by_where_they_begin(
    monkeypatch: pytest.MonkeyPatch, stage: Stage
) -> None:
    monkeypatch.setattr(TextPiece, "lines", lambda self, without: iter(()))
    staged, folder = stage(write([{"BilledCost": "x"}]))
    assert staged.rows_rejected == 1
    assert [each.line for each in rejected(folder)] == [2]


def test_a_second_header_line_is_a_rejected_row(stage: Stage) -> None:
    content = write([{}] * 3)
    header, _, rest = content.partition(b"\n")
    staged, folder = stage(header + b"\n" + header + b"\n" + rest)
    assert (staged.rows_kept, staged.rows_rejected) == (3, 1)
    assert {each.line for each in rejected(folder)} == {2}
