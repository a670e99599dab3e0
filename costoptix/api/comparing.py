"""What a question is compared with, at the API's door."""

from __future__ import annotations

from typing import Any

from costoptix.api.endpoint import Parameter
from costoptix.figures.comparison import Compare, ComparedDays
from costoptix.periods import DateRange


def compare_parameter(default: Compare, also: str = "") -> Parameter:
    """Declare what a question is compared with; ``also`` is what else is to be known of it."""
    return Parameter(
        "compare",
        "With what the complete days of the range are compared, by one rule: previous (months"
        " with as many before them, cut alike; other days with as many right before), last_year"
        f" (the same dates), none. meta.compared names the days of both sides.{also}",
        {"type": "string", "enum": [choice.value for choice in Compare], "default": default.value},
    )


def compared_meta(
    compared: ComparedDays | tuple[DateRange, DateRange] | None, compare: Compare
) -> dict[str, Any]:
    """Say which days stand against which, where anything was to be compared."""
    if compare is Compare.NONE:
        return {}
    if isinstance(compared, ComparedDays):
        compared = compared.now, compared.before
    if compared is None:
        return {"compared": None}
    now, before = compared
    return {"compared": {"now": [now.first, now.last], "before": [before.first, before.last]}}
