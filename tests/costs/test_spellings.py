"""One account is one account, whatever bills and questions call it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.costs import sql
from costoptix.costs.engine import Engine
from costoptix.costs.parts import parts_of
from costoptix.costs.plan import plan
from costoptix.costs.query import Filter
from costoptix.costs.spellings import Spellings
from costoptix.lake.live import read_live
from costoptix.lake.providers import CANONICAL, account_of, canonical_value
from costoptix.money import EXACT
from tests.costs.test_laws import RANGE, amounts, billed, some, sums
from tests.support.lake import Charge, Lake, query
from tests.support.spellings import ACCOUNTS, BILLING_ACCOUNTS, GUIDS, PROVIDER_NAMES, VALUES

GUID = GUIDS[0]
SPELLINGS = [GUID, GUID.upper(), f"/subscriptions/{GUID}"]
DIMENSIONS = list(CANONICAL)

charges = st.builds(
    Charge,
    billed_cost=amounts,
    provider_name=st.none() | PROVIDER_NAMES,
    sub_account_id=st.none() | ACCOUNTS,
    billing_account_id=st.none() | BILLING_ACCOUNTS,
)
bills = st.lists(st.lists(charges, min_size=1, max_size=8), min_size=1, max_size=2)


@given(st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=20))
def test_spellings_are_what_is_shown_otherwise(rows: list[tuple[str, ...]]) -> None:
    spellings = Spellings.of_values(rows)
    for dimension, column in zip(DIMENSIONS, zip(*rows, strict=True), strict=False):
        for value in column:
            shown = canonical_value(dimension, value)
            assert spellings.of(dimension).get(value, value) == shown
            assert {value, shown} <= set(spellings.written(dimension, [value]))
    assert all(key != shown for of in spellings.shown.values() for key, shown in of.items())


@some
@given(bills, st.lists(st.sampled_from(DIMENSIONS), min_size=1, unique=True))
def test_rows_are_by_the_one_spelling_and_add_up_to_what_was_billed(
    bills_lake: Lake, bill: list[list[Charge]], group_by: list[str]
) -> None:
    report = billed(bills_lake, bill).ask(*RANGE, ("group_by", ",".join(group_by)))
    expected: defaultdict[tuple[str | None, ...], Decimal] = defaultdict(Decimal)
    for charge in (charge for delivered in bill for charge in delivered):
        group = tuple(canonical_value(name, getattr(charge, name)) for name in group_by)
        expected[group] = EXACT.add(expected[group], charge.billed_cost)
    assert {row.group: row.billed_cost for row in report.rows} == expected
    assert len(report.rows) == len(expected)
    assert sums(report.rows) == sums(report.totals)


@some
@given(bills, st.data())
def test_a_filter_in_any_spelling_selects_the_whole_of_a_thing(
    bills_lake: Lake, bill: list[list[Charge]], data: st.DataObject
) -> None:
    every = [charge for delivered in bill for charge in delivered]
    chosen = data.draw(st.sampled_from(every))
    lake = billed(bills_lake, bill)
    for dimension in DIMENSIONS:
        value = getattr(chosen, dimension)
        alike = [
            charge.billed_cost
            for charge in every
            if canonical_value(dimension, getattr(charge, dimension))
            == canonical_value(dimension, value)
        ]
        report = lake.ask(*RANGE, (dimension, value or ""))
        assert report.totals[0].billed_cost == total_of(alike)
        assert report == lake.ask(*RANGE, (dimension, canonical_value(dimension, value) or ""))
        # However a question was made: also one that was kept under another spelling.
        asked = replace(query(*RANGE), filters=(Filter(dimension, (value,)),))
        assert sums(lake.question(asked).rows) == sums(report.rows)


@some
@given(bills, st.data())
def test_an_account_in_any_spelling_is_all_of_it(
    bills_lake: Lake, bill: list[list[Charge]], data: st.DataObject
) -> None:
    every = [charge for delivered in bill for charge in delivered if charge.provider_name]
    if not every:
        return
    chosen = data.draw(st.sampled_from(every))
    account = account_of(chosen.provider_name, chosen.sub_account_id)
    alike = [
        charge.billed_cost
        for charge in every
        if account_of(charge.provider_name, charge.sub_account_id) == account
    ]
    lake = billed(bills_lake, bill)
    for name in (account, f"{chosen.provider_name}:{chosen.sub_account_id or ''}"):
        report = lake.ask(*RANGE, ("account", name))
        assert report.totals[0].billed_cost == total_of(alike)


def total_of(amounts_: list[Decimal]) -> Decimal:
    result = Decimal(0)
    for amount in amounts_:
        result = EXACT.add(result, amount)
    return result


def test_equal_questions_in_other_spellings_are_equal() -> None:
    questions = {
        query(("account", f"azure:{written}"), ("sub_account_id", written)) for written in SPELLINGS
    }
    assert len(questions) == 1
    (question,) = questions
    assert ("account", f"azure:{GUID}") in question.to_params()


@pytest.mark.parametrize("search", ["Amazon", "amazon web services, INC.", "aw"])
def test_a_search_finds_all_of_a_value_or_none_of_it(lake: Lake, search: str) -> None:
    lake.deliver(
        Charge(provider_name="AWS"),
        Charge(provider_name="Amazon Web Services, Inc."),
        Charge(provider_name="Amazonas Hosting"),
    )
    asked = replace(query(("group_by", "provider_name")), search=search)
    rows = {row.group[0]: row.billed_cost for row in lake.question(asked).rows}
    assert rows["AWS"] == 2


def test_the_search_for_a_subscription_takes_any_spelling(lake: Lake) -> None:
    lake.deliver(*(Charge(sub_account_id=written) for written in SPELLINGS))
    for written in (*SPELLINGS, GUID[:8]):
        asked = replace(query(("group_by", "sub_account_id")), search=written)
        assert [row.group for row in lake.question(asked).rows] == [(GUID,)]


def test_a_bill_of_ordinary_accounts_is_read_from_the_same_files_as_before(lake: Lake) -> None:
    charges_ = [
        Charge(sub_account_id=f"{number:012}", service_name=f"service {number % 7}")
        for number in range(300)
    ]
    lake.deliver(*charges_)
    deliveries = read_live(lake.session, lake.organization).deliveries

    def kinds(*params: tuple[str, str]) -> list[str]:
        return [part.kind for part in plan(query(*RANGE, *params), deliveries)]

    assert kinds(("group_by", "sub_account_id")) == ["daily"]
    assert kinds(("group_by", "provider_name,service_name")) == ["daily_services"]
    assert kinds(("account", "aws:000000000001")) == ["daily"]
    assert kinds(("billing_account_id", "payer"), ("granularity", "daily")) == ["daily"]


def test_where_nothing_is_written_otherwise_a_question_asks_as_if_nothing_could_be(
    lake: Lake,
) -> None:
    """So that no grouping is slower, and row groups without an account are skipped."""
    lake.deliver(Charge())
    asked = statement(lake, ("group_by", ",".join(DIMENSIONS)), ("sub_account_id", "111"))
    assert "JOIN" not in asked
    assert "sub_account_id IN ($v0)" in asked
    lake.deliver(Charge(sub_account_id=SPELLINGS[2]), source="focus")
    assert "JOIN" in statement(lake, ("group_by", "sub_account_id"))
    assert "JOIN" not in statement(lake, ("group_by", "provider_name"))
    assert "sub_account_id IN ($v0, $v1)" in statement(lake, ("sub_account_id", GUID))


def statement(lake: Lake, *params: tuple[str, str]) -> str:
    question = query(*RANGE, *params)
    deliveries = read_live(lake.session, lake.organization).deliveries
    parts = parts_of(question, deliveries, lake.store)
    return sql.rows_statement(question, parts, lake.store.engine.path, None, 0).sql


def test_how_values_are_written_is_read_once(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    read = Engine.read

    def counted(engine: Engine, text: str, parameters: Any) -> Any:
        asked.append(text)
        return read(engine, text, parameters)

    monkeypatch.setattr(Engine, "read", counted)
    lake.deliver(Charge(sub_account_id=GUID.upper()))
    for _ in range(2):
        lake.ask(*RANGE, ("group_by", "sub_account_id"))
        lake.ask(*RANGE, ("group_by", "service_name"))
    assert sum("filename" in text for text in asked) == 1
    lake.deliver(Charge(sub_account_id=GUID), source="other")
    lake.ask(*RANGE, ("account", f"aws:{GUID}"))
    assert sum("filename" in text for text in asked) == 2
