"""Azure cost details: EA and MCA, actual and amortized."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import orjson
import pytest

from costoptix.bills.formats import DatasetClues
from costoptix.bills.formats.azure import AZURE as FORMAT
from costoptix.bills.formats.azure import Dataset
from costoptix.bills.read.staged import Staged
from costoptix.errors import Invalid
from tests.bills.formats.reading import DATA, charges, sums, total, totals
from tests.support.bills import Stage

AZURE = DATA / "azure"
HEADERS = DATA / "headers"


def dataset_of(staged: Staged) -> str | None:
    """Which export a file is by its content alone."""
    assert FORMAT.datasets is not None
    return FORMAT.datasets.of_files([DatasetClues("a.csv", None, staged.facts)])[0]


def test_a_real_month_of_actual_costs_keeps_its_true_total(stage: Stage) -> None:
    staged, _ = stage(AZURE / "EA_ActualCost_Small.csv")

    assert staged.format == "Azure EA cost details"
    assert total(staged) == Decimal("8.5450077867419368")
    assert totals(staged) == {
        ("USD", "Usage"): sums(
            "5.2950077867419368", "5.2950077867419368", "5.295007719", "5.295007719"
        ),
        ("USD", "Purchase"): sums("3.25", "0", "0", "3.25"),
    }


def test_a_real_month_of_amortized_costs_keeps_its_true_total(stage: Stage) -> None:
    """Three of its amounts have more than 18 places: what was rounded is told to the last digit."""
    staged, _ = stage(AZURE / "EA_AmortizedCost_Small.csv")

    lines = [line for line in staged.lines if line.metric == "effective_cost"]
    assert sum(line.sum_file for line in lines) == Decimal("16.296932136636644627485419")
    assert sum(line.rows_rounded for line in lines) == 3
    # What the reservation and the savings plan cover is billed by their purchases.
    assert total(staged) == total(staged, "effective_cost") - Decimal("0.499152000468")


def test_a_real_day_in_canadian_dollars_keeps_its_true_total(stage: Stage) -> None:
    staged, folder = stage(AZURE / "sample-anonymous-ea-export-dataset.csv")

    assert totals(staged).keys() == {("CAD", "Usage")}
    assert total(staged) == Decimal("1.26136926505726")
    assert {str(c["charge_period_start"]) for c in charges(staged, folder)} == {
        "2023-09-02 00:00:00"  # 9/2/2023 is the second of September
    }


def test_a_file_without_rows_is_a_bill_of_nothing(stage: Stage) -> None:
    staged, _ = stage(AZURE / "EA_NoRows.csv")

    assert (staged.rows_read, staged.scopes, staged.lines) == (0, (), ())


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("BOM", "BillingAccountId, BillingPeriodStartDate, ChargeType"),
        ("German", "BillingAccountId, BillingPeriodStartDate, ChargeType"),
        ("MissingBrackets", "BillingPeriodStartDate, ChargeType"),
        ("PayAsYouGo", "BillingAccountId, BillingPeriodStartDate, ChargeType"),
        ("Template", "BillingPeriodStartDate, ChargeType"),
        ("VirtualMachine", "BillingPeriodStartDate, ChargeType"),
        ("YA", "BillingAccountId, BillingPeriodStartDate, ChargeType"),
    ],
)
def test_a_file_without_account_or_period_is_refused(name: str, missing: str, stage: Stage) -> None:
    with pytest.raises(Invalid, match=r"nearest to Azure") as refusal:
        stage(HEADERS / f"{name}.csv")

    assert refusal.value.sentence.endswith(f"are missing: {missing}.")


def test_a_reservation_of_an_older_export_is_known_by_its_id(stage: Stage) -> None:
    staged, folder = stage(HEADERS / "Enterprise.csv")

    (charge,) = charges(staged, folder)
    assert (charge["commitment_discount_type"], charge["commitment_discount_status"]) == (
        "Reservation",
        "Used",
    )
    assert totals(staged)["CAD", "Usage"] == sums("0", "0", "0", "1")
    assert dataset_of(staged) == Dataset.ACTUAL


def test_a_missing_currency_is_taken_from_the_sender_or_asked_for(stage: Stage) -> None:
    text = (HEADERS / "Enterprise.csv").read_text().replace("BillingCurrencyCode", "x_Currency")

    with pytest.raises(Invalid, match="say which currency"):
        stage(text.encode())
    staged, _ = stage(text.encode(), currency="CAD")
    assert totals(staged).keys() == {("CAD", "Usage")}


def test_the_published_rule_combines_both_exports(stage: Stage) -> None:
    """Billed is what the actual export invoices, effective what the amortized export spreads."""
    actual, _ = stage(AZURE / "MCA_ActualCost_Made.csv")
    amortized, _ = stage(AZURE / "MCA_AmortizedCost_Made.csv")
    combined, _ = stage(AZURE / "MCA_Combined_Made.csv")

    assert combined.format == "Azure MCA cost details"
    assert total(combined) == total(actual) == Decimal("9.6934")
    assert (
        total(combined, "effective_cost") == total(amortized, "effective_cost") == Decimal("9.7934")
    )


def test_the_dataset_is_shown_by_the_content(stage: Stage) -> None:
    def shown(name: str) -> str | None:
        return dataset_of(stage(AZURE / name)[0])

    assert shown("MCA_ActualCost_Made.csv") == Dataset.ACTUAL
    assert shown("MCA_AmortizedCost_Made.csv") == Dataset.AMORTIZED
    assert shown("MCA_Combined_Made.csv") == Dataset.BOTH
    assert shown("EA_ActualCost_Small.csv") == Dataset.ACTUAL
    assert shown("EA_AmortizedCost_Small.csv") == Dataset.AMORTIZED
    assert shown("sample-anonymous-ea-export-dataset.csv") is None


def test_unused_commitments_are_kept_and_visible(stage: Stage) -> None:
    staged, folder = stage(AZURE / "MCA_Combined_Made.csv")

    unused = {
        c["commitment_discount_name"]: (c["billed_cost"], c["effective_cost"], c["charge_category"])
        for c in charges(staged, folder)
        if c.get("commitment_discount_status") == "Unused"
    }
    assert unused == {
        "RI-1": (0, Decimal("0.108"), "Usage"),
        "SP-2": (0, Decimal("0.09"), "Usage"),
    }


def test_categories_follow_the_published_rule(stage: Stage) -> None:
    staged, _ = stage(AZURE / "MCA_Combined_Made.csv")

    by_category = {category: t.billed for (_, category), t in totals(staged).items()}
    assert by_category == {
        "Usage": Decimal("0.1044"),
        "Purchase": Decimal("10.088"),  # a marketplace purchase too, and a refund
        "Tax": Decimal("1.5"),
        "Credit": Decimal("-2"),
        "Adjustment": Decimal("0.001"),
    }


def test_list_and_contracted_cost_are_in_the_billing_currency(stage: Stage) -> None:
    staged, folder = stage(AZURE / "MCA_AmortizedCost_Made.csv")

    (charge,) = [c for c in charges(staged, folder) if "tags" in c]
    assert (charge["billing_currency"], charge["billed_cost"]) == ("EUR", Decimal("0.0864"))
    assert charge["list_cost"] == Decimal("0.09")
    assert charge["contracted_cost"] == Decimal("0.0864")  # 0.096 USD at 0.9
    assert charge["contracted_unit_price"] == "0.0864"


def test_the_account_is_the_enrolment_or_the_billing_profile(stage: Stage) -> None:
    enterprise, _ = stage(AZURE / "EA_ActualCost_Small.csv")
    customer, _ = stage(AZURE / "MCA_ActualCost_Made.csv")

    assert {scope.billing_account_id for scope in enterprise.scopes} == {"8611537"}
    assert {scope.billing_account_id for scope in customer.scopes} == {"ABCD-EFGH-BG7-PGB"}


def test_quantity_counts_blocks_of_the_unit(stage: Stage) -> None:
    """Cost = Quantity × price also where the unit is 10K: 0.0004 of it are four operations."""
    staged, folder = stage(AZURE / "EA_ActualCost_Small.csv")

    (charge,) = [c for c in charges(staged, folder) if c["billed_cost"] == Decimal("0.00004")]
    assert (charge["pricing_quantity"], charge["pricing_unit"]) == ("0.0004", "10K")
    assert (charge["consumed_quantity"], charge["consumed_unit"]) == ("4", "Units")
    assert charge["contracted_cost"] == Decimal("0.00004")


def test_services_regions_and_days_are_looked_up(stage: Stage) -> None:
    staged, folder = stage(AZURE / "EA_AmortizedCost_Small.csv")

    (scale_set, *_) = [
        c for c in charges(staged, folder) if c.get("commitment_discount_type") == "Reservation"
    ]
    assert scale_set["service_name"] == "Virtual Machine Scale Sets"
    assert (scale_set["service_category"], scale_set["service_subcategory"]) == (
        "Compute",
        "Virtual Machines",
    )
    assert (scale_set["region_id"], scale_set["region_name"]) == ("eastus", "East US")
    assert str(scale_set["charge_period_end"]) == "2023-09-23 00:00:00"
    assert str(scale_set["billing_period_end"]) == "2023-10-01 00:00:00"


def test_tags_without_braces_are_tags(stage: Stage) -> None:
    staged, folder = stage(AZURE / "sample-anonymous-ea-export-dataset.csv")

    tags = [orjson.loads(str(c["tags"])) for c in charges(staged, folder) if "tags" in c]
    assert {"tagA": "valueA", "tagB": "valueB", "tagC": "valueC"} in tags


def test_an_export_of_a_partner_s_customer_is_of_its_tenant(stage: Stage) -> None:
    staged, folder = stage(HEADERS / "EnterpriseCamel.csv")

    assert (staged.format, total(staged)) == ("Azure MCA cost details", Decimal("0.012"))
    (scope,) = staged.scopes
    assert scope.billing_account_id == "11111111-1111-1111-1111-123456789012"
    assert scope.billing_period.text == "2021-02"
    (charge,) = charges(staged, folder)
    assert charge["billing_account_name"] == "Customer Name"


CSP = """\
partnerName,customerTenantId,customerName,invoiceId,billingAccountId,billingProfileId,billingPeriodEndDate,billingPeriodStartDate,servicePeriodEndDate,servicePeriodStartDate,date,consumedService,meterCategory,ProductName,SubscriptionId,ResourceId,resourceLocation,unitPrice,quantity,unitOfMeasure,chargeType,billingCurrency,pricingCurrency,costInBillingCurrency,exchangeRatePricingToBilling,PayGPrice,frequency
Partner,t-1,One,,a:b_2019-05-31,P-1,,,02/28/2021,02/01/2021,03/01/2021,Microsoft.Network,Virtual Network,IP Addresses,s-1,,WESTUS,0.004,3,1 Hour,Usage,USD,USD,0.012,1,0.004,UsageBased
Partner,t-1,One,,a:b_2019-05-31,P-1,,,,,02/02/2021,Microsoft.Network,Virtual Network,IP Addresses,s-1,,WESTUS,0.004,3,1 Hour,Usage,USD,USD,0.5,1,0.004,UsageBased
Partner,t-1,One,,a:b_2019-05-31,P-1,03/31/2021,,02/28/2021,02/01/2021,02/02/2021,Microsoft.Network,Virtual Network,IP Addresses,s-1,,WESTUS,0.004,3,1 Hour,Usage,USD,USD,2,1,0.004,UsageBased
Partner,t-1,One,,a:b_2019-05-31,P-1,03/07/2021,02/08/2021,02/28/2021,02/01/2021,02/09/2021,Microsoft.Network,Virtual Network,IP Addresses,s-1,,WESTUS,0.004,3,1 Hour,Usage,USD,USD,4,1,0.004,UsageBased
Partner,t-1,One,,a:b_2019-05-31,P-1,,,,,soon,Microsoft.Network,Virtual Network,IP Addresses,s-1,,WESTUS,0.004,3,1 Hour,Usage,USD,USD,8,1,0.004,UsageBased
"""  # noqa: E501
"""As partners get it: the billing period empty, but for the rows that have a part of it."""


def test_an_empty_billing_period_is_the_month_of_the_service_period_or_date(stage: Stage) -> None:
    staged, folder = stage(CSP.encode())

    assert (staged.rows_kept, staged.rows_rejected) == (4, 1)
    billed = {
        line.billing_period and line.billing_period.text: line.sum_stored
        for line in staged.lines
        if line.metric == "billed_cost"
    }
    assert billed == {
        "2021-02": Decimal("0.512"), "2021-03": 2, "2021-02-08/2021-03-07": 4, None: 0,
    }  # fmt: skip
    periods = {
        (str(c["billing_period_start"])[:10], str(c["billing_period_end"])[:10])
        for c in charges(staged, folder)
    }
    assert periods == {
        ("2021-02-01", "2021-03-01"), ("2021-03-01", "2021-04-01"), ("2021-02-08", "2021-03-08"),
    }  # fmt: skip
    others = [orjson.loads(str(c["other_columns"])) for c in charges(staged, folder)]
    assert {row.get("servicePeriodStartDate") for row in others} == {"02/01/2021", None}
    assert {(row["customerTenantId"], row["customerName"]) for row in others} == {("t-1", "One")}
    assert staged.notes == (
        "The billing period of 3 rows is empty: the month of the service period or date is taken "
        "(line 2, line 3, line 4).",
    )


def test_a_price_that_cannot_be_read_is_said_and_its_cost_is_missing(stage: Stage) -> None:
    header, *rows = csv.reader(
        io.StringIO((AZURE / "EA_AmortizedCost_Small.csv").read_text("utf-8-sig"), newline="")
    )
    place = [name.lower() for name in header].index("unitprice")
    rows[0][place] = "n/a"
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])

    staged, _ = stage(text.getvalue().encode())

    assert staged.rows_rejected == 0
    (note,) = staged.notes
    assert note.startswith("The ContractedCost of 1 row could not be read and is missing: line 2.")
