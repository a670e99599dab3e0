"""AWS Cost and Usage Reports, legacy and 2.0."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import orjson
import pytest

from tests.bills.formats.reading import DATA, charges, rows_of, sums, total, totals
from tests.support.bills import Stage

LEGACY = DATA / "aws-cur" / "commitments_legacy.csv"
NEWER = DATA / "aws-cur" / "commitments_2_0.csv"


def test_a_real_report_keeps_its_true_totals(stage: Stage) -> None:
    staged, _ = stage(DATA / "aws-cur" / "sample-anonymous-aws-export-dataset.csv")

    assert staged.format == "AWS CUR"
    assert (staged.rows_kept, staged.rows_rejected) == (1281, 0)
    assert total(staged, "billed_cost") == Decimal("1.6823086974")
    assert total(staged, "list_cost") == Decimal("3.3561726949")
    assert totals(staged) == {
        ("USD", "Usage"): sums("1.6023086974", "1.6023086974", "3.3561726949", "1.6023086974"),
        ("USD", "Tax"): sums("0.08", "0.08", "0", "0.08"),
    }


def test_billed_is_the_invoice_and_effective_the_amortised_view(stage: Stage) -> None:
    staged, _ = stage(LEGACY)

    assert total(staged) == sum(Decimal(row["lineItem/UnblendedCost"]) for row in rows_of(LEGACY))
    assert totals(staged) == {
        ("USD", "Usage"): sums("-2.4086", "42.7914", "74.382", "71.7314"),
        ("USD", "Purchase"): sums("657.2", "12", "0", "657.2"),
        ("USD", "Tax"): sums("3.21", "3.21", "0", "3.21"),
        ("USD", "Credit"): sums("-5", "-5", "0", "-5"),
    }


def test_newer_reports_are_read_net_of_discounts(stage: Stage) -> None:
    staged, _ = stage(NEWER)

    assert staged.format == "AWS CUR 2.0"
    assert total(staged) == sum(
        Decimal(row["line_item_net_unblended_cost"]) for row in rows_of(NEWER)
    )
    # 10% less for usage: 0.0864 + 0.027 + 37.584 + 0.675 + 0.9, and what was unused as it was.
    assert totals(staged)["USD", "Usage"].effective == Decimal("38.4374")


def test_usage_under_a_savings_plan_is_billed_by_the_plan(stage: Stage) -> None:
    staged, folder = stage(LEGACY)

    plan = [
        c for c in charges(staged, folder) if c.get("commitment_discount_type") == "Savings Plan"
    ]
    usage = [c for c in plan if c["charge_category"] == "Usage"]
    assert {c["billed_cost"] for c in usage} == {0}
    assert {c["pricing_category"] for c in usage} == {"Committed"}
    assert sum(c["effective_cost"] for c in usage) == Decimal("2")  # two hours of 1.00
    assert sum(c["billed_cost"] for c in plan) == Decimal("102")  # and the upfront fee


@pytest.mark.parametrize(
    ("kind", "bought", "unused"),
    [("Reserved Instance", "543.2", "1.44"), ("Savings Plan", "102", "0.25")],
)
def test_what_a_commitment_left_unused_is_a_charge_of_its_own(
    kind: str, bought: str, unused: str, stage: Stage
) -> None:
    staged, folder = stage(LEGACY)

    mine = [c for c in charges(staged, folder) if c.get("commitment_discount_type") == kind]
    fees = [c for c in mine if c["charge_category"] == "Purchase"]
    rest = [c for c in mine if c.get("commitment_discount_status") == "Unused"]
    assert sum(c["billed_cost"] for c in fees) == Decimal(bought)
    assert {c["effective_cost"] for c in fees} == {0}
    assert [(c["billed_cost"], c["effective_cost"]) for c in rest] == [(0, Decimal(unused))]
    assert all(c["resource_id"] == c["commitment_discount_id"] for c in rest)
    assert all("consumed_quantity" not in c for c in rest)


def report(*rows: dict[str, str]) -> bytes:
    """Write a 2.0 report of one commitment: the cells that are given, others as in the sample."""
    (ordinary, *_) = rows_of(NEWER)
    cost = ("cost", "reservation_", "savings_plan_")
    ordinary = {name: "" if any(c in name for c in cost) else v for name, v in ordinary.items()}
    columns = dict.fromkeys(name for row in (ordinary, *rows) for name in row)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(columns), restval="")
    writer.writeheader()
    writer.writerows(ordinary | row for row in rows)
    return text.getvalue().encode()


PLAN = "savings_plan_{}commitment_for_billing_period"
STATED = {
    PLAN.format("recurring_"): "12", PLAN.format("net_recurring_"): "10.8",
    PLAN.format("amortized_upfront_"): "0", PLAN.format("net_amortized_upfront_"): "0",
}  # fmt: skip


@pytest.mark.parametrize(
    ("fee", "net_fee", "stated", "unused"),
    [
        ("12", "10.8", {}, "3.6"),
        ("12", "10.8", STATED, "3.6"),
        ("0", "0", STATED, "3.6"),  # all upfront: nothing recurs
        ("12", "12", {}, "4"),
        ("12", "", {}, "4"),
        ("12", "0", {}, "4"),  # credits of AWS that pay a fee are no discount of its use
        ("0", "", {}, "4"),
        ("7", "3", {}, "1.7142857142"),
    ],
)
def test_what_a_savings_plan_left_unused_is_net_where_the_fee_is(
    fee: str, net_fee: str, stated: dict[str, str], unused: str, stage: Stage
) -> None:
    line = {
        "line_item_line_item_type": "SavingsPlanRecurringFee",
        "savings_plan_savings_plan_a_r_n": "plan",
        "line_item_unblended_cost": fee, "line_item_net_unblended_cost": net_fee,
        "savings_plan_total_commitment_to_date": "12", "savings_plan_used_commitment": "8",
    }  # fmt: skip

    staged, _ = stage(report(line | stated))

    assert totals(staged)["USD", "Usage"].effective == Decimal(unused)


def test_effective_cost_of_a_plan_is_its_bill_also_under_a_discount(stage: Stage) -> None:
    plan = {"savings_plan_savings_plan_a_r_n": "plan"}
    used = plan | {
        "line_item_line_item_type": "SavingsPlanCoveredUsage", "line_item_unblended_cost": "10",
        "savings_plan_savings_plan_effective_cost": "8",
        "savings_plan_net_savings_plan_effective_cost": "7.2",
    }  # fmt: skip
    negation = plan | {
        "line_item_line_item_type": "SavingsPlanNegation", "line_item_unblended_cost": "-10",
    }  # fmt: skip
    fee = plan | {
        "line_item_line_item_type": "SavingsPlanRecurringFee",
        "line_item_unblended_cost": "12", "line_item_net_unblended_cost": "10.8",
        "savings_plan_total_commitment_to_date": "12", "savings_plan_used_commitment": "8",
    }  # fmt: skip

    staged, _ = stage(report(used, negation, fee))

    assert (total(staged), total(staged, "effective_cost")) == (Decimal("10.8"), Decimal("10.8"))


@pytest.mark.parametrize(
    ("cells", "unused"),
    [
        ({"reservation_net_unused_recurring_fee": "1.3"}, "1.3"),
        ({"line_item_net_unblended_cost": "36"}, "1.35"),
        ({}, "1.5"),
    ],
)
def test_what_a_reservation_left_unused_is_net_where_the_fee_is(
    cells: dict[str, str], unused: str, stage: Stage
) -> None:
    line = {
        "line_item_line_item_type": "RIFee", "line_item_unblended_cost": "40",
        "reservation_reservation_a_r_n": "ri", "reservation_unused_recurring_fee": "1.5",
    }  # fmt: skip

    staged, _ = stage(report(line | cells))

    assert totals(staged)["USD", "Usage"].effective == Decimal(unused)


def test_a_fee_of_no_commitment_is_effective_at_once(stage: Stage) -> None:
    staged, folder = stage(LEGACY)

    (domain,) = [c for c in charges(staged, folder) if c["service_name"] == "Amazon Route 53"]
    assert (domain["billed_cost"], domain["effective_cost"]) == (12, 12)
    assert (domain["charge_category"], domain["charge_frequency"]) == ("Purchase", "One-Time")


def test_a_refund_of_an_earlier_period_is_a_correction(stage: Stage) -> None:
    staged, folder = stage(LEGACY)

    refunds = {
        c["charge_description"]: c.get("charge_class")
        for c in charges(staged, folder)
        if "Refund" in str(c.get("charge_description"))
    }
    assert refunds == {"Refund within the period": None, "Refund of August": "Correction"}


def test_usage_is_told_from_spot(stage: Stage) -> None:
    staged, folder = stage(LEGACY)

    by_resource = {
        c.get("resource_id"): c["pricing_category"]
        for c in charges(staged, folder)
        if c["charge_category"] == "Usage"
    }
    assert (by_resource["i-1"], by_resource["i-2"], by_resource["i-3"]) == (
        "Standard",
        "Dynamic",
        "Committed",
    )


def test_account_ids_keep_their_leading_zeros(stage: Stage) -> None:
    staged, folder = stage(LEGACY)

    assert {scope.billing_account_id for scope in staged.scopes} == {"012345678901"}
    assert {c["sub_account_id"] for c in charges(staged, folder)} == {"000000000042"}


@pytest.mark.parametrize(
    ("path", "tags"),
    [
        (LEGACY, {"Team": "blue", " org": "sales", "aws:createdBy": "Root:1"}),
        (NEWER, {"team": "blue", "aws:created_by": "Root:1"}),
    ],
    ids=["columns", "map"],
)
def test_tags_come_from_columns_and_from_a_map(path: object, tags: object, stage: Stage) -> None:
    staged, folder = stage(path)

    (tagged,) = [c["tags"] for c in charges(staged, folder) if "tags" in c]
    assert orjson.loads(str(tagged)) == tags


@pytest.mark.parametrize(
    ("column", "written", "tags"),
    [
        ("resource_tags", '{"user_env":"a","aws_created_by":"b"}',
         {"env": "a", "aws:created_by": "b"}),
        ("resource_tags", "{user_env=a, aws_created_by=b}", {"env": "a", "aws:created_by": "b"}),
        ("tags", '{"resourceTags/user_env":"a","resourceTags/aws_created_by":"b"}',
         {"env": "a", "aws:created_by": "b"}),
        ("tags", '{"resourceTags/user:env":"a","user_":"x","costCategory/Team":"b"}',
         {"env": "a", "user_": "x", "costCategory/Team": "b"}),
        ("tags", '[{"key":"userAttribute/team","value":"a"}]', {"userAttribute/team": "a"}),
    ],
)  # fmt: skip
def test_a_tag_has_one_key_in_every_map(
    column: str, written: str, tags: object, stage: Stage
) -> None:
    header, *rows = csv.reader(io.StringIO(NEWER.read_text(), newline=""))
    place = header.index("resource_tags")
    header[place] = column
    for row in rows:
        row[place] = written
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])

    staged, folder = stage(text.getvalue().encode())

    assert staged.notes == ()
    assert [orjson.loads(str(c["tags"])) for c in charges(staged, folder)] == [
        tags for _ in range(staged.charges or 0)
    ]


def test_the_kind_of_a_line_stays_with_its_charge(stage: Stage) -> None:
    staged, folder = stage(LEGACY)

    kinds = {
        orjson.loads(str(c["other_columns"]))["lineItem/LineItemType"]
        for c in charges(staged, folder)
    }
    assert {"SavingsPlanNegation", "EdpDiscount", "RIFee"} <= kinds


def test_a_line_without_its_share_of_a_commitment_is_rejected(stage: Stage) -> None:
    text = LEGACY.read_text().replace(",41.7600000000,", ",forty,")

    staged, _ = stage(text.encode())

    assert staged.rows_rejected == 1
