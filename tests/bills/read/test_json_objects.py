"""Objects one a line, in a list or one after the other are the same rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.bills.read import container
from costoptix.bills.read.container import TextReader
from costoptix.bills.read.json_objects import objects
from costoptix.bills.read.rejections import FILE_NAME
from costoptix.errors import Invalid
from tests.bills.bill import ORDINARY
from tests.support.bills import Stage

TAGS = {"team": "web ] } [ {", "quote": '"\\'}
ROWS = [ORDINARY | {"BilledCost": cost, "Tags": TAGS} for cost in ("1.25", "2.25", "3.25")]
SHAPES: dict[str, Callable[[list[object]], str]] = {
    "lines": lambda rows: "\n".join(map(json.dumps, rows)),
    "compact list": lambda rows: json.dumps(rows, separators=(",", ":")),
    "pretty list": lambda rows: json.dumps(rows, indent=2),
    "a line each in a list": lambda rows: "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n",
    "pretty objects": lambda rows: "\r\n".join(json.dumps(row, indent=1) for row in rows),
    "one after the other": lambda rows: "\n  ".join(map(json.dumps, rows)).replace("\n", ""),
    "with a mark": lambda rows: "\ufeff \n" + json.dumps(rows),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_each_shape_is_read(stage: Stage, shape: Callable[[list[object]], str]) -> None:
    staged, _ = stage(shape(ROWS).encode())
    assert (staged.rows_kept, staged.rows_rejected) == (3, 0)
    (billed,) = [line for line in staged.lines if line.metric == "billed_cost"]
    assert str(billed.sum_stored) == "6.750000000000000000"


def test_a_list_in_utf_16_is_read(stage: Stage) -> None:
    staged, _ = stage(json.dumps(ROWS, ensure_ascii=False).encode("utf-16"))
    assert staged.rows_kept == 3


VALUES = st.recursive(
    st.none() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(
    st.lists(st.dictionaries(st.text(max_size=3), VALUES, min_size=1), min_size=1, max_size=5),
    st.sampled_from(sorted(SHAPES)),
    st.integers(1, 40),
)
def test_objects_are_found_wherever_chunks_end(
    rows: list[dict[str, object]], shape: str, size: int
) -> None:
    text = SHAPES[shape](list(rows)).encode()

    class Chunks(TextReader):
        def __init__(self) -> None:
            pass

        def chunks(self):
            return (text[at : at + size] for at in range(0, len(text), size))

    assert [json.loads(row) for _, row in objects(Chunks())] == rows


def test_a_rejected_row_is_named_by_its_number_in_the_list(stage: Stage) -> None:
    rows = [*ROWS, ORDINARY | {"BilledCost": "free"}]
    staged, folder = stage(json.dumps(rows).encode())
    assert (staged.rows_kept, staged.rows_rejected) == (3, 1)
    assert json.loads((folder / FILE_NAME).read_text())["line"] == 4


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "list is empty"),
        (json.dumps(ROWS)[:-1], "cut off after its object 3"),
        (json.dumps(ROWS)[:-40], "no JSON after its object 2"),
        (json.dumps([*ROWS, 7]), "Object 4 of the file is not a JSON object"),
        (json.dumps(ROWS) + "x", "no JSON after its object 3"),
        ("[" + json.dumps(ROWS[0]) + json.dumps(ROWS[1]) + "]", "no JSON after its object 1"),
        ("[1, 2]", "Object 1 of the file is not a JSON object"),
        ("[" * 100_000, "no JSON from its start"),
        ('{"a": NaN}\n', "Object 1 of the file is not a JSON object"),
        (json.dumps({"data": ROWS}), "rows are in the member 'data' of a JSON object"),
        (json.dumps({"n": 3, "result": {"rows": ROWS}}, indent=1), "the member 'result.rows'"),
        (json.dumps({"value": ROWS * 2_000}), "a JSON object that is longer than a row"),
        ('{"a": 1}', "not a billing file"),
    ],
)
def test_what_is_no_list_of_objects_is_refused_by_name(
    stage: Stage, text: str, sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        stage(text.encode())


def test_a_list_is_read_over_the_ends_of_chunks(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(container, "CHUNK_BYTES", 1_000)
    staged, _ = stage(json.dumps(ROWS * 30, indent=1).encode())
    assert staged.rows_kept == 90


def test_a_member_of_no_name_is_a_column(stage: Stage) -> None:
    staged, _ = stage(json.dumps([ORDINARY, ORDINARY | {"": "x"}]).encode())
    assert (staged.rows_kept, staged.rows_rejected) == (2, 0)


def test_a_member_that_is_there_twice_refuses_the_file_but_within_a_cell(stage: Stage) -> None:
    row = json.dumps(ORDINARY | {"Tags": {"team": "web"}})
    twice = row[:-1] + ', "BilledCost": "5"}'
    with pytest.raises(Invalid, match="object on line 2 names 'BilledCost' twice"):
        stage(f"{row}\n{twice}\n".encode())
    staged, _ = stage(row.replace('"team": "web"', '"team": "web", "team": "ops"').encode())
    assert staged.rows_kept == 1
