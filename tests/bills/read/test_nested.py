"""Nested cells: read once per text, noted where they cannot be read, and never lost."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.bills.bill import ORDINARY, write
from tests.support.bills import DATA, Stage
from tests.support.staged import stored

UNREAD = "Tags of {} could not be read: {}. What the file says is kept with them."


def test_a_row_is_kept_whatever_its_tags_say(stage: Stage) -> None:
    rows = [{"Tags": tags} for tags in ("five", "{env=prod}", "", "[]", "a=b", "five")]
    staged, folder = stage(write(rows))
    assert (staged.rows_kept, staged.rows_rejected) == (6, 0)
    assert sorted(stored(staged, folder, "tags, other_columns"), key=str) == [
        ('{"env":"prod"}', None), (None, '{"Tags":"a=b"}'), (None, '{"Tags":"five"}'),
        (None, '{"Tags":"five"}'), (None, None), (None, None),
    ]  # fmt: skip
    assert staged.notes == (UNREAD.format("3 rows", "line 2, line 6, line 7"),)


def test_what_cannot_be_read_stands_beside_the_other_columns(stage: Stage) -> None:
    rows = [{"Tags": "five", "x_more": "1"}, {"x_more": "2"}]
    staged, folder = stage(write(rows, [*ORDINARY, "x_more"]))
    assert [json.loads(text) for (text,) in stored(staged, folder, "other_columns")] == [
        {"x_more": "1", "Tags": "five"}, {"x_more": "2"},
    ]  # fmt: skip


def test_lines_are_those_of_the_file_also_of_many_pieces(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("costoptix.bills.read.csv_pieces.PIECE_BYTES", 2_000)
    rows = [{"Tags": "five" if number % 40 == 0 else '{"a":"b"}'} for number in range(200)]
    staged, _ = stage(write(rows))
    lines = "line 2, line 42, line 82 and 2 more"
    assert staged.notes == (UNREAD.format("5 rows", lines),)


def test_nothing_is_noted_of_a_row_that_is_rejected(stage: Stage) -> None:
    staged, _ = stage(write([{"Tags": "five", "BilledCost": "x"}, {"Tags": "six"}]))
    assert staged.notes == (UNREAD.format("1 row", "line 3"),)


@pytest.mark.parametrize(
    "type_",
    [
        pa.map_(pa.string(), pa.string()),
        pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())])),
        pa.struct([("env", pa.string()), ("team", pa.string())]),
        pa.string(),
    ],
    ids=str,
)
def test_tags_of_parquet_are_tags_whatever_their_type(type_: pa.DataType, stage: Stage) -> None:
    tags: list[object] = [("env", "prod"), ("team", "a")]
    if pa.types.is_list(type_):
        tags = [{"key": key, "value": value} for key, value in tags]
    value: object = {"env": "prod", "team": "a"} if pa.types.is_struct(type_) else tags
    values = [json.dumps(dict(tags)), "five"] if pa.types.is_string(type_) else [value, None]
    table = pa.table({name: [text] * 2 for name, text in ORDINARY.items() if name != "Tags"})
    file = io.BytesIO()
    parquet.write_table(table.append_column("Tags", pa.array(values, type_)), file)
    staged, folder = stage(file.getvalue())
    assert (staged.rows_kept, staged.rows_rejected) == (2, 0)
    (first, _) = sorted(text or "~" for (text,) in stored(staged, folder, "tags"))
    assert json.loads(first) == {"env": "prod", "team": "a"}
    assert len(staged.notes) == pa.types.is_string(type_)


def test_more_texts_than_are_remembered_are_read_all_the_same(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("costoptix.bills.read.nested._MOST_REMEMBERED", 500)
    rows = [{"Tags": f'{{"n": "{number % 7}"}}'} for number in range(50)]
    staged, folder = stage(write(rows))
    assert len(set(stored(staged, folder, "tags"))) == 7


TAG_COLUMNS = {
    "Tags": ("focus-golden/aws_1_2_cost_and_usage_rows25_seed7_credits.csv",),
    "resource_tags": ("aws-cur/commitments_2_0.csv",),
    "tags": ("aws-cur/commitments_2_0.csv", "oci/cost_report.csv", "azure/MCA_Combined_Made.csv"),
    "labels": ("gcp/nested_json.csv",),
    "project.labels": ("gcp/flattened.csv",),
}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "bill"), [(column, bill) for column, bills in TAG_COLUMNS.items() for bill in bills]
)
def test_the_rule_is_one_in_every_format(column: str, bill: str, stage: Stage) -> None:
    """A cell that Athena printed is tags; one that says nothing certain is kept and noted."""
    rows = list(csv.DictReader(io.StringIO((DATA / bill).read_text("utf-8-sig"), newline="")))
    for number, row in enumerate(rows):
        row[column] = "{made=here}" if number else "made=here"
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    staged, folder = stage(text.getvalue().encode())
    before, _ = stage(DATA / bill)
    assert (staged.rows_kept, staged.rows_rejected) == (before.rows_kept, before.rows_rejected)
    (note,) = staged.notes
    title = column[:1].upper() + column[1:]
    assert note == UNREAD.replace("Tags", title).format("1 row", "line 2")
    found = stored(staged, folder, "tags, other_columns")
    kept = [json.loads(str(others or "{}")) for _, others in found]
    assert {"made=here"} == {one[column] for one in kept if column in one}
    assert sum('"made":"here"' in str(tags) for tags, _ in found) >= len(rows) - 1
