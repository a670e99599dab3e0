"""Which bills Acme Cloud has, and when they would have come."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from costoptix.demo.bills import Edition, bills, copy_for_finance, restated_month
from costoptix.demo.company import AZURE, GOOGLE
from costoptix.demo.story import Story

ENDS = st.dates(date(2020, 1, 1), date(2060, 12, 31))


@given(ENDS)
def test_thirteen_months_of_three_clouds_of_which_one_comes_twice(end: date) -> None:
    listed = bills(Story(end), end)
    editions = Counter(bill.edition for bill in listed)
    assert editions == {Edition.FINAL: 38, Edition.SPOILT: 1, Edition.FIRST: 1}
    months = [bill.days.first for bill in listed]
    assert months == sorted(months, reverse=True)


@given(ENDS)
def test_bills_have_come_by_the_morning_after_the_end(end: date) -> None:
    for bill in bills(Story(end), end):
        assert bill.days.last < bill.arrived_at.date() <= bill.days.last + timedelta(days=10)
        if bill.days.last < end - timedelta(days=11):
            assert bill.arrived_at.date() <= end


@given(ENDS)
def test_the_restated_month_was_over_when_each_of_its_bills_came(end: date) -> None:
    story = Story(end)
    first, final = sorted(
        (
            bill
            for bill in bills(story, end)
            if bill.provider is GOOGLE and bill.days.first == restated_month(story)
        ),
        key=lambda bill: bill.arrived_at,
    )
    assert (first.edition, final.edition) == (Edition.FIRST, Edition.FINAL)
    assert first.days.last < first.arrived_at.date() < final.arrived_at.date() <= end


def test_a_later_end_changes_no_bill_of_a_month_that_was_over() -> None:
    end, story = date(2026, 11, 22), Story(date(2026, 11, 22))
    before = [bill for bill in bills(story, end) if bill.days.last < end]
    after = bills(story, end + timedelta(days=20))
    assert [bill for bill in before if bill.days.first >= date(2025, 12, 1)] == [
        bill for bill in after if bill.days.last < date(2026, 11, 1)
    ]


def test_the_copy_for_finance_is_of_a_month_that_is_there() -> None:
    end = date(2026, 11, 22)
    copy = copy_for_finance(Story(end))
    assert (copy.provider, copy.days.first, copy.source) == (
        AZURE, date(2026, 10, 1), "Finance upload",
    )  # fmt: skip
