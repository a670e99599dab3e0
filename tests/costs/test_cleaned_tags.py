"""The laws of cleaned tags: every answer is the one of bills that had been written clean."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from costoptix import drafts
from costoptix.access.permissions import command_line
from costoptix.costs.answers import CostReport
from costoptix.errors import Conflict
from costoptix.lake.tag_rules import TagCleaning, read_tag_rules
from costoptix.tags import service
from costoptix.tags.drafts import RuleDraft
from tests.support.lake import Charge, Lake, new_organization
from tests.support.proving import count

RANGE = (("start_date", "2026-01-01"), ("end_date", "2026-03-31"))
names = st.sampled_from(
    ["a", "A", "b", " a", 'it\'s "b"', "\u200f<b>", "\U0001f469\u200d\U0001f4bb"]
)
keys = st.sampled_from(["team", "Team", "te/a~m"])
drafted = st.builds(
    lambda key, written, to: {"key": key, "from": written, "to": to},
    st.none() | keys, st.lists(names, min_size=1, max_size=3, unique=True), names,
) | st.builds(
    lambda written, to: {"from": written, "to": to},
    st.lists(keys, min_size=1, max_size=2, unique=True), keys,
)  # fmt: skip
tag_sets = st.none() | st.dictionaries(keys, names | st.just(""), max_size=3).map(json.dumps)
charges = st.builds(
    Charge,
    day=st.dates(date(2026, 1, 15), date(2026, 3, 20)),
    billing_currency=st.sampled_from(["USD", "EUR"]),
    billed_cost=st.decimals(-100, 100, places=18),
    tags=tag_sets,
)
bills = st.lists(charges, min_size=1, max_size=8)
some = settings(max_examples=count(small=15, full=200), deadline=None)


def add(lake: Lake, *rules: dict[str, object]) -> list[str]:
    """Make those of some rules that can be; return their ids."""
    made = []
    for values in rules:
        try:
            draft = drafts.read(RuleDraft, values, is_typed=True)
            caller = command_line(lake.organization.id)
            made.append(service.add_rule(lake.session, lake.organization, caller, draft).id)
        except (Conflict, drafts.Invalid):
            continue
    return made


def billed(lake: Lake, charges: Iterable[Charge]) -> Lake:
    own = replace(lake, organization=new_organization(lake.session))
    own.deliver(*charges)
    return own


def rows(report: CostReport) -> list[tuple[object, ...]]:
    return [tuple(row) for row in report.rows]


def clean(charge: Charge, rules: TagCleaning) -> Charge:
    tags = rules.cleaned(json.loads(charge.tags or "{}"))
    return replace(charge, tags=json.dumps(tags) if tags else None)


QUESTIONS = [
    (("group_by", f"tag:{key}"), ("granularity", granularity))
    for key in ("team", "Team", "te/a~m")
    for granularity in ("total", "monthly")
]


@some
@given(bills, st.lists(drafted, max_size=4), names)
def test_a_rule_answers_as_a_bill_that_was_written_clean(bills_lake, bill, rules, name):
    lake = billed(bills_lake, bill)
    add(lake, *rules)
    in_force = read_tag_rules(lake.session, lake.organization.id)
    cleaned = billed(bills_lake, [clean(charge, in_force) for charge in bill])
    called = sorted({in_force.key(key) for key in ("team", "Team", "te/a~m")})
    both = ",".join(f"tag:{key}" for key in called)
    for key in called:
        kept = in_force.values(key).get(name, name)
        for asked in (
            (("group_by", both), ("granularity", "monthly")),
            ((f"tag:{key}", kept),),
            ((f"tag:{key}", kept), ("group_by", both)),
            ((f"exclude_tag:{key}", kept), ("group_by", "service_name")),
            ((f"tag:{key}", ""), ("granularity", "daily")),
        ):
            assert rows(lake.ask(*RANGE, *asked)) == rows(cleaned.ask(*RANGE, *asked))


@some
@given(bills, st.lists(drafted, max_size=4))
def test_values_and_what_has_none_add_up_and_a_deleted_rule_leaves_nothing(
    bills_lake,
    bill,
    rules,
):
    lake = billed(bills_lake, bill)
    before = [lake.ask(*RANGE, *asked) for asked in QUESTIONS]
    raw = [lake.ask(*RANGE, ("group_by", f"raw:{key}")) for key in ("team", "Team")]
    made = add(lake, *rules)
    for asked, was in zip(QUESTIONS, before, strict=True):
        assert lake.ask(*RANGE, *asked).totals == was.totals
    for key, was in zip(("team", "Team"), raw, strict=True):
        assert rows(lake.ask(*RANGE, ("group_by", f"raw:{key}"))) == rows(was)
    for rule_id in made:
        caller = command_line(lake.organization.id)
        service.delete_rule(lake.session, lake.organization, caller, rule_id)
    assert [rows(lake.ask(*RANGE, *asked)) for asked in QUESTIONS] == [rows(r) for r in before]


def test_what_was_asked_before_a_rule_means_the_same_costs(lake: Lake) -> None:
    lake.deliver(Charge(tags='{"Team":"A"}'), Charge(tags='{"team":"a"}'), Charge())
    add(lake, {"from": ["Team"], "to": "team"}, {"key": "team", "from": ["A"], "to": "a"})
    for name, value in (("tag:Team", "A"), ("tag:team", "A"), ("tag:Team", "a")):
        report = lake.ask(*RANGE, (name, value), ("group_by", name))
        assert [(row.group, row.billed_cost) for row in report.rows] == [(("a",), Decimal(2))]
    assert lake.ask(*RANGE, ("raw:Team", "A")).totals[0].billed_cost == 1


def test_a_page_goes_on_where_a_renamed_value_is_asked_for(lake: Lake) -> None:
    lake.deliver(*(Charge(tags='{"team":"A"}', service_name=name) for name in "xyz"))
    add(lake, {"key": "team", "from": ["A"], "to": "a"})
    asked = (*RANGE, ("tag:team", "A"), ("group_by", "service_name"))
    first = lake.ask(*asked, limit=2)
    assert [row.group for row in lake.ask(*asked, limit=2, cursor=first.next_cursor).rows] == [
        ("z",)
    ]
