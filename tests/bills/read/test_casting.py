"""DuckDB's casts are exact: held against Python's decimals."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from duckdb import DuckDBPyConnection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costoptix import money

DIGITS = st.text("0123456789", max_size=30)
SIGNS = st.sampled_from(["", "-", "+"])
PLAIN = st.builds(lambda s, i, f: f"{s}{i}.{f}", SIGNS, st.text("0123456789", max_size=21), DIGITS)
WHOLE = st.builds(lambda s, i: f"{s}{i}", SIGNS, st.text("0123456789", min_size=1, max_size=21))
FROM_FLOATS = st.floats(allow_nan=False, allow_infinity=False).map(repr)
E_NOTATION = st.builds(
    lambda s, i, f, e: f"{s}{i}.{f}E-{e}",
    SIGNS, st.text("0123456789", min_size=1, max_size=18), DIGITS, st.integers(0, 99),
)  # fmt: skip


def amounts(duckdb: DuckDBPyConnection, texts: list[str]) -> list[Decimal | None]:
    rows = duckdb.execute("SELECT as_amount(x) FROM (SELECT unnest(?) AS x)", [texts]).fetchall()
    return [row[0] for row in rows]


def expected(text: str) -> Decimal | None:
    try:
        return money.parse_amount(text)
    except ValueError:
        return None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.one_of(PLAIN, WHOLE, E_NOTATION), min_size=1, max_size=50))
def test_an_amount_is_rounded_half_away_from_zero_to_18_places(
    duckdb: DuckDBPyConnection, texts: list[str]
) -> None:
    assert amounts(duckdb, texts) == [expected(text) for text in texts]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(FROM_FLOATS, min_size=1, max_size=50))
def test_what_a_float_is_written_as_is_read_exactly_or_not_at_all(
    duckdb: DuckDBPyConnection, texts: list[str]
) -> None:
    for text, amount in zip(texts, amounts(duckdb, texts), strict=True):
        assert amount in (expected(text), None)
        if abs(float(text)) < 1e16:
            assert amount == expected(text)


@pytest.mark.parametrize(
    "text",
    ["NaN", "nan", "inf", "1e999", "$10", "$10,000.00 ", "1,000", "1_000", "0x10", "", "-", ".",
     "1e", "1.2.3", "１", "1" * 21, "9.5e20", "1E400"],
)  # fmt: skip
def test_what_is_no_amount_is_not_cast(duckdb: DuckDBPyConnection, text: str) -> None:
    assert amounts(duckdb, [text]) == [None]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("-5.55941E-5", "-0.0000555941"),
        ("1E-25", "0"),
        ("5E-19", "0.000000000000000001"),
        ("-5E-19", "-0.000000000000000001"),
        (" 1.5 ", "1.5"),
        ("1e3", "1000"),
        (".5", "0.5"),
        ("99999999999999999999.999999999999999999", "99999999999999999999.999999999999999999"),
    ],
)
def test_amounts_as_bills_write_them(duckdb: DuckDBPyConnection, text: str, amount: str) -> None:
    assert amounts(duckdb, [text]) == [Decimal(amount)]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-09-18 22:00:00", "2024-09-18T22:00"),
        ("2024-09-18T22:00Z", "2024-09-18T22:00"),
        ("2024-09-18T22:00:00Z", "2024-09-18T22:00"),
        ("2024-09-18T22:00:00.000Z", "2024-09-18T22:00"),
        ("2024-09-18T22:00:00+00:00", "2024-09-18T22:00"),
        ("2024-09-18T22:00:00+05:30", "2024-09-18T16:30"),
        ("2024-09-18 22:00:00-08", "2024-09-19T06:00"),
        ("2024-09-18 22:00:00.123+01:00", "2024-09-18T21:00:00.123"),
        ("2024-09-18 22:00:00 UTC", "2024-09-18T22:00"),
        ("2024-09-18", "2024-09-18T00:00"),
        ("2024-09-18T22:00:00+01:00Z", None),
        ("2024-02-30", None),
        ("2024-13-01", None),
        ("9/2/2023", None),
        ("24-09-18", None),
        ("0024-09-18", None),
        ("2500-01-01", None),
        ("epoch", None),
        ("infinity", None),
        ("2024-09-18 (BC)", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_time_is_utc_and_nothing_is_guessed(
    duckdb: DuckDBPyConnection, text: str, time: str | None
) -> None:
    sql = "SELECT CASE WHEN is_in_time(as_time($x)) THEN as_time($x) END"
    found = duckdb.execute(sql, {"x": text}).fetchone()
    assert found == (None if time is None else datetime.fromisoformat(time),)
