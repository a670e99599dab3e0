"""A line so small that it stands in a cell of a table, as one path. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby

from markupsafe import Markup

from costoptix.money import Amount, scaled

STEP = 10
HEIGHT = 20


def small_line(amounts: Sequence[Amount | None]) -> Markup:
    """Draw a line as one path; a step without an amount is a gap, a step alone a dash."""
    values = [amount for amount in amounts if amount is not None]
    if not values:
        return Markup("")
    low, high = min(Decimal(0), *values), max(Decimal(0), *values)
    spread = (high - low) or Decimal(1)
    path = []
    for is_drawn, run in groupby(enumerate(amounts), key=lambda step: step[1] is not None):
        if not is_drawn:
            continue
        points = [
            (STEP * i + STEP // 2, HEIGHT - 1 - scaled(value - low, HEIGHT - 2, spread, places=1))
            for i, value in run
            if value is not None
        ]
        if len(points) == 1:
            ((x, y),) = points
            points = [(x - STEP // 2, y), (x + STEP // 2, y)]
        path.append("M" + "L".join(f"{x} {y}" for x, y in points))
    box = f"0 0 {STEP * len(amounts)} {HEIGHT}"
    return Markup(  # noqa: S704 - made of numbers and fixed words only
        f'<svg class="small-line" viewBox="{box}" preserveAspectRatio="none"'
        f' aria-hidden="true"><path d="{"".join(path)}"/></svg>'
    )
