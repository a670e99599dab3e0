"""What splits keep, whatever was priced: the parts add up, in any order and any grouping."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from costoptix.costs.answers import USAGE, Priced, PricedKind, PricedLine
from costoptix.figures.parts import COMMITTABLE, Parts, Split, Untold
from costoptix.money import from_quanta

whole_numbers = st.integers(-(10**24), 10**24)
perhaps = st.none() | whole_numbers
of_usage = st.builds(
    Priced, whole_numbers, perhaps, st.sampled_from([None, "Hours", "GB"]), perhaps, perhaps
)
sides = st.fixed_dictionaries(
    {},
    optional={
        kind: of_usage if kind in USAGE else st.builds(Priced, whole_numbers) for kind in PricedKind
    },
)
lines = st.lists(st.builds(PricedLine, st.just(("a",)), st.just("USD"), sides, sides), max_size=5)
metrics = st.sampled_from([*COMMITTABLE, "list_cost", "contracted_cost"])


def split_of(some: list[PricedLine], metric: str) -> Split:
    split = Split()
    for line in some:
        split.add(line, metric)
    return split


def facts(split: Split) -> tuple[int | None, int | None, Parts, dict[Untold, object]]:
    return split.before, split.now, split.parts, split.untold


@given(lines, metrics)
def test_the_parts_add_up_to_the_change_and_the_reasons_to_other(some, metric):
    split = split_of(some, metric)
    rows_now, rows_before = (
        [priced.amount for line in some for priced in side(line).values()]
        for side in (lambda line: line.now, lambda line: line.before)
    )
    assert (split.now or 0, split.before or 0) == (sum(rows_now), sum(rows_before))
    assert (split.now is None, split.before is None) == (not rows_now, not rows_before)
    assert sum(split.parts) == from_quanta(split.change)
    assert sum(split.untold.values()) == split.parts.other
    assert all(split.untold.values())
    assert {name for name, part in split.parts._asdict().items() if part} <= split.moving


@given(lines, lines, metrics)
def test_splits_add_up_like_their_lines(some, more, metric):
    added = split_of(some, metric)
    added.add_split(split_of(more, metric))
    assert facts(added) == facts(split_of([*some, *more], metric))
    assert facts(added) == facts(split_of([*more, *some], metric))
