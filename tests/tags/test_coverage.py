"""Coverage: what carries a tag and what lacks it are the total, to the last digit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given

from costoptix import drafts
from costoptix.access.permissions import command_line
from costoptix.tags import service
from costoptix.tags.coverage import Tags
from costoptix.tags.drafts import RuleDraft
from tests.costs.test_cleaned_tags import add, billed, bills, drafted, some, st
from tests.support.lake import Charge, Lake, query

RANGE = (("start_date", "2026-01-01"), ("end_date", "2026-03-31"))


def tags_of(lake: Lake) -> Tags:
    return Tags(lake.session, lake.organization, query(*RANGE), "billed_cost", lake.store)


@some
@given(bills, st.lists(drafted, max_size=3))
def test_tagged_and_untagged_are_the_answers_of_costs(bills_lake, bill, rules) -> None:
    lake = billed(bills_lake, bill)
    add(lake, *rules)
    for one in tags_of(lake).keys(limit=50).keys:
        assert one.whole.cost + one.whole.untagged == one.whole.total
        asked = lake.ask(*RANGE, (f"exclude_tag:{one.key}", "")).totals
        costs = {total.currency: total.billed_cost for total in asked}
        assert one.whole.cost == costs.get(one.whole.currency, 0)
        assert sum(month.cost for month in one.months) == one.whole.cost
        assert sum(month.untagged for month in one.months) == one.whole.untagged


def test_keys_are_paged_sorted_and_cleaned(lake: Lake) -> None:
    lake.deliver(
        Charge(day=date(2026, 1, 2), tags='{"Team":"a","team":"b"}', billed_cost=Decimal(8)),
        Charge(tags='{"Team":"a","env":""}', billed_cost=Decimal(4)),
        Charge(tags='{"k8s.io/app~1":"a"}', billed_cost=Decimal(2)),
        Charge(billed_cost=Decimal(1)),
    )
    draft = drafts.read(RuleDraft, {"from": ["Team"], "to": "team"})
    service.add_rule(lake.session, lake.organization, command_line(lake.organization.id), draft)
    tags = tags_of(lake)
    page = tags.keys("key", descending=False, limit=1, offset=1)
    assert (page.row_count, [one.key for one in page.keys]) == (2, ["team"])
    (team,) = page.keys
    assert (team.whole.cost, team.whole.untagged, team.whole.percent) == (12, 3, Decimal(80))
    assert [(m.period_start, m.cost, m.total) for m in team.months] == [
        (date(2026, 1, 1), 8, 8), (date(2026, 3, 1), 4, 7),
    ]  # fmt: skip
    assert [(one.cost, one.untagged) for one in tags.any()] == [(14, 1)]
    assert [(one.cost, one.untagged) for one in tags.of_key("team")] == [(12, 3)]
    worst = tags.untagged_by("team", "services", 10).rows
    assert [(row.group, row.billed_cost) for row in worst] == [(("AWS", "EC2"), Decimal(3))]


def test_without_bills_there_is_nothing_to_say(lake: Lake) -> None:
    tags = tags_of(lake)
    assert (tags.keys(limit=5).keys, tags.any(), tags.alike_keys()) == ((), [], [])
