"""Which charges come again, and which bills are the same, told from coverages alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from costoptix.bills.ledger import coverage
from costoptix.bills.ledger.coverage import Part
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
