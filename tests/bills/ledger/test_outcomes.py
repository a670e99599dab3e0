"""What is written down of an import that has ended."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from costoptix.bills.ledger import outcomes
from costoptix.models import ImportState
from tests.bills.bill import write
from tests.support.bills import Stage


def test_a_sum_stands_beside_what_was_live_before_it(stage: Stage) -> None:
    staged, _ = stage(write([{"BilledCost": "7"}]))
    (line,) = (line for line in staged.lines if line.metric == "billed_cost")
    before = {(line.billing_period, "USD", "Usage", "billed_cost"): Decimal(5)}
    written = outcomes.line("import", line, before)
    assert (written.sum_stored, written.sum_before) == (7, 5)
    assert (written.billing_period, written.billing_period_last) == (date(2026, 3, 1), None)
    assert outcomes.line("import", line, {}).sum_before is None


def test_a_file_without_charges_says_whether_it_had_rows(stage: Stage) -> None:
    empty, _ = stage(write([]))
    assert outcomes.message(empty, is_older=False) == outcomes.NO_CHARGES
    rejected, _ = stage(write([{"BilledCost": "much"}]))
    assert outcomes.message(rejected, is_older=False) == outcomes.NONE_READ
    staged, _ = stage(write([{}]))
    assert outcomes.message(staged, is_older=True) == outcomes.REPLACED
    assert outcomes.message(staged, is_older=False) is None


def test_a_dry_run_has_words_for_every_state_that_it_can_foresee() -> None:
    foreseen = {
        ImportState.LIVE, ImportState.OLDER, ImportState.DUPLICATE, ImportState.WITHDRAWN,
        ImportState.WAITING,
    }  # fmt: skip
    assert outcomes.CHECKED.keys() == foreseen
