"""A header is of the format that it fits best, or refused with what it lacks."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.bills.formats import Format, Header, Options
from costoptix.bills.read import recognize
from costoptix.errors import Invalid
from tests.bills.bill import ORDINARY
from tests.support.bills import DATA

MODEL = json.loads((DATA / "focus-golden" / "focus_1_4_model.json").read_bytes())["datasets"]
OTHERS = {name: tuple(MODEL[name]["columns"]) for name in MODEL if name != "Cost and Usage"} | {
    "Contract Commitment": (
        "BillingCurrency", "ContractCommitmentCategory", "ContractCommitmentCost",
        "ContractCommitmentDescription", "ContractCommitmentId", "ContractCommitmentPeriodEnd",
        "ContractCommitmentPeriodStart", "ContractCommitmentQuantity", "ContractCommitmentType",
        "ContractCommitmentUnit", "ContractId", "ContractPeriodEnd", "ContractPeriodStart",
    )
}  # fmt: skip
"""The datasets of FOCUS 1.4 beside Cost and Usage; Contract Commitment as in 1.3."""
CURRENCY = Options(currency="USD")
formats = pytest.mark.parametrize("format_", recognize.ALL, ids=lambda each: each.family)


def required(format_: Format) -> list[str]:
    """Return a header of the least that a format needs."""
    return [group[0] for group in format_.required]


@formats
def test_the_least_that_a_format_needs_is_of_that_format(format_: Format) -> None:
    assert recognize.recognize(Header(tuple(required(format_))), CURRENCY) is format_


@formats
def test_order_case_and_other_columns_do_not_matter(format_: Format) -> None:
    names = [*(name.upper() for name in reversed(required(format_))), "anything", "else"]
    assert recognize.recognize(Header(tuple(names)), CURRENCY) is format_


@formats
def test_a_column_that_is_missing_is_named(format_: Format) -> None:
    names = required(format_)
    with pytest.raises(Invalid) as refusal:
        recognize.recognize(Header(tuple(names[1:])), CURRENCY)
    assert names[0] in refusal.value.sentence or "nearest to" in refusal.value.sentence


@formats
def test_a_column_that_is_needed_and_there_twice_is_refused(format_: Format) -> None:
    names = required(format_)
    with pytest.raises(Invalid, match="more than once"):
        recognize.recognize(Header((*names, names[0])), CURRENCY)


@pytest.mark.parametrize(
    ("dataset", "columns"),
    [*OTHERS.items(), ("Contract Commitment", tuple(MODEL["Contract Commitment"]["columns"]))],
)
@pytest.mark.parametrize("spelled", [str, str.lower])
def test_a_dataset_of_focus_without_charges_is_refused_by_its_name(
    dataset: str, columns: tuple[str, ...], spelled
) -> None:
    header = Header(tuple(map(spelled, columns)))
    with pytest.raises(recognize.OtherDataset, match=f"dataset {dataset} of FOCUS"):
        recognize.recognize(header, Options())
    assert not recognize.resembles(header)


@pytest.mark.parametrize("columns", OTHERS.values())
def test_a_bill_may_have_columns_of_other_datasets(columns: tuple[str, ...]) -> None:
    header = Header(tuple(dict.fromkeys((*ORDINARY, *columns))))
    assert recognize.recognize(header, CURRENCY).family == "focus"
    (_, *lacking) = header.names
    with pytest.raises(Invalid, match="columns are missing"):
        recognize.recognize(Header(tuple(n for n in lacking if n != "ServiceName")), CURRENCY)


def test_a_file_without_currency_asks_for_one() -> None:
    names = tuple(name for name in ORDINARY if name != "BillingCurrency")
    with pytest.raises(Invalid, match="say which currency"):
        recognize.recognize(Header(names), Options())


@given(st.lists(st.text(max_size=12), max_size=8))
def test_whatever_is_no_bill_is_refused_in_one_sentence(names: list[str]) -> None:
    with pytest.raises(Invalid) as refusal:
        recognize.recognize(Header(tuple(names)), CURRENCY)
    assert refusal.value.sentence.endswith(".")


def test_many_missing_columns_are_counted_not_listed() -> None:
    with pytest.raises(Invalid) as refusal:
        recognize.recognize(Header((next(iter(ORDINARY)),)), CURRENCY)
    assert len(refusal.value.sentence) < 400
