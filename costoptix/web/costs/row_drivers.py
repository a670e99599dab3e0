"""The row of the explorer's table that is open: what drives its cost, side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace

from costoptix.costs.asking import Ask
from costoptix.costs.query import CostQuery
from costoptix.errors import Invalid
from costoptix.figures.breakdown import Group
from costoptix.figures.comparison import ComparedDays
from costoptix.figures.side_by_side import DriverList, side_by_side
from costoptix.periods import DateRange
from costoptix.web.costs.questions import CostQuestion, Pairs, tag_dimensions, url_with
from costoptix.web.parts.panels import Panel, panel

OPEN = "open"
MAX_LENGTH = 2048


@dataclass(frozen=True)
class OpenRow:
    """The group of the row, and its lists by currency."""

    group: Group
    lists: Panel[dict[str, list[DriverList]]]


def take_open(pairs: Pairs) -> Group | None:
    """Take the group that is open out of the pairs: a value for each dimension, in order.

    Raises:
        Invalid: a value is too long.
    """
    values = [value for name, value in pairs if name == OPEN]
    pairs[:] = [pair for pair in pairs if pair[0] != OPEN]
    if any(len(value) > MAX_LENGTH or "\0" in value for value in values):
        raise Invalid(f"open must have at most {MAX_LENGTH} characters.")
    return tuple(value or None for value in values) if values else None


def check_open(group: Group | None, query: CostQuery) -> None:
    """Raise Invalid where what is open is no group of a question."""
    if group is not None and len(group) != len(query.group_by):
        raise Invalid(
            "open must be given once for each dimension of group_by:"
            f" {len(query.group_by)} times here, not {len(group)}."
        )


def open_row(
    ask: Ask,
    question: CostQuestion,
    days: DateRange,
    compared: ComparedDays | None,
    group: Group | None,
) -> OpenRow | None:
    """Return what drives the group that is open; None where none is."""
    if group is None:
        return None
    query = replace(question.only_group(group).query, date_range=days, preset=None)

    def lists() -> dict[str, list[DriverList]]:
        return side_by_side(ask, query, question.metric, compared, tag_dimensions())

    return OpenRow(group, panel("what drives a row", lists))


def url_to_open(question: CostQuestion, group: Group) -> str:
    """Return the address of the page with a row open."""
    opened = [(OPEN, value or "") for value in group]
    return f"{url_with(question.endpoint, [*question.pairs, *opened])}#open"
