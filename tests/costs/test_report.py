"""Reports: order, pages, freshness of the files, and what is remembered."""

from __future__ import annotations

import json
import shutil
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import delete, select

from costoptix import clock
from costoptix.costs import report
from costoptix.errors import Conflict, Invalid, Unavailable
from costoptix.lake.layout import CHARGES
from costoptix.lake.live import renew_data_version
from costoptix.models import Delivery, DeliveryFile, Source, new_id
from tests.support.lake import Charge, Lake, on, open_lake, query

SPRING = (("start_date", "2026-02-01"), ("end_date", "2026-03-20"))
MARCH = (("start_date", "2026-03-01"), ("end_date", "2026-03-20"))


def test_buckets_are_clipped_to_the_range_and_empty_ones_left_out(lake):
    lake.deliver(*on(Charge(), date(2026, 2, 27), date(2026, 3, 1), date(2026, 3, 18)))
    days = (("start_date", "2026-02-26"), ("end_date", "2026-03-18"))
    rows = lake.ask(*days, ("granularity", "weekly")).rows
    assert [(row.period_start, row.period_end) for row in rows] == [
        (date(2026, 2, 26), date(2026, 3, 1)),
        (date(2026, 3, 16), date(2026, 3, 18)),
    ]
    rows = lake.ask(*days, ("granularity", "quarterly")).rows
    assert [(row.period_start, row.period_end) for row in rows] == [
        (date(2026, 2, 26), date(2026, 3, 18))
    ]


def test_the_default_order_is_by_time_then_the_dearest_first(lake):
    lake.deliver(
        Charge(service_name="a", billed_cost=Decimal(1)),
        Charge(service_name="b", billed_cost=Decimal(3)),
        Charge(service_name=None, billed_cost=Decimal(3)),
        Charge(service_name="c", billed_cost=Decimal(2), day=date(2026, 3, 1)),
    )
    rows = lake.ask(*MARCH, ("granularity", "daily"), ("group_by", "service_name")).rows
    assert [row.group[0] for row in rows] == ["c", "b", None, "a"]


def test_a_cost_that_no_charge_has_is_last_in_either_direction(lake):
    lake.deliver(
        Charge(service_name="a", list_cost=None),
        Charge(service_name="b", list_cost=Decimal(-1)),
        Charge(service_name="c", list_cost=Decimal(1)),
    )
    for direction, expected in (("", ["b", "c", "a"]), ("-", ["c", "b", "a"])):
        order = ("order_by", f"{direction}list_cost")
        rows = lake.ask(*MARCH, ("group_by", "service_name"), order).rows
        assert [row.group[0] for row in rows] == expected


def test_currencies_are_never_added(lake):
    lake.deliver(Charge(), Charge(billing_currency="EUR", billed_cost=Decimal(5)))
    found = lake.ask(*MARCH)
    assert [(total.currency, total.billed_cost) for total in found.totals] == [
        ("EUR", Decimal(5)),
        ("USD", Decimal(1)),
    ]


def test_eighteen_places_survive_and_nothing_is_rounded(lake):
    tiny = Decimal("0.000000000000000001")
    lake.deliver(*[Charge(billed_cost=tiny)] * 3, Charge(billed_cost=Decimal(10) ** 19))
    assert lake.ask(*MARCH).totals[0].billed_cost == Decimal(
        "10000000000000000000.000000000000000003"
    )


def test_a_charge_of_the_last_hour_belongs_to_its_utc_day(lake):
    lake.deliver(Charge(day=date(2026, 3, 5), hour=23, resource_id="i-1"))
    one_day = (("start_date", "2026-03-05"), ("end_date", "2026-03-05"))
    assert lake.ask(*one_day).row_count == 1
    assert lake.ask(*one_day, ("group_by", "resource_id")).row_count == 1
    next_day = (("start_date", "2026-03-06"), ("end_date", "2026-03-06"))
    assert lake.ask(*next_day, ("group_by", "resource_id")).row_count == 0


def test_tag_keys_of_any_characters_are_asked_for_as_they_are(lake):
    keys = ["a/b", "~", "~1", 'quo"te', "d.o.t", "$", "*", "[0]", "0", "ключ", " padded", "a\\b"]
    for number, key in enumerate(keys):
        lake.deliver(Charge(tags=json.dumps({key: "yes"}), billed_cost=Decimal(number)))
    for number, key in enumerate(keys):
        assert lake.ask(*MARCH, (f"tag:{key}", "yes")).totals[0].billed_cost == number
    names = report.dimension_names(lake.session, lake.organization, lake.store)
    assert {f"tag:{key}" for key in keys} <= set(names)


