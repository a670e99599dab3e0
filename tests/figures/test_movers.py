"""Movers: what moved, the most first, by each level; the parts and the movers add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.costs.cache import BoundedCache
from costoptix.figures.movers import Level, MoverState, movers, sums
from costoptix.figures.parts import Parts
from costoptix.figures.sides import comparison
from costoptix.lake.layout import METRICS
from costoptix.money import EXACT, total
from tests.costs.test_laws import amounts, billed, charges, some
from tests.support.lake import Charge, Lake

BEFORE, NOW = date(2026, 3, 5), date(2026, 3, 12)
WEEK = (("start_date", "2026-03-09"), ("end_date", "2026-03-15"))
FIRST = Charge(day=date(2026, 2, 1), service_name="Old", effective_cost=Decimal(0))
LAST = Charge(day=date(2026, 3, 18), service_name="Old", effective_cost=Decimal(0))


def used(day: date, cost: str | int, quantity: str | None, **facts) -> Charge:
    facts = {
        "sku_id": "sku", "pricing_unit": "Hours", "list_cost": Decimal(cost),
        "contracted_cost": Decimal(cost), **facts,
    }  # fmt: skip
    return Charge(day=day, effective_cost=Decimal(cost), pricing_quantity=quantity, **facts)


def found(lake: Lake, *charges: Charge, level: Level = Level.SERVICE, params=WEEK, **options):
    lake.deliver(FIRST, LAST, *charges)
    asked = comparison(lake.ask(*params), **options)
    assert asked is not None
    return movers(lake.asks, asked, "effective_cost", level)


def test_what_was_not_there_is_new_and_what_is_no_more_is_gone(lake: Lake):
    new, gone = found(
        lake, used(NOW, 9, "1", service_name="New"), used(BEFORE, 4, "1", service_name="Gone")
    )
    assert (new.state, new.parts) == (MoverState.NEW, Parts(new=Decimal(9)))
    assert (gone.state, gone.parts) == (MoverState.GONE, Parts(gone=Decimal(-4)))


def test_a_new_sku_of_an_old_service_is_new_money_in_a_changed_service(lake: Lake):
    (mover,) = found(
        lake, used(BEFORE, 10, "5"), used(NOW, 10, "5"), used(NOW, 3, "1", sku_id="other")
    )
    assert mover.state is MoverState.CHANGED
    assert mover.parts == Parts(new=Decimal(3))


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
    assert whole.parts == Parts(list_price=Decimal(-20))


def test_two_accounts_can_be_compared(lake: Lake):
    (mover,) = found(
        lake,
        used(NOW, 10, "5"),
        used(NOW, 4, "2", sub_account_id="222"),
        params=(*WEEK, ("account", "aws:111")),
        account="aws:222",
    )
    assert (mover.change.before, mover.change.now) == (4, 10)
    assert mover.parts == Parts(usage=Decimal(6))


bill = st.lists(
    st.lists(
        st.builds(
            replace,
            charges,
            charge_category=st.sampled_from(
                ["Usage", "Usage", "Usage", "Purchase", "Credit", "Tax", "Adjustment", None]
            ),
            commitment_discount_status=st.sampled_from([None, None, "Used", "Unused"]),
            pricing_category=st.sampled_from(["Standard", "Committed", None]),
            sku_id=st.sampled_from([None, "sku"]),
            pricing_quantity=st.none() | st.sampled_from(["0", "x"]) | amounts.map(str),
            pricing_unit=st.sampled_from([None, "Hours", "Hours", "Hours", "GB"]),
            list_cost=st.none() | amounts.map(abs),
        ),
        min_size=1,
        max_size=10,
    ),
    min_size=1,
    max_size=2,
)


@some
@given(bill, st.sampled_from(Level), st.sampled_from(METRICS))
def test_the_parts_add_up_to_the_change_and_the_movers_to_the_totals(
    bills_lake, bill, level, metric
):
    lake = billed(bills_lake, bill)
    asked = comparison(lake.ask(("start_date", "2026-01-15"), ("end_date", "2026-03-20")))
    if asked is None:
        return
    ranked = movers(lake.asks, asked, metric, level)
    totals = {
        (side, each.currency): getattr(each, metric) or 0
        for side in (asked.now, asked.before)
        for each in lake.question(side).totals
    }
    for mover in ranked:
        assert total(mover.parts) == mover.change.amount
    for whole in sums(ranked):
        assert whole.change.now == totals.get((asked.now, whole.currency), 0)
        assert whole.change.before == totals.get((asked.before, whole.currency), 0)
        assert EXACT.subtract(whole.change.now, whole.change.before) == total(whole.parts)
        assert total(whole.untold.values()) == whole.parts.other


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
    assert (mover.group[0], mover.group[2]) == ("Microsoft", "Team A")
    assert (mover.state, mover.parts) == (MoverState.CHANGED, Parts(usage=Decimal(4)))
    assert sum(mover.group[1] == guid for mover in ranking) == 1


def test_what_moved_is_worked_out_once_until_the_data_change(lake: Lake, monkeypatch):
    monkeypatch.setattr(lake.store, "worked_out", BoundedCache(100))
    lake.deliver(FIRST, LAST, used(BEFORE, 10, "5"), used(NOW, 12, "6"))
    asked = comparison(lake.ask(*WEEK))
    assert asked is not None
    first = movers(lake.asks, asked, "effective_cost", Level.SERVICE)
    with monkeypatch.context() as patch:
        patch.setattr(lake.store.engine, "read", lambda *_: pytest.fail("asked again"))
        assert movers(lake.asks, asked, "effective_cost", Level.SERVICE) == first
    lake.deliver(used(NOW, 3, "1", sku_id="other"))
    (mover,) = movers(lake.asks, asked, "effective_cost", Level.SERVICE)
    assert (mover.change.now, mover.parts.new) == (15, 3)
