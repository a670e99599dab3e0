"""How costs move: pure figures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.figures.trends import (
    Change,
    Confidence,
    Health,
    Trend,
    agreeing_trend,
    cagr,
    health,
    monthly_figures,
    movers,
    projected,
    share,
    sums_by,
    trend,
)
from costoptix.money import rounded, total
from costoptix.periods import add_months

amounts = st.decimals(-(10**12), 10**12, places=18)
keys = st.sampled_from("abcdef")
JANUARY = date(2026, 1, 1)
MONTHS = [add_months(JANUARY, i) for i in range(12)]


def change(before: str, now: str) -> Change:
    return Change(Decimal(before), Decimal(now))


def by_month(*values: str) -> dict[date, Decimal]:
    return {month: Decimal(value) for month, value in zip(MONTHS, values, strict=False)}


@given(st.dictionaries(keys, amounts), st.dictionaries(keys, amounts))
def test_movers_hold_every_key_once_and_add_up_to_the_whole_change(now, before):
    found = movers(now, before)
    assert sorted(key for key, _ in found) == sorted({**now, **before})
    whole = Change(total(list(before.values())), total(list(now.values())))
    assert total([moved.amount for _, moved in found]) == whole.amount
    sizes = [abs(moved.amount) for _, moved in found]
    assert sizes == sorted(sizes, reverse=True)


@given(st.lists(st.tuples(keys, amounts)))
def test_sums_by_key_add_up_to_the_sum(pairs):
    assert total(list(sums_by(pairs).values())) == total([amount for _, amount in pairs])


def test_a_change_in_percent_needs_something_to_compare_with():
    assert change("80", "100").percent == 25
    assert change("80", "60").percent == -25
    assert change("0", "100").percent is None
    assert change("-5", "100").percent is None
    assert share(Decimal(1), Decimal(0)) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((), None),
        (("100",), None),
        (("100", "101"), Trend.STABLE),
        (("100", "110"), Trend.INCREASING),
        (("110", "100", "90"), Trend.DECREASING),
        (("0", "0", "0"), Trend.STABLE),
        (("-100", "-50"), Trend.INCREASING),
        (("100", "300", "100", "300", "100"), Trend.STABLE),
    ],
)
def test_a_trend_is_the_slope_against_the_average(values, expected):
    assert trend([Decimal(value) for value in values]) is expected


def test_cagr_is_growth_compounded_to_a_year():
    assert cagr(change("100", "200"), 12) == 100
    assert rounded(cagr(change("100", "110"), 6), 6) == 21
    assert cagr(change("0", "200"), 12) is None
    assert cagr(change("200", "-1"), 12) is None
    assert cagr(change("0.000001", "100000000"), 1) is None


def test_the_monthly_figures_of_a_year():
    figures = monthly_figures(
        by_month("100", "110", "121", "133.1", "10"), MONTHS[:4], month_count=5
    )
    assert figures.total == Decimal("474.1")
    assert figures.average == Decimal("94.82")
    assert (figures.peak_month, figures.peak) == (MONTHS[3], Decimal("133.1"))
    assert figures.trend is Trend.INCREASING
    assert figures.change == change("100", "133.1")
    assert figures.month_over_month.percent == 10
    assert figures.cagr is None  # "213.84%" of four months is no yearly growth
    assert figures.confidence is Confidence.HIGH


def test_growth_by_the_year_needs_twelve_full_months():
    months = [add_months(date(2025, 1, 1), n) for n in range(13)]
    grown = {month: Decimal(100) * (n + 1) for n, month in enumerate(months)}
    assert monthly_figures(grown, months[:11], 13).cagr is None
    assert rounded(monthly_figures(grown, months[:12], 13).cagr, 6) == Decimal("1404.141286")
    assert monthly_figures(grown, months, 13).cagr == 1200


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("100", "200", "300", "90"), None),  # the line rises by little, the ends fall
        (("100", "130", "160", "190", "80"), None),
        (("100", "101", "102", "103", "104", "105", "106", "107", "108", "109", "110"),
         Trend.INCREASING),  # 1% a month is 10% in all
        (("100", "101", "102"), Trend.STABLE),
        (("100", "150", "200", "100"), None),
        (("200", "190", "170", "150"), Trend.DECREASING),
        (("100", "80", "80", "80", "121"), Trend.INCREASING),
    ],
)  # fmt: skip
def test_a_trend_never_says_otherwise_than_the_change(values, expected):
    spent = [Decimal(value) for value in values]
    assert agreeing_trend(spent, Change(spent[0], spent[-1])) is expected


@given(st.lists(amounts, min_size=2, max_size=14))
def test_words_and_figures_of_a_row_agree(spent):
    moved = Change(spent[0], spent[-1])
    found = agreeing_trend(spent, moved)
    if found is Trend.INCREASING:
        assert moved.amount > 0
    if found is Trend.DECREASING:
        assert moved.amount < 0
    if found is Trend.STABLE:
        assert abs(moved.amount) * 10 <= abs(moved.before)


@given(st.lists(amounts, min_size=12, max_size=16))
def test_trend_change_and_growth_of_a_row_never_contradict_each_other(spent):
    months = [add_months(JANUARY, i) for i in range(len(spent))]
    row = monthly_figures(dict(zip(months, spent, strict=True)), months, len(months))
    moved = row.change.amount
    if row.trend is Trend.INCREASING:
        assert moved > 0
        assert row.cagr is None or row.cagr >= 0
    if row.trend is Trend.DECREASING:
        assert moved < 0
        assert row.cagr is None or row.cagr <= 0
    if row.trend is Trend.STABLE:
        assert row.cagr is None or abs(row.cagr) < 11  # less than 10% in eleven months
    if row.cagr is not None and row.change.percent is not None:
        assert (row.cagr > 0) <= (moved > 0)
        assert (row.cagr < 0) <= (moved < 0)


def test_partial_months_count_for_the_total_and_the_average_alone():
    figures = monthly_figures(by_month("100", "3"), MONTHS[:1], month_count=2)
    assert (figures.total, figures.average) == (103, Decimal("51.5"))
    assert figures.trend is figures.cagr is figures.change is figures.month_over_month is None
    assert figures.confidence is Confidence.LOW


def test_a_month_without_charges_is_nothing_month_over_month():
    figures = monthly_figures({MONTHS[0]: Decimal(5)}, MONTHS[:2], month_count=2)
    assert figures.month_over_month == change("5", "0")


@given(st.dictionaries(st.sampled_from(MONTHS), amounts, min_size=1))
def test_no_months_break_the_figures(months):
    figures = monthly_figures(months, sorted(months)[:-1], month_count=12)
    assert figures.total == total(list(months.values()))
    assert figures.peak == max(months.values())


def test_the_health_of_services_is_by_their_rise_and_its_weight():
    steady, up_a_bit, doubled = change("1000", "1010"), change("100", "125"), change("50", "100")
    brand_new, tiny = change("0", "40"), change("0.1", "5")
    assert health([steady, up_a_bit, doubled, brand_new, tiny]) == Health(2, 1, 2)


def test_a_projection_needs_a_complete_day():
    assert projected(Decimal(21), 21, 30) == 30
    assert projected(Decimal(21), 0, 30) is None
