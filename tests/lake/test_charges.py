"""The charge table: every column of FOCUS by our name for it, and what it holds."""

from __future__ import annotations

import pytest

from costoptix.lake.charges import COLUMNS, ColumnKind, plain_name, snake_case
from costoptix.lake.layout import DIMENSIONS, METRICS, NULLABLE_METRICS


def test_every_name_leads_to_its_column_and_to_one_name_of_focus() -> None:
    assert all(name == column.name for name, column in COLUMNS.items())
    assert len({column.focus_name for column in COLUMNS.values()}) == len(COLUMNS)


def test_what_one_can_group_by_or_add_up_is_a_column() -> None:
    assert set(DIMENSIONS) | set(METRICS) <= set(COLUMNS)
    assert {n for n, c in COLUMNS.items() if c.kind is ColumnKind.MONEY} >= set(METRICS)


def test_a_charge_needs_its_costs_its_time_its_month_and_its_currency() -> None:
    needed = {name for name, column in COLUMNS.items() if column.is_required}
    assert needed == {
        "billing_currency", "billing_period_start", "charge_period_start",
        *(set(METRICS) - set(NULLABLE_METRICS)),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("focus_name", "name"),
    [("SubAccountId", "sub_account_id"), ("Tags", "tags"), ("BilledCost", "billed_cost")],
)
def test_a_name_of_focus_is_written_in_words(focus_name: str, name: str) -> None:
    assert snake_case(focus_name) == name


def test_a_name_without_a_translation_is_as_it_is_written() -> None:
    assert plain_name("lineItem/UsageType") == "lineItem/UsageType"
