"""Decimals are written as DuckDB writes them, and as the CSV of the same rows would have them."""

from __future__ import annotations

from decimal import Context, Decimal

import pyarrow as pa
import pytest
from duckdb import DuckDBPyConnection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costoptix.bills.read import fast_texts

TYPES = st.integers(1, 38).flatmap(
    lambda precision: st.tuples(st.just(precision), st.integers(0, precision - 1))
)
EXACT = Context(prec=38)
UNSCALED = st.one_of(
    st.none(), st.sampled_from([0, 1, -1, 9, -10]), st.integers(-(10**38) + 1, 10**38 - 1)
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TYPES, st.lists(UNSCALED, min_size=1, max_size=6))
def test_a_decimal_is_the_text_that_duckdb_makes_of_it(
    duckdb: DuckDBPyConnection, type_: tuple[int, int], unscaled: list[int | None]
) -> None:
    precision, scale = type_
    numbers = [
        None if one is None else Decimal(one if abs(one) < 10**precision else one % 10**precision)
        for one in unscaled
    ]
    decimals = pa.array(
        [None, *(one if one is None else one.scaleb(-scale, EXACT) for one in numbers)],
        pa.decimal128(precision, scale),
    ).slice(1)
    duckdb.register("numbers", pa.table({"x": decimals}))
    written = duckdb.sql("SELECT CAST(x AS VARCHAR) FROM numbers").fetchall()
    assert fast_texts.are_fast(decimals.type)
    assert [(text,) for text in fast_texts.texts(decimals).to_pylist()] == written


@pytest.mark.parametrize("type_", [pa.decimal128(4, 4), pa.decimal256(50, 4), pa.float64()])
def test_what_duckdb_writes_otherwise_is_left_to_it(type_: pa.DataType) -> None:
    assert not fast_texts.are_fast(type_)
