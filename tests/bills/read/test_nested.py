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


def typed(bill: Path | bytes, **columns: pa.Array) -> bytes:
    """Return a CSV bill as Parquet, some of its columns of other types."""
    text = bill.decode() if isinstance(bill, bytes) else bill.read_text("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    by_column = zip(header, zip(*rows, strict=True), strict=True)
    cells = {name: pa.array(texts) for name, texts in by_column}
    file = io.BytesIO()
    parquet.write_table(pa.table(cells | columns), file)
    return file.getvalue()


MAP = pa.map_(pa.string(), pa.string())
KEY_VALUE = [("Key", pa.string()), ("Value", pa.string()), ("x_type", pa.string())]
CUR = DATA / "aws-cur" / "commitments_2_0.csv"
CUR_ROWS = CUR.read_text().count("\n") - 1
VARIATIONS = {
    "a map with a value that is missing": (
        typed(write([{}] * 2), Tags=pa.array([[("a", "b"), ("c", None)], []], MAP)),
        {'{"a":"b","c":null}', None},
    ),
    "a list of structs with capitals and one member more": (
        typed(write([{}]), Tags=pa.array(
            [[{"Key": "a", "Value": "b", "x_type": "label"}]], pa.list_(pa.struct(KEY_VALUE))
        )),
        {'{"a":"b"}'},
    ),
    "numbered texts of Parquet": (
        typed(write([{}] * 3), Tags=pa.array(["{a=b}", "{a=b}", "[]"]).dictionary_encode()),
        {'{"a":"b"}', None},
    ),
    "numbers in a map": (
        typed(write([{}]), Tags=pa.array([[("a", 5)]], pa.map_(pa.string(), pa.int64()))),
        {'{"a":"5"}'},
    ),
    "CUR 2.0 in Parquet, the newer map": (
        typed(CUR, tags=pa.array([[("resourceTags/user_a", "b")]] * CUR_ROWS, MAP)),
        {'{"a":"b"}', '{"team":"blue","aws:created_by":"Root:1","a":"b"}'},
    ),
    "JSON lines with objects": (
        b"".join(
            json.dumps(ORDINARY | {"Tags": tags}).encode() + b"\n"
            for tags in ({"a": 1.10}, [{"key": "a", "value": "1.1"}], {"a": "1.1"}, "{a=1.1}")
        ),
        {'{"a":"1.1"}'},
    ),
    "CSV by Python, with a blank in front of a key": (
        write([{"Tags": "{' org': 'a', 'n': 5, 'x': None}"}]), {'{" org":"a","n":"5","x":null}'},
    ),
    "a record that is broken beside": (
        write([{"Tags": "{a=b}"}] * 2).replace(b"i-1", b'i-"1', 1), {'{"a":"b"}'},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VARIATIONS)
def test_variations(name: str, stage: Stage) -> None:
    bill, tags = VARIATIONS[name]
    staged, folder = stage(bill)
    assert {text for (text,) in stored(staged, folder, "tags")} <= tags
    assert staged.notes == ()


def test_categories_that_parquet_lists_are_their_last_word(stage: Stage) -> None:
    categories = pa.array([["GCP", "Compute", "GCE"], ["GCP"]], pa.list_(pa.string()))
    staged, folder = stage(typed(write([{}] * 2), ServiceCategory=categories))
    assert stored(staged, folder, "service_category") == [("Compute",), ('["GCP"]',)]
    assert len(staged.notes) == 1


def test_nested_columns_of_google_in_parquet(stage: Stage) -> None:
    path = DATA / "gcp" / "nested_json.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    columns = {
        name: pa.array([json.loads(row[name] or "null") for row in rows])
        for name in ("service", "labels", "project")
    }
    staged, folder = stage(typed(path, **columns))
    plain, plain_folder = stage(path)
    names = "service_name, sub_account_id, billed_cost"
    assert stored(staged, folder, names) == stored(plain, plain_folder, names)
    assert {text and tuple(sorted(json.loads(str(text)).items())) for (text,) in stored(
        staged, folder, "tags"
    )} == {text and tuple(sorted(json.loads(str(text)).items())) for (text,) in stored(
        plain, plain_folder, "tags"
    )}  # fmt: skip
    assert staged.notes == ()
