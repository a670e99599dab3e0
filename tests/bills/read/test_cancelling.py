"""Covered usage and what takes it back: said where one is there without the other."""

from __future__ import annotations

import pytest

from tests.bills.formats.test_aws_cur import report
from tests.support.bills import Stage

COVERED, NEGATION = "SavingsPlanCoveredUsage", "SavingsPlanNegation"


def lines(*amounts: tuple[str, str]) -> list[dict[str, str]]:
    return [
        {
            "line_item_line_item_type": kind,
            "line_item_unblended_cost": amount,
            "savings_plan_savings_plan_effective_cost": "0.5",
            "line_item_currency_code": "USD",
            "line_item_resource_id": kind,
        }
        for kind, amount in amounts
    ]


def note(covered: str, negated: str) -> list[str]:
    """Write the note of what does not cancel."""
    return [
        f"{COVERED} of {covered} USD beside {NEGATION} of {negated} USD: rows of these kinds cancel"
        " each other in a whole bill, and are billed 0."
    ]


@pytest.mark.parametrize(
    ("amounts", "notes"),
    [
        ([(COVERED, "10"), (COVERED, "2.5")], note("12.5", "0")),
        ([(COVERED, "10"), (NEGATION, "-4")], note("10", "-4")),
        ([(NEGATION, "-4")], note("0", "-4")),
        ([(COVERED, "10"), (NEGATION, "-9.99999")], []),
        ([(COVERED, "10"), (NEGATION, "-10"), ("Usage", "7")], []),
        ([("Usage", "7")], []),
        ([(COVERED, "0")], []),
    ],
)
def test_usage_that_nothing_cancels_is_noted_with_its_amount(
    amounts: list[tuple[str, str]], notes: list[str], stage: Stage
) -> None:
    staged, _ = stage(report(*lines(*amounts)))
    assert list(staged.notes) == notes


def test_files_of_one_delivery_cancel_each_other(take_in) -> None:
    row = take_in(report(*lines((COVERED, "10"))), report(*lines((NEGATION, "-10"))))
    assert (row.state, row.rows_kept, row.notes) == ("live", 2, [])


def test_each_currency_is_by_itself(stage: Stage) -> None:
    euro = [line | {"line_item_currency_code": "EUR"} for line in lines((NEGATION, "-10"))]
    staged, _ = stage(report(*lines((COVERED, "10")), *euro))
    assert len(staged.notes) == 2
