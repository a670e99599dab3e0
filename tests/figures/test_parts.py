"""The parts of a change: generated months in which one cause moves, and the others are 0."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from costoptix.figures.movers import Level, movers, sums
from costoptix.figures.parts import Parts, Untold
from costoptix.figures.sides import comparison
from costoptix.periods import DateRange, month_range
from tests.support.lake import Charge, Lake, on

JANUARY, FEBRUARY = (month_range(date(2026, month, 1)) for month in (1, 2))
MONTH = (("start_date", "2026-02-01"), ("end_date", "2026-02-28"))
JANUARY = DateRange(JANUARY.first, date(2026, 1, 28))  # as many days, so that nothing else moves
LIST, RATE, COMMITTED = Decimal("0.12"), Decimal("0.1"), Decimal("0.07")


def used(hours: int, *, listed=LIST, rate=RATE, committed=None, **facts) -> Charge:
    """A day's hours at a list price and a rate; what a commitment covers costs ``committed``."""
    paid = rate if committed is None else committed
    covered = {"commitment_discount_status": "Used", "pricing_category": "Committed"}
    return replace(
        Charge(
            list_cost=listed * hours, contracted_cost=rate * hours, effective_cost=paid * hours,
            billed_cost=paid * hours if committed is None else Decimal(0), sku_id="box",
            pricing_quantity=str(hours), pricing_unit="Hours",
        ),
        **(covered if committed is not None else {}) | facts,
    )  # fmt: skip


def other(category: str, cost: int, **facts) -> Charge:
    return Charge(
        charge_category=category, billed_cost=Decimal(cost), effective_cost=Decimal(cost),
        list_cost=Decimal(cost), contracted_cost=Decimal(cost), **facts,
    )  # fmt: skip


def whole(lake: Lake, before, now, *, metric="effective_cost", level=Level.SERVICE):
    """Every day of both months the same charges; return the sum of what moved."""
    steady = used(50, sku_id="steady", sub_account_id="999")
    lake.deliver(
        *(charge for each in (*before, steady) for charge in on(each, *JANUARY)),
        *(charge for each in (*now, steady) for charge in on(each, *FEBRUARY)),
        replace(steady, day=date(2026, 3, 5)),
    )
    asked = comparison(lake.ask(*MONTH), before=JANUARY)
    (found,) = sums(movers(lake.asks, asked, metric, level))
    return found


DAYS = 28
CAUSES = {
    "new": ([], [used(10)], DAYS * 10 * RATE),
    "gone": ([used(10)], [], -DAYS * 10 * RATE),
    "usage": ([used(10)], [used(13)], DAYS * 3 * RATE),
    "list_price": (
        [used(10)], [used(10, listed=2 * LIST, rate=2 * RATE)], DAYS * 10 * RATE,
    ),
    "negotiated_rate": ([used(10)], [used(10, rate=RATE / 2)], -DAYS * 10 * RATE / 2),
    "commitment_coverage": (
        [used(10)], [used(4), used(6, committed=COMMITTED)], DAYS * 6 * (COMMITTED - RATE),
    ),
    "unused_commitment": (
        [used(10)],
        [used(10), other("Usage", 5, commitment_discount_status="Unused")],
        Decimal(DAYS * 5),
    ),
    "purchases": ([used(10)], [used(10), other("Purchase", 40)], Decimal(DAYS * 40)),
    "credits": ([used(10), other("Credit", -4)], [used(10), other("Credit", -1)],
                Decimal(DAYS * 3)),
    "tax": ([used(10), other("Tax", 1)], [used(10), other("Tax", 3)], Decimal(DAYS * 2)),
    "other": ([used(10)], [used(10), other("Adjustment", 2)], Decimal(DAYS * 2)),
}  # fmt: skip


@pytest.mark.parametrize("cause", CAUSES)
def test_where_one_cause_moves_the_others_are_0(lake: Lake, cause: str):
    before, now, amount = CAUSES[cause]
    found = whole(lake, before, now)
    assert found.parts == Parts(**{cause: amount})
    assert found.change.amount == amount


def test_every_part_has_a_month_in_which_it_moves():
    assert set(CAUSES) == set(Parts._fields)


