"""Lines in cells: one path; a step without an amount is a gap."""

from __future__ import annotations

import re
from decimal import Decimal

from costoptix.small_lines import small_line


def path(*amounts: int | None) -> str:
    drawn = small_line([None if a is None else Decimal(a) for a in amounts])
    [shape] = re.findall(r'<path d="([^"]*)"/>', drawn)
    return shape


def test_a_line_runs_from_step_to_step_between_zero_and_the_largest() -> None:
    assert path(0, 5, 10) == "M5 19.0L15 10.0L25 1.0"
    assert path(-10, 0, 10) == "M5 19.0L15 10.0L25 1.0"


def test_a_step_without_an_amount_is_a_gap_and_one_alone_a_dash() -> None:
    assert path(10, None, 10, 10) == "M0 1.0L10 1.0M25 1.0L35 1.0"


def test_of_nothing_nothing_is_drawn() -> None:
    assert small_line([None, None]) == ""
    assert path(0, 0) == "M5 19.0L15 19.0"
