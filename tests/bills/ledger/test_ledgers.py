"""Slices, shards, restatements, doubles and repeats in any order: nothing goes or comes unasked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from costoptix.bills.ledger.questions import Decision
from costoptix.bills.read.staged import Batch, Exported
from tests.bills.ledger.histories import Charge, Sent, morning
from tests.bills.ledger.ledgers import Ledger
from tests.support.proving import count

LAST = 6
BOUND = Decimal("0.02")

Selected = Callable[[Charge], bool]
PIECES: dict[str, Selected] = {
    "whole": lambda charge: True,
    "first half": lambda charge: charge.day <= LAST // 2,
    "second half": lambda charge: charge.day > LAST // 2,
    "one shard": lambda charge: int(str(charge.resource)) % 2 == 0,
    "other shard": lambda charge: int(str(charge.resource)) % 2 == 1,
    "but a day": lambda charge: charge.day != 2,
    "but an account": lambda charge: charge.account != "111",
}


def charges(version: int) -> list[Charge]:
    """Return a month as it is stated in a version: amounts differ by a little."""
    return [
        Charge(day, account, "EC2", str(number), cost, cost, sku="sku")
        for day in range(1, LAST + 1)
        for account in ("111", "222")
        for number in range(4)
        for cost in [Decimal(10 + day + number) + Decimal(version) / 100]
    ]


@dataclass(frozen=True)
class Step:
    """A piece of a version of the month, sent to a source, and what is answered if that asks."""

    piece: str
    version: int
    source: str
    answer: Decision | None

    def sent(self, place: int) -> Sent:
        chosen = tuple(filter(PIECES[self.piece], charges(self.version)))
        return Sent(morning(60 + place), chosen, source=self.source)


STEPS = st.builds(
    Step,
    st.sampled_from(["whole", *PIECES]),
    st.integers(0, 2),
    st.sampled_from(["bills", "bills", "bills", "second"]),
    st.sampled_from([None, None, Decision.ADD, Decision.REPLACE]),
)


def identities(ledger: Ledger) -> Counter[tuple[int, str, str | None]]:
    """Return which charges count, and how often, whatever they cost."""
    counts: Counter[tuple[int, str, str | None]] = Counter()
    for charge, times in ledger.charges().items():
        counts[charge.day, charge.account, charge.resource] += times
    return counts


@settings(max_examples=count(8, 200))
@given(st.lists(STEPS, min_size=2, max_size=6))
def test_nothing_goes_and_nothing_comes_twice_unasked(steps: list[Step]) -> None:
    ledger, may_double = Ledger(), False
    for place, step in enumerate(steps):
        before, charged = identities(ledger), ledger.charges()
        asked = ledger.bring(step.sent(place), step.answer)
        after = identities(ledger)
        if asked:
            event("asked")
            if step.answer is None or ("overlap" in asked and step.answer is Decision.REPLACE):
                assert ledger.charges() == charged
            may_double |= step.answer is Decision.ADD and "overlap" in asked
            continue
        whole = len(charges(0))
        gone = [key for key, times in before.items() if times and not after[key]]
        doubled = [key for key, times in after.items() if times > max(1, before[key])]
        assert len(gone) <= BOUND * whole, (steps[: place + 1], gone[:3])
        # Of two sources that a person has said to count both, what they share is answered.
        assert may_double or len(doubled) <= BOUND * whole, (steps[: place + 1], doubled[:3])


@settings(max_examples=count(8, 200))
@given(st.lists(STEPS, min_size=1, max_size=5), st.data())
def test_what_is_undone_leaves_what_was_there_before(
    steps: list[Step], data: st.DataObject
) -> None:
    """A part that is added, told again and undone, in any order of undoing."""
    ledger = Ledger()
    for place, step in enumerate(steps):
        ledger.bring(step.sent(place), step.answer)
    before = ledger.charges()
    more = data.draw(st.lists(STEPS, min_size=1, max_size=3))
    sent = [step.sent(len(steps) + place) for place, step in enumerate(more)]
    states = [before]
    for step, one in zip(more, sent, strict=True):
        ledger.bring(one, step.answer or Decision.ADD)
        states.append(ledger.charges())
    if data.draw(st.booleans()):
        for one in reversed(sent):
            assert ledger.charges() == states.pop()
            ledger.undo(one)
    else:
        for one in data.draw(st.permutations(sent)):
            ledger.undo(one)
    assert ledger.charges() == before


@st.composite
def deliveries(draw: st.DrawFn) -> list[Sent]:
    """A few deliveries of one scope, each with its own instant."""
    kind = draw(st.sampled_from(["month", "month", "google", "oracle"]))
    sent = []
    for place in range(draw(st.integers(2, 3))):
        step = draw(STEPS)
        one = replace(step.sent(place * 3), source="bills")
        if kind == "google":
            first = morning(60 + draw(st.integers(0, 6)))
            last = first + timedelta(days=draw(st.integers(0, 3)))
            one = replace(one, exported=Exported(first=first, last=last), at=last)
        elif kind == "oracle":
            number = draw(st.integers(0, 2))
            numbered = tuple(
                replace(charge, number=f"{number}-{nth:03}")
                for nth, charge in enumerate(one.charges)
            )
            batch = Batch(
                file_name=f"{draw(st.integers(0, 1))}.csv",
                numbers=(f"{number}-000", f"{number}-{len(numbered) - 1:03}"),
            )
            one = replace(one, charges=numbered, batch=batch)
        sent.append(one)
    return sent


@settings(max_examples=count(8, 200))
@given(deliveries())
def test_what_asks_in_no_order_ends_the_same_in_every_order(sent: list[Sent]) -> None:
    assume(len({one.at for one in sent}) == len(sent))
    ends = [_end(order) for order in permutations(sent)]
    assume(None not in ends)
    assert all(end == ends[0] for end in ends)


def _end(order: Sequence[Sent]) -> Counter[Charge] | None:
    """Return what counts in the end; None if something was asked."""
    ledger = Ledger()
    for one in order:
        if ledger.bring(one):
            return None
    return ledger.charges()
