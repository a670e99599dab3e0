"""The steps of a change: the largest by themselves, the rest as one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from costoptix.figures.breakdown import Group
from costoptix.figures.sentence import Cause, ServiceInAccount
from costoptix.figures.trends import Change
from costoptix.money import EXACT, Amount, total

MOST = 5
"""How many steps are told by themselves at most …"""

SMALLEST = 20
"""… where each is at least one in so many of all that moved, up and down."""


@dataclass(frozen=True)
class Step:
    """What a service in an account moved, or (``subject`` is None) all that is not told."""

    subject: ServiceInAccount | None
    group: Group  # service, provider and account id; () of the rest
    part: str  # a field of Parts; "" where it is all that the other steps leave of its change
    amount: Amount


def steps(
    cells: Mapping[Group, Change], causes: Sequence[Cause], names: Mapping[Group, ServiceInAccount]
) -> tuple[Step, ...]:
    """Split a change into steps that add up to it, to the last digit: its causes come first."""
    told = [Step(cause.subject, cause.group, cause.part, cause.amount) for cause in causes]
    gross = total([abs(change.amount) for change in cells.values()])
    left = {group: _left(group, change, told) for group, change in cells.items()}
    largest = sorted(left, key=lambda group: (-abs(left[group]), str(group)))
    told += [
        Step(names[group], group, "", left[group])
        for group in largest[: MOST - len(told)]
        if left[group] and abs(left[group]) * SMALLEST >= gross
    ]
    change = total([change.amount for change in cells.values()])
    rest = EXACT.subtract(change, total([step.amount for step in told]))
    return (*told, Step(None, (), "", rest)) if rest else tuple(told)


def _left(group: Group, change: Change, told: Sequence[Step]) -> Amount:
    """Return what the steps told so far leave of the change of a service in an account."""
    of_group = total([step.amount for step in told if step.group == group])
    return EXACT.subtract(change.amount, of_group)
