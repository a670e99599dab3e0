"""The steps of a change: the largest by themselves, the rest as one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from costoptix.figures.breakdown import Group
from costoptix.figures.sentence import Cause, ServiceInAccount
from costoptix.figures.trends import Change
from costoptix.money import EXACT, Amount, total

MOST = 5
"""How many steps are shown by themselves at most …"""

SMALLEST = 20
"""… where each is at least one in so many of all that moved, up and down."""


@dataclass(frozen=True)
class Step:
    """What a service in an account moved, or (``subject`` is None) all the rest."""

    subject: ServiceInAccount | None
    group: Group  # service, provider and account id; () of the rest
    part: str  # a field of Parts; "" where it is all that the other steps leave of its change
    amount: Amount


def steps(
    cells: Mapping[Group, Change], causes: Sequence[Cause], names: Mapping[Group, ServiceInAccount]
) -> tuple[Step, ...]:
    """Split a change into steps that add up to it, to the last digit: its causes come first."""
    shown = [Step(cause.subject, cause.group, cause.part, cause.amount) for cause in causes]
    gross = total([abs(change.amount) for change in cells.values()])
    left = {group: _left(group, change, shown) for group, change in cells.items()}
    largest = sorted(left, key=lambda group: (-abs(left[group]), str(group)))
    shown += [
        Step(names[group], group, "", left[group])
        for group in largest[: MOST - len(shown)]
        if left[group] and abs(left[group]) * SMALLEST >= gross
    ]
    change = total([change.amount for change in cells.values()])
    rest = EXACT.subtract(change, total([step.amount for step in shown]))
    return (*shown, Step(None, (), "", rest)) if rest else tuple(shown)


def _left(group: Group, change: Change, shown: Sequence[Step]) -> Amount:
    """Return what the steps so far leave of the change of a service in an account."""
    of_group = total([step.amount for step in shown if step.group == group])
    return EXACT.subtract(change.amount, of_group)
