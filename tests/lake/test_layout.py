"""A roll-up is the grouping of its charges that it says, and is made of what is finer than it."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest

from costoptix.lake.layout import (
    CHARGE_COUNT,
    DIMENSIONS,
    FINEST_FIRST,
    METRICS,
    MISSING,
    ROLL_UPS,
    RollUp,
    literal,
    roll_up_sql,
)

roll_ups = pytest.mark.parametrize("roll_up", ROLL_UPS, ids=lambda roll_up: roll_up.name)


@pytest.fixture
def charges():
    """Three charges: two of one day in two regions, one a month later, without a list cost."""
    with duckdb.connect() as connection:
        dimensions = ", ".join(f"'x' AS {name}" for name in DIMENSIONS if name != "region_id")
        rows = (("2026-03-02", "eu", "1.1", "2"), ("2026-03-02", "us", "2.2", "3"),
                ("2026-04-02", "eu", "0.000000000000000001", None))  # fmt: skip
        selects = [
            f"SELECT TIMESTAMP '{day} 05:00:00' AS charge_period_start, 'USD' AS billing_currency, "
            f"{dimensions}, '{region}' AS region_id, '{{}}' AS tags, "
            f"CAST('{cost}' AS DECIMAL(38, 18)) AS billed_cost, "
            f"CAST('{cost}' AS DECIMAL(38, 18)) AS effective_cost, "
            f"CAST({listed or 'NULL'} AS DECIMAL(38, 18)) AS list_cost, "
            f"CAST({listed or 'NULL'} AS DECIMAL(38, 18)) AS contracted_cost"
            for day, region, cost, listed in rows
        ]
        connection.execute(f"CREATE TABLE charges AS {' UNION ALL '.join(selects)}")
        yield connection


@roll_ups
def test_no_roll_up_loses_a_charge_or_a_digit(charges, roll_up: RollUp) -> None:
    sql = roll_up_sql(roll_up, "charges")
    sums = charges.execute(
        f"SELECT sum(billed_cost), sum({CHARGE_COUNT}), sum({MISSING['list_cost']}) FROM ({sql})"
    ).fetchone()
    assert sums == (Decimal("3.300000000000000001"), 3, 1)


@roll_ups
def test_a_roll_up_has_the_columns_that_it_says(charges, roll_up: RollUp) -> None:
    names = [
        row[0] for row in charges.execute(f"DESCRIBE {roll_up_sql(roll_up, 'charges')}").fetchall()
    ]
    assert set(names) == {
        "day", "currency", *roll_up.columns, *METRICS, *MISSING.values(), CHARGE_COUNT,
    }  # fmt: skip


@roll_ups
def test_a_sum_over_charges_that_lack_it_is_null_not_zero(charges, roll_up: RollUp) -> None:
    sql = roll_up_sql(roll_up, "charges")
    listed = charges.execute(f"SELECT list_cost FROM ({sql}) WHERE day >= DATE '2026-04-01'")
    assert listed.fetchall() == [(None,)]


@roll_ups
def test_what_is_finer_is_written_before(roll_up: RollUp) -> None:
    finer = [other for other in ROLL_UPS if other.is_finer_than(roll_up)]
    assert all(FINEST_FIRST.index(other) < FINEST_FIRST.index(roll_up) for other in finer)
    assert not roll_up.is_finer_than(roll_up)


def test_months_are_not_added_up_to_days() -> None:
    month = RollUp("a", "month", ("service_name", "region_id"))
    day = RollUp("b", "day", ("service_name",))
    assert not month.is_finer_than(day)
    assert not day.is_finer_than(month)


def test_a_text_in_sql_is_one_text(charges) -> None:
    hostile = "it's'; DROP TABLE charges; --"
    assert charges.execute(f"SELECT {literal(hostile)}").fetchone() == (hostile,)
