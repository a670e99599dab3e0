"""FOCUS files: real, golden and the specification's own."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from costoptix.bills.read.rejections import FILE_NAME
from costoptix.errors import Invalid
from costoptix.lake.charges import COLUMNS
from tests.bills.formats.reading import DATA, charges, own_totals, rows_of, total, totals
from tests.support.bills import Stage

GOLDEN = sorted((DATA / "focus-golden").glob("*_cost_and_usage_*.csv"))
PARTIAL = sorted((DATA / "focus-golden").glob("scenarios_*.csv")) + sorted(
    (DATA / "focus-spec-examples").glob("commitment_*/*.csv")
)
SAAS = DATA / "focus-spec-examples" / "saas_examples"
SPEND = sorted(SAAS.glob("spend_agreements/*.csv"))
VIRTUAL = sorted(SAAS.glob("virtual_currency_*.csv"))
PRICED_IN_WORDS = sorted(SAAS.glob("simple_agreements/*.csv"))
FLEXIBILITY = {
    "one_hundred_percent_utilization_with_commitment_discount_flexibility_with_1_resource": "2.75",
    "one_hundred_percent_utilization_with_commitment_discount_flexibility_with_2_resources": "2",
    "one_hundred_percent_utilization_without_commitment_discount_flexibility": "1.5",
    "zero_percent_utilization_without_commitment_discount_flexibility": "3.5",
}


def _name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", [*GOLDEN, *SPEND, *VIRTUAL], ids=_name)
def test_a_bill_keeps_its_own_totals_by_currency_and_category(path: Path, stage: Stage) -> None:
    staged, _ = stage(path)

    assert staged.rows_rejected == 0
    assert staged.rows_kept == len(rows_of(path))
    assert totals(staged) == own_totals(path)


def test_the_official_sample_keeps_its_true_totals(stage: Stage) -> None:
    staged, _ = stage(DATA / "focus" / "focus_1_0_sample.csv")

    assert staged.format == "FOCUS 1.0"
    assert staged.rows_kept == 1000
    assert total(staged, "billed_cost") == Decimal("20.52022672899")
    assert total(staged, "effective_cost") == Decimal("14.97651418586")
    assert total(staged, "list_cost") == Decimal("20.39090575119")
    assert total(staged, "contracted_cost") == Decimal("14.97626039326")


@pytest.mark.parametrize("path", GOLDEN, ids=_name)
def test_the_version_is_told_from_the_columns(path: Path, stage: Stage) -> None:
    version = re.search(r"_(1_\d)_", path.name)

    staged, _ = stage(path)

    assert version is not None
    assert staged.format == f"FOCUS {version[1].replace('_', '.')}"


def test_the_provider_of_1_4_is_its_service_provider(stage: Stage) -> None:
    rows = rows_of(DATA / "focus-golden" / "gcp_1_3_cost_and_usage_rows25_seed7.csv")
    removed = ("ProviderName", "PublisherName")
    names = [name for name in rows[0] if name not in removed]

    staged, folder = stage(_written(rows, names))

    assert staged.format == "FOCUS 1.4"
    assert {charge["provider_name"] for charge in charges(staged, folder)} == {"Google Cloud"}


@pytest.mark.parametrize("path", PARTIAL, ids=_name)
def test_a_partial_file_is_refused_and_what_it_lacks_is_named(path: Path, stage: Stage) -> None:
    with pytest.raises(Invalid, match=r"nearest to FOCUS .*are missing: .*ProviderName") as refusal:
        stage(path)

    assert "ServiceName" in refusal.value.sentence


@pytest.mark.parametrize(("name", "amount"), FLEXIBILITY.items(), ids=FLEXIBILITY)
def test_what_is_bought_within_the_hour_is_billed_as_it_is_used(
    name: str, amount: str, stage: Stage
) -> None:
    """The specification's flexibility examples: Σ billed = Σ effective."""
    path = DATA / "focus-spec-examples" / "commitment_discount_flexibility" / f"{name}.csv"
    rows = [row | {"ProviderName": "P", "ServiceName": "S"} for row in rows_of(path)]

    staged, _ = stage(_written(rows, list(rows[0])), currency="USD")

    assert total(staged, "billed_cost") == total(staged, "effective_cost") == Decimal(amount)


@pytest.mark.parametrize("path", SPEND, ids=_name)
def test_an_agreement_is_billed_as_it_is_used_over_its_term(path: Path, stage: Stage) -> None:
    """The specification's spend agreements: Σ billed = Σ effective over the twelve months."""
    staged, _ = stage(path)

    assert total(staged, "billed_cost") == total(staged, "effective_cost") == 1200


@pytest.mark.parametrize("path", PRICED_IN_WORDS, ids=_name)
def test_an_amount_with_a_currency_sign_rejects_its_row(path: Path, stage: Stage) -> None:
    staged, folder = stage(path)

    assert staged.rows_kept == 0
    assert staged.rows_rejected == len(rows_of(path))
    assert rows_of(path)[0]["BilledCost"].strip() in (folder / FILE_NAME).read_text()


def test_slashed_dates_are_month_first_where_the_billing_period_shows_it(stage: Stage) -> None:
    staged, folder = stage(SAAS / "virtual_currency_pricing_model_a2.csv")

    starts = sorted(str(charge["charge_period_start"]) for charge in charges(staged, folder))
    assert starts[0] == "2025-04-01 00:00:00"
    assert {scope.billing_period.text for scope in staged.scopes} == {"2025-04"}


@pytest.mark.parametrize(
    ("start", "end"),
    [("1/4/25", "1/5/25"), ("1/1/25", "1/2/25"), ("4/1/25", ""), ("13/1/25", "14/1/25")],
    ids=["day first", "day first in January", "no end", "no month"],
)
def test_other_slashed_dates_reject_their_row(start: str, end: str, stage: Stage) -> None:
    rows = rows_of(SAAS / "virtual_currency_pricing_model_a1.csv")
    rows = [row | {"BillingPeriodStart": start, "BillingPeriodEnd": end} for row in rows]

    staged, _ = stage(_written(rows, list(rows[0])))

    assert (staged.rows_kept, staged.rows_rejected) == (0, 1)


def _written(rows: list[dict[str, str]], names: list[str]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def test_every_column_of_the_1_4_model_has_a_place() -> None:
    model = orjson.loads((DATA / "focus-golden" / "focus_1_4_model.json").read_bytes())
    named = set(model["datasets"]["Cost and Usage"]["columns"])

    ours = {column.focus_name for column in COLUMNS.values()}

    assert named - ours == {"ServiceProviderName"}  # which is our provider
