"""Charts: right for any amounts, made of shapes only."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.charts import HEIGHT, Axis, Band, Bucket, StackedChart, sparkline
from costoptix.money import total
from costoptix.periods import DateRange, Granularity
from costoptix.web.costs.cost_charts import bucket_title, granularity_for

amounts = st.decimals(-(10**15), 10**15, places=6)
rows = st.lists(st.none() | amounts, min_size=3, max_size=3)


def chart(*bands: list[object], previous: tuple[Decimal, ...] = ()) -> StackedChart:
    buckets = tuple(Bucket(f"day {i}", str(i)) for i in range(len(bands[0])))
    found = tuple(
        Band(f"band {i}", tuple(None if a is None else Decimal(a) for a in band), i)
        for i, band in enumerate(bands)
    )
    return StackedChart("USD", buckets, found, previous)


def bars(drawn: StackedChart) -> list[tuple[int, int, int]]:
    """(x, top, height) of every bar."""
    found = re.findall(r"M(\d+) (-?\d+)h\d+v(\d+)h", drawn.svg)
    return [(int(x), int(top), int(height)) for x, top, height in found]


@given(st.lists(amounts, max_size=9))
def test_an_axis_holds_zero_and_every_amount(given_amounts):
    axis = Axis.over(given_amounts)
    assert 1 <= axis.intervals <= 5
    assert Decimal(0) in axis.ticks
    hair = axis.step / 20
    assert all(axis.low - hair <= amount <= axis.high for amount in given_amounts)
    assert axis.low % axis.step == 0 == axis.high % axis.step
    labels = axis.labels("USD")
    assert len(set(labels)) == len(labels) == len(axis.ticks)


@given(st.lists(rows, min_size=1, max_size=4))
def test_the_sums_of_a_chart_are_the_sums_of_its_bands(bands):
    drawn = chart(*bands)
    assert drawn.total == total([band.total for band in drawn.bands])
    assert drawn.total == total([amount for amount in drawn.totals if amount is not None])
    assert [amount is None for amount in drawn.totals] == [
        all(amount is None for amount in column) for column in zip(*bands, strict=True)
    ]
    assert all(0 <= top <= top + height <= HEIGHT + 60 for _, top, height in bars(drawn))


@pytest.mark.parametrize(
    ("largest", "labels"),
    [
        ("0", ["$1", "$0"]),
        ("0.0001", ["$0.00010", "$0.00008", "$0.00006", "$0.00004", "$0.00002", "$0"]),
        ("2510", ["$3,000", "$2,000", "$1,000", "$0"]),
        ("12345", ["$12.5k", "$10.0k", "$7.5k", "$5.0k", "$2.5k", "$0"]),
        ("1000000000", ["$1.0B", "$0.8B", "$0.6B", "$0.4B", "$0.2B", "$0"]),
        ("-7", ["$0", "−$2", "−$4", "−$6", "−$8"]),
    ],
)
def test_labels_have_the_places_that_their_step_needs(largest, labels):
    assert Axis.over([Decimal(largest)]).labels("USD") == labels


def test_what_is_negative_hangs_below_zero():
    drawn = chart(["4", None], ["2", None], ["-3", "-1"])
    zero = drawn.axis.y(Decimal(0))
    above = [top + height for _, top, height in bars(drawn)[:2]]
    below = [top for _, top, _ in bars(drawn)[2:]]
    assert above[0] == zero
    assert above[1] < zero
    assert below == [zero, zero]
    assert drawn.totals == [3, -1]


def test_one_value_fills_one_bar_and_zeros_draw_none():
    assert len(bars(chart(["7"]))) == 1
    assert bars(chart(["0", "0"])) == []
    assert "<svg" in chart(["0"]).svg


def test_a_bucket_without_charges_is_a_gap_and_one_of_zero_is_not():
    drawn = chart(["4", None, "0"], ["2", None, None])
    assert drawn.totals == [6, None, 0]
    assert re.findall(r'class="gap" x="(\d+)"', drawn.svg) == ["10"]


def test_the_mark_of_a_bucket_is_a_link_that_no_other_one_covers():
    buckets = tuple(
        Bucket(f"day {i}", str(i), note="<EC2>" if i in (3, 4, 20, 25) else "", href=f"/a/{i}")
        for i in range(30)
    )
    marked = tuple(b if b.note else Bucket(b.label, b.short) for b in buckets)
    band = Band("x", (Decimal(1),) * 30, 0)
    links = StackedChart("USD", marked, (band,)).mark_links
    found = re.findall(r'<svg x="([\d.]+)%" y="(\d+)"[^>]*><a href="([^"]+)"', links)
    assert found == [
        ("11.67", "0", "/a/3"), ("15.00", "24", "/a/4"), ("68.33", "0", "/a/20"),
        ("85.00", "0", "/a/25"),
    ]  # fmt: skip
    assert "<EC2>" not in links
    assert StackedChart("USD", (Bucket("a", "a"),), (Band("x", (None,), 0),)).mark_links == ""


def test_a_sparkline_is_broken_where_nothing_is_known():
    drawn = sparkline([Decimal(1), Decimal(2), None, Decimal(4), Decimal(5)], incomplete=1)
    assert 'class="solid" d="M0.0 30.8L25.0 23.6M62.5 9.2L87.5 9.2"' in drawn
    assert 'class="dashed" d="M75.0 9.2L100.0 2.0"' in drawn
    assert sparkline([None, None]) == ""


def test_the_earlier_range_is_one_dashed_line_even_of_one_bucket():
    one = chart(["7"], previous=(Decimal(5),))
    many = chart(["7", "8"], previous=(Decimal(5), Decimal(9)))
    assert one.svg.count('class="previous"') == many.svg.count('class="previous"') == 1
    assert chart(["7"]).svg.count('class="previous"') == 0


def test_incomplete_buckets_are_faded():
    buckets = (Bucket("a", "a"), Bucket("b", "b", is_complete=False))
    drawn = StackedChart("USD", buckets, (Band("x", (Decimal(1), Decimal(1)), 0),))
    assert re.findall(r'class="faded" x="(\d+)"', drawn.svg) == ["10"]


def test_no_chart_has_an_inline_style_or_a_word_unescaped():
    drawn = StackedChart("USD", (Bucket("<script>", "<script>"),), (Band("x", (Decimal(1),), 0),))
    assert "<script>" not in drawn.bucket_labels
    assert "style" not in drawn.svg + drawn.bucket_labels + sparkline([Decimal(1)])


@given(st.lists(amounts, max_size=5), st.integers(0, 5))
def test_a_sparkline_stays_in_its_box(given_amounts, incomplete):
    points = re.findall(
        r"[\d.-]+ (-?[\d.]+)", re.sub(r"viewBox.*?>", "", sparkline(given_amounts, incomplete))
    )
    assert all(1 <= float(y) <= 39 for y in points)


@pytest.mark.parametrize(
    ("days", "granularity"),
    [
        (1, Granularity.DAILY),
        (92, Granularity.DAILY),
        (93, Granularity.WEEKLY),
        (400, Granularity.WEEKLY),
        (401, Granularity.MONTHLY),
    ],
)
def test_buckets_are_wide_enough_to_be_told_apart(days, granularity):
    first = date(2026, 1, 1)
    assert granularity_for(DateRange(first, first + timedelta(days=days - 1))) is granularity


def test_buckets_in_words():
    november = DateRange(date(2026, 11, 1), date(2026, 11, 15))
    assert bucket_title(november, Granularity.MONTHLY) == "Nov 2026, 15 of 30 days"
    assert bucket_title(november, Granularity.QUARTERLY) == "Q4 2026, 15 of 92 days"
    assert bucket_title(DateRange(november.first, november.first), Granularity.DAILY) == (
        "Sun 1 Nov 2026"
    )
