"""What the child that reads a bill reports crosses as text, with every digit."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from costoptix.bills.formats.azure import Dataset
from costoptix.bills.read.staged import Staged
from tests.bills.bill import write
from tests.support.bills import DATA, SAMPLE, Stage


@pytest.mark.parametrize(
    "path",
    [
        SAMPLE, DATA / "oci" / "cost_report.csv", DATA / "gcp" / "detailed.jsonl",
        DATA / "azure" / "MCA_Combined_Made.csv",
    ],
    ids=lambda path: path.stem,
)  # fmt: skip
def test_what_was_staged_is_the_same_after_it_was_written_and_read(stage: Stage, path) -> None:
    staged, _ = stage(path)
    assert Staged.model_validate_json(staged.model_dump_json()) == staged


def test_the_last_of_18_places_crosses(stage: Stage) -> None:
    staged, _ = stage(write([{"BilledCost": "12345678901234567890.000000000000000001"}]))
    again = Staged.model_validate_json(staged.model_dump_json())
    (total,) = again.scopes[0].sums
    assert str(total.billed_cost) == "12345678901234567890.000000000000000001"


def test_a_field_that_is_not_known_is_refused(stage: Stage) -> None:
    staged, _ = stage(write([{}]))
    with pytest.raises(ValidationError):
        Staged.model_validate(staged.model_dump() | {"more": 1})


def test_a_scope_of_a_dataset_is_otherwise_the_same(stage: Stage) -> None:
    staged, _ = stage(write([{}]))
    (scope,) = staged.scopes
    changed = scope.as_dataset(Dataset.ACTUAL)
    assert changed.dataset == Dataset.ACTUAL
    assert changed.model_copy(update={"dataset": scope.dataset}) == scope
