"""The question of a view: as it was said, and read as the API reads it."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qsl

import pytest

from costoptix.costs.query import CostQuery
from costoptix.errors import Invalid
from costoptix.models import SavedView
from costoptix.views import questions

TODAY = date(2026, 3, 20)


def view_of(question: str, compare: str = "none") -> SavedView:
    return SavedView(name="Teams", question=question, compare=compare)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", "range=this_month"),
        ("group_by=service_name", "range=this_month&group_by=service_name"),
        ("range=last_6_months&granularity=monthly", "range=last_6_months&granularity=monthly"),
        ("start_date=2026-01-01", "start_date=2026-01-01"),
        ("?tag:team=b&tag:team=a&range=last_30_days",
         "range=last_30_days&tag:team=a&tag:team=b"),
        ("exclude_charge_category=Tax&order_by=-billed_cost",
         "range=this_month&exclude_charge_category=Tax&order_by=-billed_cost"),
        ("service_name=", "range=this_month&service_name="),
    ],
)  # fmt: skip
def test_days_stay_as_they_were_said(given: str, kept: str) -> None:
    assert questions.read_question(given) == kept
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(given.removeprefix("?"), keep_blank_values=True):
        values.setdefault(name, []).append(value)
    assert questions.read_question(values) == kept


def test_a_question_is_asked_again_as_it_was() -> None:
    text = "range=last_3_months&granularity=daily&group_by=region_id,tag:team&account=aws:111"
    query = questions.query_of(view_of(questions.read_question(text)), TODAY)
    assert query == CostQuery.from_params(parse_qsl(text), TODAY)


@pytest.mark.parametrize(
    ("given", "merged"),
    [
        ("", "range=last_6_months&group_by=service_name&order_by=service_name&region_id=x"),
        ("start_date=2026-01-01",
         "group_by=service_name&order_by=service_name&region_id=x&start_date=2026-01-01"),
        ("region_id=y&region_id=z",
         "range=last_6_months&group_by=service_name&order_by=service_name&region_id=y&region_id=z"),
        ("group_by=region_id", "range=last_6_months&region_id=x&group_by=region_id"),
    ],
)  # fmt: skip
def test_what_is_given_holds_instead(given: str, merged: str) -> None:
    view = view_of("range=last_6_months&group_by=service_name&order_by=service_name&region_id=x")
    pairs = questions.overridden(view, parse_qsl(given))
    assert ("compare", "none") in pairs
    assert [pair for pair in pairs if pair[0] != "compare"] == parse_qsl(merged)


def test_a_comparison_is_left_out_where_buckets_do_not_compare() -> None:
    view = view_of("range=last_6_months&granularity=weekly", "previous")
    weekly = questions.overridden(view, [])
    assert ("compare", "previous") in weekly
    assert ("compare", "previous") not in questions.without_idle_comparison(weekly)
    monthly = questions.overridden(view, [("granularity", "monthly")])
    assert ("compare", "previous") in questions.without_idle_comparison(monthly)
    none = questions.overridden(view, [("compare", "none")])
    assert [pair for pair in none if pair[0] == "compare"] == [("compare", "none")]


def test_a_dimension_that_is_gone_is_said_by_the_views_name() -> None:
    view = view_of("range=last_6_months&group_by=colour")
    with pytest.raises(Invalid, match="The view “Teams” cannot be asked any more: group_by must"):
        questions.query_of(view, TODAY)
    assert "cannot be asked" in questions.problem(view, TODAY)
    assert questions.tags_of(view) == frozenset()
    assert questions.tags_of(view_of("range=last_month&tag:a=1&group_by=tag:b")) == {
        "tag:a", "tag:b",
    }  # fmt: skip


def test_a_page_takes_the_groups_that_it_has_room_for() -> None:
    pairs = [("group_by", "service_name,region_id,sku_id"), ("order_by", "sku_id"), ("a", "1")]
    assert questions.within(pairs, 2) == [("a", "1"), ("group_by", "service_name,region_id")]
    assert questions.within(pairs[:1], 3) == pairs[:1]
