"""What a scope covers is the grouping of its charges by sign, however it is added up."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costoptix.bills.read import coverage, parquet_files
from costoptix.bills.read.staged import Scope
from costoptix.lake.coverage import AMOUNTS, KIND, SIGNED, account
from tests.bills.bill import write
from tests.support.bills import DATA, SAMPLE, Stage

GUID = "0123ABCD-0000-4000-8000-00000000CAFE"
SUMS = ", ".join(
    f"sum({function}({metric}, 0)) AS {name}"
    for metric, names in SIGNED.items()
    for name, function in zip(names, ("greatest", "least"), strict=True)
)
Groups = dict[tuple[object, ...], list[Decimal]]


def expected_of(scope: Scope, folder: Path) -> Groups:
    paths = [str(folder / file.name) for file in scope.files if file.kind == "charges"]
    rows = duckdb.sql(
        "SELECT billing_currency, charge_period_start::DATE, charge_category, provider_name, "
        f"sub_account_id, count(*), {SUMS} FROM read_parquet({paths}) GROUP BY ALL"
    ).fetchall()
    groups: Groups = {}
    for currency, day, category, provider, sub_account, *numbers in rows:
        key = (currency, day, category, account(provider, sub_account))
        before = groups.get(key, [Decimal(0)] * len(numbers))
        groups[key] = [one + other for one, other in zip(before, numbers, strict=True)]
    return groups


def stored_of(scope: Scope, folder: Path) -> Groups:
    (file,) = (file for file in scope.files if file.kind == KIND)
    names = f"currency, day, charge_category, account, charge_count, {', '.join(AMOUNTS)}"
    rows = duckdb.sql(f"SELECT {names} FROM '{folder / file.name}'").fetchall()
    groups = {tuple(row[:4]): list(row[4:]) for row in rows}
    assert len(groups) == len(rows) == file.row_count  # each once
    return groups


BILL = write(
    [
        {"SubAccountId": spelling, "ProviderName": "Microsoft", "ChargePeriodStart": start,
         "ChargeCategory": category, "BilledCost": cost, "EffectiveCost": effective}
        for spelling in (GUID, GUID.lower(), f"/subscriptions/{GUID}", "", "other")
        for start in ("2026-03-02T05:00:00Z", "2026-03-31T23:59:59Z")
        for category in ("Usage", "Credit")
        for cost, effective in (("5", "-3"), ("-1", "0"), ("-2.5", "1"), ("0", f"-0.{17 * '0'}1"))
    ]
)  # fmt: skip


@pytest.mark.parametrize("bill", [SAMPLE, BILL, DATA / "gcp" / "detailed.jsonl"])
@pytest.mark.parametrize(
    ("row_group", "most"),
    [(61_440, 24 << 20), (70, 24 << 20), (70, 9_000), (70, 10)],
    ids=["at once", "many batches", "added up early", "on disk"],
)
def test_coverage_is_the_grouping_of_the_charges_however_it_is_made(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, bill: bytes | Path, row_group: int, most: int
) -> None:
    monkeypatch.setattr(parquet_files, "ROW_GROUP_ROWS", row_group)
    monkeypatch.setattr(parquet_files, "BATCH_ROWS", row_group)
    monkeypatch.setattr(coverage, "MOST_BYTES", most)
    monkeypatch.setattr(coverage, "_ROWS_AT_ONCE", 10)
    staged, folder = stage(bill)
    for scope in staged.scopes:
        assert stored_of(scope, folder) == expected_of(scope, folder)
        assert not list((folder / scope.files[0].name).parent.glob("*spilled*"))


AMOUNT = st.decimals(Decimal(-(10**19)), Decimal(10**19), places=18) | st.sampled_from(
    [Decimal(0), Decimal("-1E-18"), Decimal("1E-18")]
)
"""Eight of them add up to less than is too large."""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(
    st.lists(
        st.tuples(AMOUNT, AMOUNT, st.integers(1, 28)),
        min_size=1,
        max_size=8,
        unique_by=lambda row: row[2],
    )
)
def test_no_digit_of_an_amount_is_lost(
    stage: Stage, rows: list[tuple[Decimal, Decimal, int]]
) -> None:
    staged, folder = stage(
        write(
            {"BilledCost": f"{billed:f}", "EffectiveCost": f"{effective:f}",
             "SubAccountId": str(day), "ChargePeriodStart": f"2026-03-{day:02}"}
            for billed, effective, day in rows
        )
    )  # fmt: skip
    (scope,) = staged.scopes
    assert stored_of(scope, folder) == expected_of(scope, folder)
