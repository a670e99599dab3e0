"""The expressions that formats share, held against Python."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costoptix.bills.formats import expressions, month_first

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
FACTOR = st.decimals(-10_000, 10_000, places=4).map(str)


@pytest.fixture(scope="module", name="duck")
def _duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def _value(duck: duckdb.DuckDBPyConnection, sql: str, *cells: str | None) -> str | None:
    columns = ", ".join(f"${place}::VARCHAR AS c{place}" for place in range(1, len(cells) + 1))
    row = duck.execute(f"SELECT {sql} FROM (SELECT {columns})", list(cells)).fetchone()
    assert row is not None
    return row[0]


@settings(deadline=None, max_examples=50)
@given(text=TEXT)
def test_a_literal_is_its_text(duck: duckdb.DuckDBPyConnection, text: str) -> None:
    assert _value(duck, expressions.literal(text), None) == text


@settings(deadline=None, max_examples=50)
@given(factors=st.lists(FACTOR, min_size=2, max_size=3))
def test_a_product_of_prices_is_exact(duck: duckdb.DuckDBPyConnection, factors: list[str]) -> None:
    sql = expressions.product(*(f"c{place}" for place in range(1, len(factors) + 1)))

    expected = Decimal(1)
    for factor in factors:
        expected *= Decimal(factor)
    found = _value(duck, sql, *factors)
    assert found is not None
    assert Decimal(found) == expected


@pytest.mark.parametrize("factor", [None, "a lot", "99999999999999999999"])
def test_a_product_that_is_none_is_missing(
    duck: duckdb.DuckDBPyConnection, factor: str | None
) -> None:
    assert _value(duck, expressions.product("c1", "c2"), "1000000", factor) is None


AMOUNTS = st.decimals(-1000, 1000, places=25)


@settings(deadline=None, max_examples=50)
@given(members=st.lists(st.fixed_dictionaries({"name": TEXT, "amount": AMOUNTS}), max_size=3))
def test_exact_json_keeps_every_digit_of_numbers_and_what_strings_say(
    duck: duckdb.DuckDBPyConnection, members: list[dict[str, str | Decimal]]
) -> None:
    written = ", ".join(
        f'{{"name": {json.dumps(member["name"])}, "amount": {member["amount"]:f}}}'
        for member in members
    )

    read = _value(duck, expressions.exact_json("c1"), f"[{written}]")

    assert read is not None
    assert orjson.loads(read) == [m | {"amount": f"{m['amount']:f}"} for m in members]


def test_what_looks_like_a_member_within_a_string_is_left_as_it_is(
    duck: duckdb.DuckDBPyConnection,
) -> None:
    written = json.dumps({'a "b": 1': 'c\\", "d": 2.50', "e": [1.25]})

    read = _value(duck, expressions.exact_json("c1"), written)

    assert json.loads(read or "") == json.loads(written)


@settings(deadline=None, max_examples=50)
@given(members=st.lists(st.dictionaries(TEXT, TEXT | st.none() | st.booleans(), max_size=3)))
def test_exact_json_leaves_json_as_it_is(
    duck: duckdb.DuckDBPyConnection, members: list[dict[str, object]]
) -> None:
    for written in (json.dumps(members), json.dumps(members, ensure_ascii=False)):
        found = _value(duck, expressions.exact_json("c1"), written)
        assert found is not None
        assert json.loads(found) == members


@settings(deadline=None, max_examples=50)
@given(text=st.text(max_size=30))
def test_what_is_neither_is_missing(duck: duckdb.DuckDBPyConnection, text: str) -> None:
    found = _value(duck, expressions.exact_json("c1"), "<" + text.replace("\0", ""))

    assert found is None


@settings(deadline=None, max_examples=50)
@given(pairs=st.dictionaries(TEXT, TEXT, max_size=4))
def test_pairs_become_an_object(duck: duckdb.DuckDBPyConnection, pairs: dict[str, str]) -> None:
    listed = json.dumps([{"key": key, "value": value} for key, value in pairs.items()])

    found = _value(duck, expressions.object_of_pairs("c1"), listed)

    assert json.loads(found or "{}") == pairs


@settings(deadline=None, max_examples=50)
@given(day=st.dates())
def test_american_dates_are_read_month_first(duck: duckdb.DuckDBPyConnection, day) -> None:
    for text in (f"{day.month}/{day.day}/{day.year:04}", f" {day:%m/%d}/{day.year:04}"):
        assert _value(duck, month_first("c1"), text) == day.isoformat()


@pytest.mark.parametrize("text", ["2023-09-02", "2/3", "1/2/345", "a 1/2/2023", None])
def test_other_dates_stay_as_they_are(duck: duckdb.DuckDBPyConnection, text: str | None) -> None:
    assert _value(duck, month_first("c1"), text) == text


def test_the_day_after_ends_a_day(duck: duckdb.DuckDBPyConnection) -> None:
    assert _value(duck, expressions.next_day("c1"), "2024-02-29") == "2024-03-01"
    assert _value(duck, expressions.next_day("c1"), "2024-02-30") == "2024-02-30"
    assert _value(duck, expressions.next_day("c1"), None) is None
