"""Rules of tags: made, deleted, and what is refused beside those that there are."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select

from costoptix import drafts
from costoptix.access.permissions import Caller, Permission, command_line
from costoptix.budgets import crossings
from costoptix.budgets import service as budgets
from costoptix.budgets.drafts import BudgetDraft
from costoptix.errors import Conflict, CostOptixError, Forbidden, Invalid, NotFound
from costoptix.lake.live import data_version_of
from costoptix.lake.tag_rules import read_tag_rules
from costoptix.models import AuditEntry, CleanedName, CleaningRule, Job
from costoptix.tags import service
from costoptix.tags.drafts import RuleDraft
from costoptix.tags.preview import preview
from tests.support.lake import TODAY, Charge, Lake, new_organization, query


def draft(key: str | None, names: list[str], to: str) -> RuleDraft:
    return drafts.read(RuleDraft, {"key": key, "from": names, "to": to}, is_typed=True)


def add(lake: Lake, key: str | None, names: list[str], to: str) -> CleaningRule:
    caller = command_line(lake.organization.id)
    return service.add_rule(lake.session, lake.organization, caller, draft(key, names, to))


@pytest.mark.parametrize(
    ("key", "names", "to", "field"),
    [
        ("team", ["a"], "a", "to"),
        ("team", ["a", "a"], "b", "from"),
        ("team", [""], "b", "from"),
        ("team", ["a"], " ", "to"),
        ("team", [], "b", "from"),
        ("team", ["a\0"], "b", "from"),
        ("team", ["a"], "b\u200fc", "to"),
        ("team", ["a"], "b\n", "to"),
        ("team", ["a" * 2049], "b", "from"),
        ("te,am", ["a"], "b", "key"),
        (None, ["Team"], "te,am", "to"),
        (None, ["Team"], "t" * 300, "to"),
        (None, ["T" * 300], "team", "from"),
        (None, [f"k{number}" for number in range(11)], "team", "from"),
        ("team", [f"v{number}" for number in range(101)], "team", "from"),
    ],
)
def test_what_can_be_no_rule_is_refused_by_its_field(
    key: str | None, names: list[str], to: str, field: str
) -> None:
    if to == "b\n":
        assert draft(key, names, to).to == "b"
        return
    with pytest.raises(Invalid) as refused:
        draft(key, names, to)
    assert refused.value.field.startswith(field)


@pytest.mark.parametrize(
    ("key", "names", "to", "words"),
    [
        ("team", ["a"], "z", "already a rule for the value a of team"),
        ("team", ["c"], "a", "circle: c to a to b to c"),
        (None, ["Team"], "x", "already a rule for the key Team"),
        (None, ["team"], "Team", "circle"),
        ("Team", ["x"], "y", "Team is renamed to team; make the rule for team"),
        (None, ["team"], "crew", "rules for values of team; delete these first"),
    ],
)
def test_what_cannot_stand_beside_the_others_says_why(
    lake: Lake, key: str | None, names: list[str], to: str, words: str
) -> None:
    add(lake, "team", ["a"], "b")
    add(lake, "team", ["b"], "c")
    add(lake, None, ["Team"], "team")
    with pytest.raises(Conflict, match=words):
        add(lake, key, names, to)
    assert len(read_tag_rules(lake.session, lake.organization.id).rules) == 3


def test_a_rule_and_its_end_are_audited_judged_and_renew_the_data(lake: Lake) -> None:
    versions = [data_version_of(lake.session, lake.organization.id)]
    rule = add(lake, "team", ["<script>", '"a"', "\u200fb", "\U0001f680" * 300], "clean \U0001f680")
    versions.append(data_version_of(lake.session, lake.organization.id))
    caller = command_line(lake.organization.id)
    service.delete_rule(lake.session, lake.organization, caller, rule.id)
    versions.append(data_version_of(lake.session, lake.organization.id))
    assert len(set(versions)) == 3
    entries = lake.session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
    assert [entry.action for entry in entries] == ["tag_rule.created", "tag_rule.deleted"]
    assert entries[0].after == entries[1].before
    assert lake.session.scalars(select(Job.kind)).all() == ["data_changed"]
    assert not lake.session.scalars(select(CleanedName)).all()


def test_only_those_who_may_write_make_rules_and_nobody_else_s(lake: Lake) -> None:
    rule_id = add(lake, "team", ["a"], "b").id
    reader = Caller(lake.organization.id, Permission.READ, "bob")
    with pytest.raises(Forbidden):
        service.add_rule(lake.session, lake.organization, reader, draft("team", ["c"], "d"))
    with pytest.raises(Forbidden):
        service.delete_rule(lake.session, lake.organization, reader, rule_id)
    elsewhere = new_organization(lake.session)
    with pytest.raises(NotFound):
        service.delete_rule(lake.session, elsewhere, command_line(elsewhere.id), rule_id)


def test_there_are_only_so_many_rules(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_RULES", 1)
    add(lake, "team", ["a"], "b")
    with pytest.raises(Conflict, match="as many as there may be"):
        add(lake, "team", ["c"], "d")
    monkeypatch.undo()
    monkeypatch.setattr(service, "MAX_ALL_NAMES", 2)
    with pytest.raises(Conflict, match="together"):
        add(lake, "team", ["c", "d"], "e")


def test_a_budget_follows_the_cleaned_tag(lake: Lake) -> None:
    """Also one that was made for a value before it was renamed; alone and asked with others."""
    lake.deliver(
        Charge(day=TODAY, tags='{"Team":"Platform"}', billed_cost=Decimal(5)),
        Charge(day=TODAY, tags='{"team":"platform"}', billed_cost=Decimal(3)),
    )
    caller = command_line(lake.organization.id)
    made = [
        budgets.create(
            lake.session, lake.organization, caller,
            drafts.read(BudgetDraft, {
                "name": f"{key} {value}", "amount": "100", "currency": "USD",
                "tag_rules": [{"key": key, "values": [value]}],
            }),
            lake.store,
        )
        for key, value in (("team", "platform"), ("Team", "Platform"), ("team", "other"))
    ]  # fmt: skip
    add(lake, None, ["Team"], "team")
    add(lake, "team", ["Platform"], "platform")
    rules = read_tag_rules(lake.session, lake.organization.id)
    for together in (made, made[:1], made[1:2]):
        spends = crossings.spends_of(lake.question, together, TODAY, rules)
        amounts = {spend.name: spend.amount for spend in spends}
        assert amounts == {
            budget.name: Decimal(0 if budget.name == "team other" else 8) for budget in together
        }


def test_a_preview_says_what_would_move_and_what_would_be_hidden(lake: Lake) -> None:
    lake.deliver(
        Charge(tags='{"Team":"x"}', billed_cost=Decimal(1)),
        Charge(tags='{"TEAM":"y","Team":"x"}', billed_cost=Decimal(2)),
        Charge(tags='{"team":"z","Team":"x"}', billed_cost=Decimal(4)),
        Charge(tags='{"TEAM":"y"}', billed_cost=Decimal(8), billing_currency="EUR"),
    )
    month = query(("start_date", "2026-03-01"), ("end_date", "2026-03-31"))

    def moves(*rule: object) -> list[tuple[str, str | None, str, Decimal]]:
        shown = preview(lake.session, lake.organization, draft(*rule), month, lake.store)
        return [(move.name, move.to, move.currency, move.billed_cost) for move in shown]

    assert moves(None, ["Team", "TEAM"], "team") == [
        ("Team", "team", "USD", Decimal(3)),
        ("Team", None, "USD", Decimal(4)),
        ("TEAM", "team", "EUR", Decimal(8)),
        ("TEAM", None, "USD", Decimal(2)),
    ]
    add(lake, "Team", ["w"], "v")
    assert moves("Team", ["x", "none"], "w") == [("x", "v", "USD", Decimal(7))]
    with pytest.raises(CostOptixError):
        moves("Team", ["w"], "u")


def test_the_preview_is_what_happens(lake: Lake) -> None:
    lake.deliver(Charge(tags='{"team":"A"}'), Charge(tags='{"team":"a"}'), Charge())
    month = query(("start_date", "2026-03-01"), ("end_date", "2026-03-31"))
    (move,) = preview(lake.session, lake.organization, draft("team", ["A"], "a"), month, lake.store)
    by_team = (("start_date", "2026-03-01"), ("end_date", "2026-03-31"), ("group_by", "tag:team"))
    before = {row.group[0]: row.billed_cost for row in lake.ask(*by_team).rows}
    add(lake, "team", ["A"], "a")
    after = {row.group[0]: row.billed_cost for row in lake.ask(*by_team).rows}
    assert after == {None: Decimal(1), "a": before["a"] + move.billed_cost}
