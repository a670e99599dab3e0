"""Closed lists of values: read whatever their case, kept and named where they are none."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from costoptix.bills.read.columns import arrow, coded, encode
from costoptix.bills.read.notes import MOST_NOTES
from costoptix.bills.read.vocabularies import WORDS, spelt, word
from tests.bills.bill import write
from tests.support.bills import DATA, Stage
from tests.support.staged import stored


@pytest.mark.parametrize("column", WORDS)
def test_case_and_blanks_do_not_matter(column: str) -> None:
    for meant in WORDS[column]:
        for written in (
            meant, meant.lower(), meant.upper(), f" {meant}\t", meant.replace("-", " "),
            meant.replace(" ", "_"), meant.replace("-", ""),
        ):  # fmt: skip
            assert word(column, written) == meant


def test_the_words_are_those_of_the_specification() -> None:
    model = json.loads((DATA / "focus-golden" / "focus_1_4_model.json").read_text())
    columns = model["datasets"]["Cost and Usage"]["columns"]
    for name, words_of_column in WORDS.items():
        focus_name = "".join(part.title() for part in name.split("_"))
        assert set(columns[focus_name]["allowed_values"]) <= set(words_of_column)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('["GCP", "Compute", "GCE"]', "Compute"),
        ("['GCP', 'compute', 'Storage ', 'GCS']", "Storage"),
        ('["GCP", "GCE"]', '["GCP", "GCE"]'),
        ("[]", "[]"),
        ("[broken", "[broken"),
        ("Database", "Database"),
        (None, None),
    ],
)
def test_of_a_list_the_last_word_counts(written: str | None, meant: str | None) -> None:
    assert word("service_category", written) == meant


def test_spellings_become_one_value_and_others_are_noted() -> None:
    texts = pa.array(["usage", "Usage", None, "Foo", "USAGE", "Foo"])
    column, notes = spelt("charge_category", coded(encode(texts)), np.arange(6))
    assert arrow(column).to_pylist() == ["Usage", "Usage", None, "Foo", "Usage", "Foo"]
    assert len(column.values) == 2
    assert [(note.value, note.records.tolist()) for note in notes] == [("Foo", [3, 5])]


def test_a_column_of_nothing_else_is_not_gone_through_for_each_value() -> None:
    texts = pa.array([f"word {number}" for number in range(1_000)])
    _, notes = spelt("charge_category", encode(texts), np.arange(1_000))
    assert len(notes) == MOST_NOTES + 1


def test_a_word_that_is_none_is_kept_and_named_with_its_lines(stage: Stage) -> None:
    rows = [{"ChargeCategory": "usage "}, {"ChargeCategory": "Fee"}, {"ServiceCategory": "COMPUTE"}]
    staged, folder = stage(write(rows))
    assert stored(staged, folder, "charge_category, service_category") == [
        ("Fee", "Compute"), ("Usage", "Compute"), ("Usage", "Compute"),
    ]  # fmt: skip
    assert staged.notes == (
        "1 row with the ChargeCategory “Fee”, which FOCUS does not know (line 3): it is kept.",
    )


def test_a_rejected_row_is_reconciled_under_the_word_that_is_meant(stage: Stage) -> None:
    rows = [{}, {"ChargeCategory": "usage", "BillingCurrency": " usd", "BilledCost": "much"}]
    staged, _ = stage(write(rows))
    assert {(line.currency, line.charge_category) for line in staged.lines} == {("USD", "Usage")}
    assert staged.rows_rejected == 1
