"""What a delivery does to a scope: whose place it takes, and what a person is asked."""

from __future__ import annotations

from costoptix.bills.ledger import findings
from costoptix.bills.ledger.coverage import Part
from costoptix.bills.ledger.findings import Findings
from costoptix.bills.ledger.precedence import WHOLE, Version
from tests.bills.ledger.test_coverage import month, part

OWN = frozenset({"own"})


def version(one: Part, parts: frozenset[str] = WHOLE) -> Version:
    first, *_, last = sorted(one.coverage.table.column("day").to_pylist())
    at = one.delivered_at
    return Version(one.id, at, at, first, last, import_id=one.id, parts=parts)


def find(coming: Part, *live: tuple[Part, frozenset[str]]) -> Findings:
    by_id = {one.id: one for one in (*(part for part, _ in live), coming)}
    versions = [version(one, parts) for one, parts in live]
    return findings.find(
        versions, [version(coming)], [one.id for one, _ in live],
        lambda ids: [by_id[one] for one in ids], {coming.id: OWN},
    )  # fmt: skip


def test_a_second_slice_may_be_added_beside_the_first() -> None:
    first, second = part("a", month(days=range(1, 16))), part("b", month(days=range(16, 31)))
    outcome = find(second, (first, WHOLE))
    assert outcome.untold == (first,)
    assert (outcome.placements["b"].added, outcome.placements["b"].replacing) == (OWN, WHOLE)


def test_a_slice_takes_the_place_of_the_part_that_it_tells_again() -> None:
    first, second = part("a", month(days=range(1, 16))), part("b", month(days=range(16, 31)))
    again = part("c", month(11, days=range(16, 31)))
    outcome = find(again, (first, WHOLE), (second, OWN))
    assert not outcome.is_asking
    assert outcome.placements["c"].parts == OWN
    assert [one.id for one in outcome.after] == ["a", "c"]
    assert [one.id for one in outcome.placements["c"].beside] == ["a"]


def test_a_whole_month_takes_the_place_of_all_parts() -> None:
    first, second = part("a", month(days=range(1, 16))), part("b", month(days=range(16, 31)))
    outcome = find(part("c", month(11)), (first, WHOLE), (second, OWN))
    assert not outcome.is_asking
    assert outcome.placements["c"].parts == WHOLE | OWN


def test_shards_of_the_same_days_hold_nothing_that_is_live_and_a_broken_month_does() -> None:
    shard = find(part("b", month(), salt=2), (part("a", month(), salt=1), WHOLE))
    broken = find(part("b", month(days=range(1, 12))), (part("a", month()), WHOLE))
    assert (bool(shard.untold), shard.holds_live) == (True, False)
    assert (bool(broken.untold), broken.holds_live) == (True, True)
