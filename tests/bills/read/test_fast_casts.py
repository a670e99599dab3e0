"""The fast casts are the casts of ``casting``, and leave to it what they do not know."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from duckdb import DuckDBPyConnection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costoptix import money
from costoptix.bills.read import fast_casts

DIGITS = st.text("0123456789", max_size=20)
AMOUNT = st.builds(
    lambda sign, whole, point, rest: f"{sign}{whole}{point}{rest}",
    st.sampled_from(["", "-", "+", " "]), DIGITS,
    st.sampled_from(["", ".", "e", "-", ".."]), DIGITS,
)  # fmt: skip
TIME = st.one_of(
    st.datetimes().map(lambda time: f"{time:%Y-%m-%dT%H:%M:%S}Z".rjust(20, "0")),
    st.text("0123456789-:TZ ", min_size=20, max_size=20),
    st.sampled_from(
        ["2026-02-30T00:00:00Z", "2026-02-03T24:00:00Z", "2026-12-31T23:59:60Z", "2026-02-03",
         "1969-12-31T23:59:59Z", "2199-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "", "NULL",
         "2026-02-03 00:00:00Z", "2026-02-03T00:00:00+", "２026-02-03T00:00Z"]
    ),
)  # fmt: skip


@given(st.lists(st.one_of(st.none(), AMOUNT), max_size=6))
def test_a_plain_amount_is_exact(texts: list[str | None]) -> None:
    found = fast_casts.amounts(pa.array([None, *texts], type=pa.string()).slice(1))
    if found is not None:
        assert found.to_pylist() == [text and money.parse_amount(text) for text in texts]


@pytest.mark.parametrize("text", ["1e3", "+1", " 1", "1_0", "1" * 20, "0.123456789012345678", "1-"])
def test_another_spelling_is_left_to_the_exact_casts(text: str) -> None:
    assert fast_casts.amounts(pa.array(["1", text])) is None
    assert fast_casts.amounts(pa.array(["-1.50", None, "0.12345678901234567"])).to_pylist() == [
        Decimal("-1.5"), None, Decimal("0.12345678901234567"),
    ]  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TIME, min_size=1, max_size=3))
def test_a_plain_time_is_the_time_that_duckdb_reads(
    duckdb: DuckDBPyConnection, texts: list[str]
) -> None:
    found = fast_casts.times(pa.array(["x", *texts]).slice(1))
    if found is None:
        return
    sql = "SELECT CASE WHEN is_in_time(as_time(x)) THEN as_time(x) END FROM (SELECT unnest(?) AS x)"
    assert [(time,) for time in found.to_pylist()] == duckdb.execute(sql, [texts]).fetchall()


def test_times_of_one_shape_are_read_at_once() -> None:
    texts = ["2026-02-03T04:05:06Z", "1970-01-01T00:00:00Z", "2199-12-31T23:59:59Z"]
    assert fast_casts.times(pa.array(texts)) is not None
    for other in ("2200-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2026-02-30T00:00:00Z", None):
        assert fast_casts.times(pa.array([*texts, other])) is None
