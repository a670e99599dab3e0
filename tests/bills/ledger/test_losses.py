"""What would go, told from coverages alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from costoptix.bills.ledger.coverage import Part
from costoptix.bills.ledger.losses import Aspect, losses
from costoptix.lake.coverage import SCHEMA, Coverage
from tests.bills.ledger.test_coverage import MAY, Row, month, part


def aspects(before: Iterable[Row], after: Iterable[Row], **values: datetime) -> set[Aspect]:
    lost = losses([part("a", before, **values)], [part("b", after)])
    return {loss.aspect for loss in lost}


def test_a_day_that_would_have_none_is_lost_and_named_with_its_money() -> None:
    (loss,) = losses([part("a", month())], [part("b", month(days=[*range(1, 12), *range(13, 31)]))])
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

    assert losses([spread("a", range(1, 6))], [spread("b", range(1, 21))]) == ()


def test_what_stays_live_loses_nothing() -> None:
    kept = part("a", month())
    assert losses([kept], [kept, part("b", month(days=[31]))]) == ()


def test_where_nothing_would_be_live_all_is_lost() -> None:
    assert {loss.aspect for loss in losses([part("a", month())], [])} >= {
        Aspect.CURRENCY, Aspect.ACCOUNT, Aspect.DAY, Aspect.CATEGORY,
    }  # fmt: skip


def test_charges_that_are_gone_count_from_a_fiftieth_on() -> None:
    hours = [(day, "Usage", "1", 1) for day in range(1, 31) for _ in range(10)]
    assert aspects(hours, hours[:-3]) == set()
    assert aspects(hours, [row for place, row in enumerate(hours) if place % 30]) == {
        Aspect.CATEGORY
    }


def test_charges_that_are_gone_count_although_others_come_instead() -> None:
    assert aspects(
        [*month(), *month()], [*month(), *month(account="2")]
    ) == {Aspect.CATEGORY}  # fmt: skip


def test_charges_that_are_restated_may_cost_a_fifth_less() -> None:
    assert aspects(month(10), month(8)) == set()
    assert aspects(month(10), month(7)) == {Aspect.CATEGORY}
