"""Bench bills: the same every time, and of the promised shape."""

import duckdb
import pytest

from bench.generate import FIRST_DAY, LAST_DAY, generate

ROWS = 5_000


@pytest.fixture(scope="module")
def bill(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "bill.parquet"
    generate(path, ROWS)
    return path


def ask(path, question):
    with duckdb.connect() as engine:
        return engine.execute(question, {"path": str(path)}).fetchall()


def test_the_same_rows_and_seed_give_the_same_bill(tmp_path):
    bills = [tmp_path / name for name in ("a.csv.gz", "b.csv.gz", "c.csv.gz")]
    for path, seed in zip(bills, (7, 7, 8), strict=True):
        generate(path, ROWS, seed=seed)
    first, again, other = (path.read_bytes() for path in bills)
    assert first == again != other


def test_a_bill_has_its_rows_columns_and_days(bill):
    assert len(ask(bill, "DESCRIBE FROM read_parquet($path)")) == 57
    question = (
        "SELECT count(*), min(ChargePeriodStart)[:10], max(ChargePeriodStart)[:10] "
        "FROM read_parquet($path)"
    )
    assert ask(bill, question) == [(ROWS, str(FIRST_DAY), str(LAST_DAY))]


def test_costs_are_unit_price_times_quantity(bill):
    question = (
        "SELECT count(*) FROM read_parquet($path) "
        "WHERE ListCost <> ListUnitPrice * PricingQuantity "
        "OR ContractedCost <> ContractedUnitPrice * PricingQuantity"
    )
    assert ask(bill, question) == [(0,)]


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must end in"):
        generate(tmp_path / "bill.txt", ROWS)
