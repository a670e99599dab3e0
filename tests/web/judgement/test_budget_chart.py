"""The curve of a budget: what is not known of its days is not drawn."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from costoptix.budgets.curve import Curve, curve
from costoptix.budgets.drafts import BudgetPeriod
from costoptix.budgets.figures import Terms
from costoptix.periods import DateRange
from costoptix.web.judgement.budget_chart import BudgetChart


def drawn(by_day: dict[int, int]) -> str:
    """Return the line of what was spent on days of March 2026, complete through the 6th."""
    terms = Terms(Decimal(100), BudgetPeriod.MONTHLY, Decimal(80), Decimal(95))
    days = {date(2026, 3, day): Decimal(cost) for day, cost in by_day.items()}
    complete = DateRange(date(2026, 3, 1), date(2026, 3, 6))
    whole: Curve = curve(terms, days, complete, None, date(2026, 3, 6))
    [path] = re.findall(r'class="spent s0" d="([^"]*)"', BudgetChart(whole, "USD").svg)
    return " ".join(re.findall(r"[ML](\d+) ", path)) + f" {path.count('M')}"


def test_the_line_is_broken_over_days_without_charges() -> None:
    assert drawn({1: 5, 2: 5, 3: 5, 4: 5, 5: 5, 6: 5}) == "0 10 20 30 40 50 60 1"
    assert drawn({1: 5, 2: 5, 4: 5, 5: 5, 6: 0}) == "0 10 20 30 40 50 60 2"
    assert drawn({1: 5, 2: 5, 6: 5}) == "0 10 20 50 60 2"
