"""Why costs changed: the sentence, the coverage that accounts took from each other, currencies."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from costoptix.figures.comparison import Compare
from costoptix.figures.sides import comparison
from costoptix.figures.trends import Change
from costoptix.figures.why import explain, few_days
from costoptix.periods import DateRange
from tests.figures.test_parts import COMMITTED, other, used
from tests.support.lake import TODAY, Charge, Lake, on

FEBRUARY = DateRange(date(2026, 2, 1), date(2026, 2, 28))
MARCH = DateRange(date(2026, 3, 1), date(2026, 3, 18))
THIS_MONTH = (("start_date", "2026-03-01"), ("end_date", "2026-03-20"))


def why(lake: Lake, *charges: Charge, params=THIS_MONTH, metric="effective_cost", **options):
    lake.deliver(*charges, Charge(day=date(2026, 3, 19), effective_cost=Decimal(0)))
    asked = comparison(lake.ask(*params), **options)
    assert asked is not None
    return explain(lake.asks, asked, metric, TODAY)


def both(before: Charge, now: Charge) -> list[Charge]:
    return [*on(before, *FEBRUARY), *on(now, *MARCH)]


def test_the_sentence_names_month_change_and_the_largest_parts(lake: Lake):
    staging = {"sub_account_id": "222", "sub_account_name": "staging"}
    query_days = on(used(7000, service_name="BigQuery"), date(2026, 3, 7), date(2026, 3, 8))
    (found,) = why(
        lake,
        *both(used(1000), used(1600)),
        *both(used(1000, **staging), used(1000, **staging)),
        *both(used(1, service_name="BigQuery"), used(1, service_name="BigQuery")),
        *query_days,
    )
    assert found.sentence == (
        "March is $2,480 (68.9%) above February's same days: BigQuery +$1,400 for two days,"
        " EC2 in prod +$1,080 by usage."
    )


def test_a_fall_a_purchase_and_a_credit_are_called_so(lake: Lake):
    (found,) = why(
        lake,
        *both(used(1000), used(500)),
        *on(other("Purchase", 90), date(2026, 3, 1)),
        *on(other("Credit", -200, service_name="S3"), date(2026, 3, 2)),
    )
    assert found.sentence == (
        "March is $1,010 (56.1%) below February's same days: EC2 −$900 by usage,"
        " S3 −$200 by credits."
    )


def test_whole_months_other_days_and_other_years_are_named_as_they_are(lake: Lake):
    week = (("start_date", "2026-03-09"), ("end_date", "2026-03-15"))
    (found,) = why(lake, *both(used(10), used(20)), params=week)
    assert found.sentence == "9–15 Mar 2026 is level with 2–8 Mar 2026."
    year = on(used(10), *DateRange(date(2025, 3, 1), date(2025, 3, 31)))
    (found,) = why(lake, *year, params=THIS_MONTH, compare=Compare.LAST_YEAR)
    assert found.sentence.startswith("March 2026 is $18.00 (100.0%) above March 2025's same days")


def test_two_currencies_of_one_account_are_told_one_by_one(lake: Lake):
    euros = {"billing_currency": "EUR"}
    found = why(lake, *both(used(1000), used(2000)), *both(used(10, **euros), used(5, **euros)))
    assert [reason.currency for reason in found] == ["USD", "EUR"]
    assert found[1].sentence == (
        "March is €9.00 (50.0%) below February's same days: EC2 −€9.00 by usage."
    )


def test_a_series_of_credits_only_has_a_sentence_without_percent(lake: Lake):
    credit = {"charge_category": "Credit", "billed_cost": Decimal(-1)}
    charges = both(
        Charge(effective_cost=Decimal(-10), **credit), Charge(effective_cost=Decimal(-20), **credit)
    )
    (found,) = why(lake, *charges)
    assert found.sentence == "March is $180 below February's same days: EC2 −$180 by credits."


def test_an_account_that_is_renamed_in_the_middle_has_its_name_of_now(lake: Lake):
    old, new = {"sub_account_name": "Old"}, {"sub_account_name": "New"}
    dev = {"sub_account_id": "222", "sub_account_name": "dev"}
    (found,) = why(
        lake,
        *on(used(1000, **old), *FEBRUARY, *DateRange(date(2026, 3, 1), date(2026, 3, 9))),
        *on(used(2000, **new), *DateRange(date(2026, 3, 10), date(2026, 3, 18))),
        *both(used(1, **dev), used(1, **dev)),
    )
    assert found.sentence.endswith("same days: EC2 in New +$900 by usage.")


def test_data_that_end_last_year_compare_nothing_of_this_year(lake: Lake):
    lake.deliver(*on(used(10), *DateRange(date(2025, 1, 1), date(2025, 12, 31))))
    assert comparison(lake.ask(*THIS_MONTH)) is None
    december = (("start_date", "2025-12-01"), ("end_date", "2025-12-31"))
    asked = comparison(lake.ask(*december))
    (found,) = explain(lake.asks, asked, "effective_cost", TODAY)
    assert found.sentence == "December 2025 is level with November 2025's same days."


def test_two_accounts_are_named(lake: Lake):
    charges = both(used(10), used(10))
    dev = {"sub_account_id": "222", "sub_account_name": "dev"}
    charges += both(used(5, **dev), used(5, **dev))
    params = (*THIS_MONTH, ("account", "aws:111"))
    (found,) = why(lake, *charges, params=params, account="aws:222")
    assert found.sentence == (
        "prod, 1–18 Mar 2026, is $9.00 (100.0%) above dev: EC2 +$9.00 by usage."
    )


def test_the_accounts_that_gained_the_coverage_that_others_lost_are_told(lake: Lake):
    dev = {"sub_account_id": "222", "sub_account_name": "dev"}
    (found,) = why(
        lake,
        *both(used(10, committed=COMMITTED), used(10)),
        *both(used(10, **dev), used(10, committed=COMMITTED, **dev)),
    )
    (shift,) = found.coverage
    gained = {account.account[1]: account.gained for account in shift.accounts}
    assert shift.service == ("EC2", "AWS")
    assert gained == {"111": Decimal("-21.6"), "222": Decimal("21.6")}
    assert [account.now.percent for account in shift.accounts] == [0, 100]


@pytest.mark.parametrize(
    ("extra", "count"), [({5: 90}, 1), ({5: 50, 6: 50}, 2), ({5: 30, 6: 30, 7: 30, 8: 30}, 0)]
)
def test_a_change_of_few_days_is_told_by_their_number(lake: Lake, extra, count):
    asked = comparison(replace(_report(lake)))
    amounts = {day: Decimal(10 + extra.get(day.day, 0)) for day in MARCH}
    change = Change(Decimal(10 * 18), sum(amounts.values()))
    asked = replace(
        asked,
        now=replace(asked.now, date_range=MARCH),
        before=replace(asked.before, date_range=DateRange(date(2026, 2, 1), date(2026, 2, 18))),
    )
    assert len(few_days(change, asked, amounts)) == count


def _report(lake: Lake):
    lake.deliver(*both(used(1), used(1)))
    return lake.ask(*THIS_MONTH)