@pytest.mark.parametrize("cause", ["usage", "list_price", "negotiated_rate"])
def test_a_cause_moves_alone_also_beside_usage_that_commitments_cover(lake: Lake, cause: str):
    before, now, amount = CAUSES[cause]
    half = used(30, committed=COMMITTED)
    if cause == "usage":
        covered = [replace(half, effective_cost=half.effective_cost * Decimal("1.3"),
                           pricing_quantity="39")]  # fmt: skip
        amount += DAYS * 9 * COMMITTED
    else:
        covered = [half]
    found = whole(lake, [*before, half], [*now, *covered])
    assert found.parts == Parts(**{cause: amount})


@pytest.mark.parametrize(
    ("metric", "causes"),
    [
        ("billed_cost", {"commitment_coverage": -DAYS * 6 * RATE}),
        ("contracted_cost", {}),
        ("list_cost", {}),
    ],
)
def test_coverage_moves_what_is_billed_and_not_what_is_priced(lake: Lake, metric, causes):
    before, now, _ = CAUSES["commitment_coverage"]
    assert whole(lake, before, now, metric=metric).parts == Parts(**causes)


def test_the_negotiated_rate_does_not_move_list_cost(lake: Lake):
    before, now, amount = CAUSES["negotiated_rate"]
    assert whole(lake, before, now, metric="list_cost").parts == Parts()
    assert whole(lake, before, now, metric="contracted_cost").parts.negotiated_rate == 2 * amount


def test_what_one_account_gains_of_coverage_another_loses(lake: Lake):
    one, two = {"sub_account_id": "111"}, {"sub_account_id": "222", "sub_account_name": "dev"}
    before = [used(10, committed=COMMITTED, **one), used(10, **two)]
    now = [used(10, **one), used(10, committed=COMMITTED, **two)]
    found = whole(lake, before, now)
    assert found.parts == Parts()
    asked = comparison(lake.ask(*MONTH), before=JANUARY)
    moved = {m.group[1]: m.parts for m in movers(lake.asks, asked, "effective_cost", Level.ACCOUNT)}
    lost = DAYS * 10 * (RATE - COMMITTED)
    assert moved["111"] == Parts(commitment_coverage=lost)
    assert moved["222"] == Parts(commitment_coverage=-lost)


def test_a_commitment_that_charges_more_for_an_hour_is_other_and_said(lake: Lake):
    found = whole(
        lake, [used(10, committed=COMMITTED)], [used(10, committed=COMMITTED + Decimal("0.01"))]
    )
    amount = DAYS * 10 * Decimal("0.01")
    assert (found.parts, found.untold) == (Parts(other=amount), {Untold.RATES: amount})


@pytest.mark.parametrize(
    ("facts", "reason", "told"),
    [
        ({"list_cost": None}, Untold.LIST_COST, {"usage"}),
        ({"contracted_cost": None}, Untold.CONTRACTED_COST, {"usage", "list_price"}),
        ({"pricing_quantity": None}, Untold.QUANTITY, {"negotiated_rate"}),
        ({"pricing_quantity": "x"}, Untold.QUANTITY, {"negotiated_rate"}),
        ({"pricing_unit": None}, Untold.QUANTITY, {"negotiated_rate"}),
        ({"pricing_quantity": None, "list_cost": None}, Untold.QUANTITY, set()),
    ],
)
def test_what_a_column_cannot_tell_is_other_and_the_reason_is_said(lake, facts, reason, told):
    before = [used(10, **facts)]
    now = [used(13, listed=2 * LIST, rate=RATE * 3, **facts)]
    found = whole(lake, before, now)
    assert set(found.untold) == {reason}
    assert found.untold[reason] == found.parts.other
    moved = {name for name, amount in found.parts._asdict().items() if amount}
    assert moved == told | {"other"}


def test_two_units_in_one_line_cannot_be_added(lake: Lake):
    facts = {"list_cost": None}
    found = whole(
        lake,
        [used(10, **facts), used(1, pricing_unit="GB", **facts)],
        [used(12, **facts)],
    )
    assert found.parts == Parts(other=DAYS * RATE)


def test_credits_only_are_credits(lake: Lake):
    found = whole(lake, [other("Credit", -4)], [other("Credit", -9)])
    assert found.parts == Parts(credits=Decimal(-DAYS * 5))


@pytest.mark.parametrize("unit", ["Hours", "", "1 h\x1f\x1e, a day"])
def test_usage_of_a_unit_of_any_characters_is_compared(lake: Lake, unit: str):
    facts = {"pricing_unit": unit}
    found = whole(lake, [used(10, **facts)], [used(13, **facts)])
    assert found.parts == Parts(usage=DAYS * 3 * RATE)
