"""What kept answers also answer: the same figures, without a file."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from costoptix.costs.answers import CostStore
from tests.support.lake import Charge, Lake, on

SPRING = (("start_date", "2026-02-01"), ("end_date", "2026-03-20"))
DAYS = [date(2026, 2, 3), date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 18)]
RANGES = [("2026-02-01", "2026-03-20"), ("2026-02-28", "2026-03-02"), ("2026-03-03", "2026-03-09")]
ORDERS = ["", "-billed_cost", "list_cost", "-list_cost,period_start", "-period_start,currency"]
LIMITS = [None, 1, 500]


def deliver(lake: Lake) -> None:
    lake.deliver(
        *on(Charge(billed_cost=Decimal("1.000000000000000001")), *DAYS),
        *on(Charge(service_name="S3", list_cost=None), *DAYS[1:]),
        *on(Charge(billing_currency="EUR", list_cost=None), *DAYS[:4]),
        *on(Charge(billing_currency="JPY", effective_cost=Decimal(-3)), DAYS[2]),
    )


def keeping(lake: Lake, rows: int) -> Lake:
    folder = lake.store.engine.path("")
    return replace(lake, store=CostStore(folder, folder.parent / "other", cached_rows=rows))


@pytest.mark.parametrize("granularity", ["total", "daily", "weekly", "monthly", "quarterly"])
def test_sums_of_kept_days_are_those_of_the_files(lake, granularity):
    deliver(lake)
    other, lake = keeping(lake, 0), keeping(lake, 500)
    lake.ask(*SPRING, ("granularity", "daily"))
    for first, last in RANGES:
        for order in ORDERS:
            for limit in LIMITS:
                asked = [("start_date", first), ("end_date", last), ("granularity", granularity)]
                asked += [("order_by", order)] if order else []
                one, files = lake.ask(*asked, limit=limit), other.ask(*asked, limit=limit)
                assert one == files


def test_days_that_were_answered_answer_their_sums_without_a_file(lake):
    deliver(lake)
    lake = keeping(lake, 500)
    lake.ask(*SPRING, ("granularity", "daily"))
    shutil.rmtree(lake.store.engine.path(""))
    sums = lake.ask(("start_date", "2026-03-01"), ("end_date", "2026-03-02")).totals
    assert [(of.currency, of.billed_cost) for of in sums] == [
        ("EUR", Decimal(2)), ("JPY", Decimal(1)), ("USD", Decimal("4.000000000000000002")),
    ]  # fmt: skip


def test_days_of_other_filters_answer_nothing(lake):
    deliver(lake)
    lake = keeping(lake, 500)
    lake.ask(*SPRING, ("granularity", "daily"), ("service_name", "S3"))
    (euros, *_) = lake.ask(*SPRING).totals
    assert euros.billed_cost == 4


def test_an_answer_with_all_rows_answers_any_limit_above_their_count(lake):
    deliver(lake)
    lake = keeping(lake, 500)
    asked = (*SPRING, ("group_by", "service_name"))
    whole = lake.ask(*asked)
    shutil.rmtree(lake.store.engine.path(""))
    assert lake.ask(*asked, limit=whole.row_count) == whole
    assert lake.ask(*asked, limit=500) == whole


def test_fewer_rows_than_there_are_have_a_cursor_whatever_is_kept(lake):
    deliver(lake)
    lake = keeping(lake, 500)
    asked = (*SPRING, ("group_by", "service_name"))
    whole = lake.ask(*asked)
    page = lake.ask(*asked, limit=1)
    assert page.rows == whole.rows[:1]
    assert lake.ask(*asked, limit=1, cursor=page.next_cursor).rows == whole.rows[1:2]
