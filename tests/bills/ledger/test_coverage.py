"""What would go and what would come twice, told from coverages alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from costoptix.bills.ledger import coverage
from costoptix.bills.ledger.coverage import Aspect, Part
from costoptix.lake.coverage import SCHEMA, Coverage, Sketch

MAY = datetime(2026, 5, 1, tzinfo=UTC)
Row = tuple[int, str, str, int]
"""Day of March 2026, category, account, amount; below zero where it is a credit."""


def part(name: str, rows: Iterable[Row], delivered: datetime = MAY, salt: int = 0) -> Part:
    """A delivery of charges; the identity of each is all of its row but the amount."""
    every = list(rows)
    table = pa.table(
        {
            "currency": pa.array(["USD"] * len(every)),
            "day": pa.array([date(2026, 3, day) for day, *_ in every], pa.date32()),
            "charge_category": [category for _, category, *_ in every],
            "account": [f"aws:{account}" for _, _, account, _ in every],
            "charge_count": pa.array([1] * len(every), pa.int64()),
            "billed_positive": [Decimal(max(0, amount)) for *_, amount in every],
            "billed_negative": [Decimal(min(0, amount)) for *_, amount in every],
            "effective_positive": [Decimal(max(0, amount)) for *_, amount in every],
            "effective_negative": [Decimal(min(0, amount)) for *_, amount in every],
        },
    ).cast(SCHEMA)  # fmt: skip
    hashes = [hash((day, category, account, salt)) & ((1 << 48) - 1)
              for day, category, account, _ in every]  # fmt: skip
    sketch = Sketch.of([np.array(hashes, dtype=np.uint64)])
    return Part(name, delivered, Coverage(table, sketch))


def month(amount: int = 10, days: Iterable[int] = range(1, 31), account: str = "1") -> list[Row]:
    return [(day, "Usage", account, amount) for day in days]


def aspects(before: Iterable[Row], after: Iterable[Row], **values: datetime) -> set[Aspect]:
    losses = coverage.losses([part("a", before, **values)], [part("b", after)])
    return {loss.aspect for loss in losses}


def test_a_day_that_would_have_none_is_lost_and_named_with_its_money() -> None:
    (loss,) = coverage.losses(
        [part("a", month())], [part("b", month(days=[*range(1, 12), *range(13, 31)]))]
    )
    assert (loss.aspect, loss.subject, loss.amount) == (Aspect.DAY, "2026-03-12", 10)


def test_a_day_lost_hides_in_a_month_that_grows_no_more() -> None:
    before = month(days=range(1, 16))
    assert aspects(before, month(days=[*range(1, 12), *range(13, 31)])) == {Aspect.DAY}


def test_days_that_still_settled_when_they_were_delivered_do_not_count() -> None:
    delivered = datetime(2026, 3, 12, 6, tzinfo=UTC)
    before = month(days=range(1, 13))
    assert aspects(before, month(days=range(1, 10)), delivered=delivered) == set()
    assert Aspect.DAY in aspects(before, month(days=range(1, 9)), delivered=delivered)


def test_a_day_of_less_than_a_hundredth_of_the_usage_is_not_asked_about() -> None:
    before = [*month(100, days=range(1, 30)), (30, "Usage", "1", 20)]
    assert aspects(before, month(100, days=range(1, 30))) == set()


def test_a_category_that_falls_is_lost_though_credits_hide_it() -> None:
    """A month on credits told again, broken: the net sum is zero before and after."""
    before = [*month(10), *((day, "Credit", "1", -10) for day in range(1, 31))]
    after = [*month(6), *((day, "Credit", "1", -6) for day in range(1, 31))]
    assert aspects(before, after) == {Aspect.CATEGORY}


@pytest.mark.parametrize(("left", "lost"), [(12, False), (8, True)])
def test_taxes_may_fall_by_half(left: int, lost: bool) -> None:
    before = [*month(), (1, "Tax", "1", 20)]
    after = [*month(), (1, "Tax", "1", left)]
    assert (Aspect.CATEGORY in aspects(before, after)) is lost


def test_a_category_of_less_than_a_fiftieth_of_the_month_may_go() -> None:
    assert aspects([*month(), (1, "Tax", "1", 5)], month()) == set()


def test_an_account_that_vanishes_is_lost_however_small() -> None:
    assert aspects([*month(100), (5, "Usage", "2", 1)], month(100)) == {Aspect.ACCOUNT}


def test_a_tax_that_moves_to_another_account_is_not_lost() -> None:
    assert aspects([*month(), (1, "Tax", "2", 9)], [*month(), (1, "Tax", "1", 9)]) == set()


def test_effective_cost_that_is_spread_anew_over_the_month_is_not_lost() -> None:
    def spread(name: str, days: range) -> Part:
        rows = part(name, month(1, days=days))
        amount = pa.array(
            [Decimal(60) / len(days)] * len(days), SCHEMA.field("billed_positive").type
        )
        nothing = pa.array([Decimal(0)] * len(days), amount.type)
        table = rows.coverage.table
        for column, values in (("effective_positive", amount), ("billed_positive", nothing)):
            table = table.set_column(table.schema.names.index(column), column, values)
        return Part(name, MAY, Coverage(table, rows.coverage.sketch))

    assert coverage.losses([spread("a", range(1, 6))], [spread("b", range(1, 21))]) == ()


def test_what_stays_live_loses_nothing() -> None:
    kept = part("a", month())
    assert coverage.losses([kept], [kept, part("b", month(days=[31]))]) == ()


def test_half_months_are_not_told_again_and_whole_ones_are() -> None:
    first, second = part("a", month(days=range(1, 16))), part("b", month(days=range(16, 31)))
    whole = part("c", month(7))
    assert not coverage.is_told_again(first, [second])
    assert coverage.is_told_again(first, [whole])
    assert coverage.is_told_again(whole, [first, second])


def test_shards_of_the_same_days_are_told_apart_by_their_charges() -> None:
    first, second = part("a", month(), salt=1), part("b", month(), salt=2)
    assert not coverage.is_told_again(first, [second])


def test_without_a_sketch_the_money_of_the_groups_decides() -> None:
    first, second = part("a", month(days=range(1, 16))), part("b", month(days=range(16, 31)))
    older = Part("a", MAY, Coverage(first.coverage.table, None))
    assert not coverage.is_told_again(older, [second])
    assert coverage.is_told_again(older, [part("c", month())])


def test_charges_of_the_last_days_may_become_others() -> None:
    """On-demand usage that a savings plan covers two days later."""
    delivered = datetime(2026, 3, 3, tzinfo=UTC)
    before = [(day, "Usage", str(account), 1) for day in (1, 2) for account in range(10)]
    after = [(day, "Usage", str(account), 1) for day in (1, 2) for account in range(4)]
    assert coverage.is_told_again(part("a", before, delivered), [part("b", after)])
    assert not coverage.is_told_again(part("a", before), [part("b", after)])
    assert not coverage.is_told_again(part("a", before, delivered), [part("b", after, salt=1)])


def test_a_part_would_be_doubled_by_its_charges_or_by_the_money_of_its_days() -> None:
    first, second = part("a", month(days=range(1, 16))), part("b", month(days=range(16, 31)))
    again = part("c", month(days=range(1, 16)))
    assert not coverage.would_double(second, [again], [first])
    assert coverage.would_double(second, [part("d", month())], [first])
    assert coverage.would_double(second, [part("e", month(), salt=3)], [first])


@pytest.mark.parametrize(
    ("amount", "days", "looks"),
    [(10, range(1, 31), True), (1000, range(1, 31), False), (10, range(1, 4), False)],
)
def test_another_bill_looks_like_it_by_its_days(amount: int, days: range, looks: bool) -> None:
    mine = [part("a", month(amount, days=days, account="1"))]
    assert coverage.looks_like(mine, [part("b", month(10, account="other"))]) is looks


def test_another_bill_of_few_days_looks_like_it_by_its_accounts() -> None:
    few = [part("a", month(days=range(1, 3)))]
    assert coverage.looks_like(few, [part("b", month(days=range(1, 3)))])


def test_days_that_settle_do_not_show_that_bills_are_the_same() -> None:
    today = datetime(2026, 3, 3, tzinfo=UTC)
    few = part("a", month(days=range(1, 3)), today)
    assert not coverage.looks_like([few], [part("b", month(days=range(1, 3)), today)])


def test_a_bill_of_nothing_looks_like_no_other() -> None:
    nothing = [part("a", month(0))]
    assert not coverage.looks_like(nothing, [part("b", month(0))])


def test_a_part_of_no_charges_is_always_told_again() -> None:
    empty = Part("a", MAY + timedelta(days=1), Coverage(SCHEMA.empty_table(), None))
    assert coverage.is_told_again(empty, [part("b", month())])
