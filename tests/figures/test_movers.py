"""Movers: the parts of a change add up to it, and each is what it is called."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.errors import Invalid
from costoptix.figures.movers import Causes, Level, MoverState, comparison, movers, sums
from costoptix.money import EXACT, total
from tests.costs.test_laws import billed, bills, some
from tests.support.lake import Charge, Lake

BEFORE, NOW = date(2026, 3, 5), date(2026, 3, 12)
WEEK = (("start_date", "2026-03-09"), ("end_date", "2026-03-15"))
FIRST = Charge(day=date(2026, 2, 1), service_name="Old", effective_cost=Decimal(0))
LAST = Charge(day=date(2026, 3, 18), service_name="Old", effective_cost=Decimal(0))


def used(day: date, cost: str | int, quantity: str | None, **facts) -> Charge:
    facts = {"sku_id": "sku", "pricing_unit": "Hours", **facts}
    return Charge(day=day, effective_cost=Decimal(cost), pricing_quantity=quantity, **facts)


def found(lake: Lake, *charges: Charge, level: Level = Level.SERVICE, params=WEEK, **options):
    lake.deliver(FIRST, LAST, *charges)
    asked = comparison(lake.ask(*params), **options)
    assert asked is not None
    return movers(lake.priced, asked, "effective_cost", level)


def test_more_hours_at_the_same_price_are_volume(lake: Lake):
    (mover,) = found(lake, used(BEFORE, 10, "5"), used(NOW, 14, "7"))
    assert mover.causes == Causes(volume=Decimal(4))
    assert mover.state is MoverState.CHANGED


def test_the_same_hours_at_another_price_are_price(lake: Lake):
    (mover,) = found(lake, used(BEFORE, 10, "5"), used(NOW, 8, "5"))
    assert mover.causes == Causes(price=Decimal(-2))


def test_both_at_once_are_told_apart(lake: Lake):
    (mover,) = found(lake, used(BEFORE, 10, "5"), used(NOW, "17.5", "7"))
    assert mover.causes == Causes(volume=Decimal(4), price=Decimal("3.5"))


def test_what_was_not_there_is_new_and_what_is_no_more_is_gone(lake: Lake):
    new, gone = found(
        lake, used(NOW, 9, "1", service_name="New"), used(BEFORE, 4, "1", service_name="Gone")
    )
    assert (new.state, new.causes) == (MoverState.NEW, Causes(new=Decimal(9)))
    assert (gone.state, gone.causes) == (MoverState.GONE, Causes(gone=Decimal(-4)))


def test_a_new_sku_of_an_old_service_is_new_money_in_a_changed_service(lake: Lake):
    (mover,) = found(
        lake, used(BEFORE, 10, "5"), used(NOW, 10, "5"), used(NOW, 3, "1", sku_id="other")
    )
    assert mover.state is MoverState.CHANGED
    assert mover.causes == Causes(new=Decimal(3))


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (used(BEFORE, 10, None), used(NOW, 12, "6")),
        (used(BEFORE, 10, "5"), used(NOW, 12, None)),
        (used(BEFORE, 10, "0"), used(NOW, 12, "6")),
        (used(BEFORE, 10, "five"), used(NOW, 12, "6")),
        (used(BEFORE, 10, "5"), used(NOW, 12, "6", pricing_unit="GB")),
        (used(BEFORE, 10, "5", pricing_unit=None), used(NOW, 12, "6", pricing_unit=None)),
    ],
)
def test_without_comparable_quantities_the_change_is_other(lake: Lake, before, now):
    (mover,) = found(lake, before, now)
    assert mover.causes == Causes(other=Decimal(2))


def test_two_units_in_one_line_cannot_be_added(lake: Lake):
    (mover,) = found(
        lake, used(BEFORE, 10, "5"), used(BEFORE, 1, "1", pricing_unit="GB"), used(NOW, 12, "6")
    )
    assert mover.causes == Causes(other=Decimal(1))


def test_a_credit_month_is_a_fall_by_its_own_line(lake: Lake):
    credit = Charge(day=NOW, effective_cost=Decimal(-50), charge_category="Credit")
    (mover,) = found(lake, used(BEFORE, 10, "5"), used(NOW, 10, "5"), credit)
    assert mover.change.amount == -50
    assert mover.causes == Causes(new=Decimal(-50))


@pytest.mark.parametrize(
    ("level", "groups"),
    [
        (Level.SERVICE, {("EC2", "AWS")}),
        (Level.ACCOUNT, {("AWS", "111", "prod"), ("AWS", "222", "prod")}),
        (Level.REGION, {("eu-west-1", "AWS"), (None, "AWS")}),
        (Level.SKU, {("sku", "EC2", "AWS")}),
        (Level.RESOURCE, {("i-1", "EC2", "AWS"), (None, "EC2", "AWS")}),
    ],
)
def test_each_level_names_its_own_groups(lake: Lake, level, groups):
    ranked = found(
        lake,
        used(BEFORE, 10, "5", resource_id="i-1"),
        used(NOW, 12, "6", resource_id="i-1"),
        used(NOW, 1, "1", sub_account_id="222", region_id=None),
        level=level,
    )
    assert {mover.group for mover in ranked} == groups
    assert total([mover.change.amount for mover in ranked]) == 3


def test_the_largest_mover_comes_first_whichever_way_it_moved(lake: Lake):
    ranked = found(
        lake,
        *(used(BEFORE, cost, "1", service_name=name) for name, cost in [("a", 100), ("b", 1)]),
        *(used(NOW, cost, "1", service_name=name) for name, cost in [("a", 50), ("b", 31)]),
    )
    assert [mover.group[0] for mover in ranked] == ["a", "b"]
    (whole,) = sums(ranked)
    assert (whole.change.before, whole.change.now) == (101, 81)
    assert whole.causes == Causes(price=Decimal(-20))


def test_two_accounts_can_be_compared(lake: Lake):
    (mover,) = found(
        lake,
        used(NOW, 10, "5"),
        used(NOW, 4, "2", sub_account_id="222"),
        params=(*WEEK, ("account", "aws:111")),
        account="aws:222",
    )
    assert (mover.change.before, mover.change.now) == (4, 10)


def test_days_that_are_not_complete_are_not_compared(lake: Lake):
    lake.deliver(*(Charge(day=date(2026, 3, day)) for day in range(1, 19)))
    asked = comparison(lake.ask(("start_date", "2026-03-15"), ("end_date", "2026-03-20")))
    assert (asked.now.date_range.first.day, asked.now.date_range.last.day) == (15, 17)
    assert (asked.before.date_range.first.day, asked.before.date_range.last.day) == (12, 14)


def test_days_before_the_first_bill_cannot_be_compared_with(lake: Lake):
    lake.deliver(*(Charge(day=date(2026, 3, day)) for day in range(8, 19)))
    assert comparison(lake.ask(*WEEK)) is None
    assert comparison(lake.ask(("range", "last_month"))) is None


def test_two_ways_to_compare_at_once_are_refused(lake: Lake):
    report = lake.ask(*WEEK)
    with pytest.raises(Invalid, match="compare_account"):
        comparison(report, before=report.query.date_range, account="aws:1")


@some
@given(bills, st.sampled_from(Level))
def test_the_parts_add_up_to_the_change_and_the_movers_to_the_totals(bills_lake, bill, level):
    lake = billed(bills_lake, bill)
    asked = comparison(lake.ask(("start_date", "2026-01-15"), ("end_date", "2026-03-20")))
    if asked is None:
        return
    ranked = movers(lake.priced, asked, "billed_cost", level)
    totals = {
        (side, each.currency): each.billed_cost
        for side in (asked.now, asked.before)
        for each in lake.question(side).totals
    }
    for mover in ranked:
        causes = mover.causes
        parts = [causes.new, causes.gone, causes.volume, causes.price, causes.other]
        assert total(parts) == mover.change.amount
    for whole in sums(ranked):
        assert whole.change.now == totals.get((asked.now, whole.currency), 0)
        assert whole.change.before == totals.get((asked.before, whole.currency), 0)
        assert EXACT.subtract(whole.change.now, whole.change.before) == whole.change.amount


def test_a_single_day_has_the_day_before(lake: Lake):
    lake.deliver(*(Charge(day=date(2026, 3, day)) for day in range(1, 19)))
    asked = comparison(lake.ask(("start_date", "2026-03-10"), ("end_date", "2026-03-10")))
    assert asked.before.date_range.last == asked.now.date_range.first - timedelta(days=1)


def test_an_account_that_bills_spell_and_name_anew_is_one_account(lake: Lake) -> None:
    guid = "aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb"
    old = {"provider_name": "Microsoft", "sub_account_id": guid, "sub_account_name": "Prod"}
    new = {
        "provider_name": "Microsoft Corporation", "sub_account_id": f"/subscriptions/{guid}",
        "sub_account_name": "Team A",
    }  # fmt: skip
    charges = (used(BEFORE, 10, "5", **old), used(NOW, 10, "5", **new), used(NOW, 4, "2", **old))
    ranking = found(lake, *charges, level=Level.ACCOUNT)
    mover = next(mover for mover in ranking if mover.group[1] == guid)
    assert (mover.group[0], mover.state) == ("Microsoft", MoverState.CHANGED)
    assert mover.causes == Causes(volume=Decimal(4))
    assert sum(mover.group[1] == guid for mover in ranking) == 1