def test_a_tag_without_a_value_is_a_tag_that_is_not_there(lake):
    lake.deliver(*(Charge(tags=tags) for tags in ('{"t":""}', '{"t":null}', "{}", None)))
    found = lake.ask(*MARCH, ("group_by", "tag:t"))
    assert [(row.group, row.charge_count) for row in found.rows] == [((None,), 4)]
    assert lake.ask(*MARCH, ("tag:t", "")).totals == found.totals


def test_a_cursor_of_another_version_or_question_is_refused(lake):
    lake.deliver(Charge(service_name="a"), Charge(service_name="b"))
    asked = (*MARCH, ("group_by", "service_name"))
    cursor = lake.ask(*asked, limit=1).next_cursor
    assert cursor is not None
    with pytest.raises(Invalid):
        lake.ask(*MARCH, ("group_by", "region_id"), limit=1, cursor=cursor)
    lake.organization.data_version = new_id()
    lake.session.commit()
    with pytest.raises(Conflict, match="The data changed; start again"):
        lake.ask(*asked, limit=1, cursor=cursor)


def test_deliveries_with_and_without_roll_ups_are_added_up_together(lake):
    lake.deliver(Charge(billed_cost=Decimal("1.5")), Charge(day=date(2026, 2, 3)))
    lake.deliver(Charge(list_cost=None), Charge(tags='{"team":"a"}'), source="few charges")
    questions = [
        (*SPRING, ("granularity", granularity), ("group_by", dimension))
        for granularity in ("total", "daily", "monthly")
        for dimension in ("service_name", "region_id", "tag:team", "sub_account_id")
    ]
    expected = [lake.ask(*question).rows for question in questions]
    few = select(Delivery.id).join(Source).where(Source.name == "few charges")
    lake.session.execute(
        delete(DeliveryFile).where(DeliveryFile.delivery_id.in_(few), DeliveryFile.kind != CHARGES)
    )
    renew_data_version(lake.session, lake.organization.id)
    lake.session.commit()
    assert [lake.ask(*question).rows for question in questions] == expected


def test_a_swept_file_is_looked_up_again(lake):
    (older,) = lake.deliver(Charge())
    assert lake.ask(*MARCH).totals[0].billed_cost == 1
    stale = lake.store.pointers.get((lake.organization.id, lake.organization.data_version))
    older.is_live = False
    lake.deliver(Charge(billed_cost=Decimal(2)))
    shutil.rmtree(lake.store.engine.path(older.files[0].path).parent)
    lake.store.pointers.put((lake.organization.id, lake.organization.data_version), stale)
    assert lake.ask(*MARCH).totals[0].billed_cost == 2


def test_a_file_that_is_lost_is_an_error_and_not_a_smaller_sum(lake):
    (lost,) = lake.deliver(Charge())
    shutil.rmtree(lake.store.engine.path(lost.files[0].path).parent)
    with pytest.raises(Unavailable, match="missing"):
        lake.ask(*MARCH)


@pytest.fixture
def remembering(tmp_path) -> Lake:
    """A lake whose answers are remembered."""
    with open_lake(tmp_path) as lake:
        yield lake


def test_an_answer_is_remembered_until_the_data_or_the_day_change(remembering):
    lake = remembering
    clock.configure("2026-03-19T23:00:00Z")
    lake.deliver(Charge(day=date(2026, 3, 19)))
    first = lake.ask(*MARCH)
    assert lake.ask(*MARCH).rows is first.rows
    clock.configure("2026-03-20T00:00:00Z")
    assert lake.ask(*MARCH).rows is not first.rows
    lake.deliver(Charge())
    assert lake.ask(*MARCH).totals[0].billed_cost == 2


def test_an_answer_is_never_another_organizations(remembering):
    lake = remembering
    lake.deliver(Charge())
    version = lake.organization.data_version
    assert lake.ask(*MARCH).totals
    stranger = type(lake.organization)(name="Elsewhere", tier="starter", data_version=version)
    lake.session.add(stranger)
    lake.session.commit()
    assert report.run(lake.session, stranger, query(*MARCH), lake.store).totals == ()


def test_a_remembered_answer_knows_how_its_range_was_said(remembering):
    lake = remembering
    lake.deliver(Charge())
    lake.ask(("start_date", "2026-03-14"), ("end_date", "2026-03-20"))
    again = lake.ask(("range", "last_7_days"))
    assert again.query.to_params() == [("range", "last_7_days")]
