"""The steps of a change as a waterfall: one line each, drawn from where the one before ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

from markupsafe import Markup

from costoptix.charts import fall_bar
from costoptix.costs.query import ACCOUNT
from costoptix.figures.parts import PART_TITLES
from costoptix.figures.steps import Step
from costoptix.figures.why import Brief
from costoptix.lake.providers import account_of
from costoptix.money import Amount
from costoptix.web.costs.questions import CostQuestion

_CATEGORIES = {
    "new": "Usage",
    "gone": "Usage",
    "usage": "Usage",
    "list_price": "Usage",
    "negotiated_rate": "Usage",
    "commitment_coverage": "Usage",
    "purchases": "Purchase",
    "credits": "Credit",
    "tax": "Tax",
}
"""Of which charges a part of a change is, where that is one category."""


@dataclass(frozen=True)
class Fall:
    """One line of a waterfall; ``href`` asks the explorer for what it is about."""

    name: str
    part: str  # in words; "" where it is no part but all the rest
    amount: Amount
    bar: Markup
    href: str


@dataclass(frozen=True)
class Waterfall:
    """Why the costs of one currency changed: the sentence, and lines that add up to the change."""

    brief: Brief
    falls: tuple[Fall, ...]


def waterfall(explorer: CostQuestion, brief: Brief) -> Waterfall:
    """Draw the steps of a change; ``explorer`` has its range, and what it is compared with."""
    return Waterfall(brief, tuple(_falls(explorer, brief)))


def _falls(explorer: CostQuestion, brief: Brief) -> Iterator[Fall]:
    levels = list(accumulate((step.amount for step in brief.steps), initial=Amount(0)))
    for step, ends in zip(brief.steps, pairwise(levels), strict=True):
        yield Fall(
            str(step.subject) if step.subject else "Everything else",
            _part(step, brief),
            step.amount,
            fall_bar(levels, ends),
            _question(explorer, step).url,
        )


def _part(step: Step, brief: Brief) -> str:
    """Say which part of a change a step is; what is left of a service beside its parts, too."""
    if step.part:
        return PART_TITLES[step.part].lower()
    has_parts = any(one.part and one.group == step.group for one in brief.steps)
    return "the rest" if has_parts else ""


def _question(explorer: CostQuestion, step: Step) -> CostQuestion:
    """Ask for what a step is about, by what drives it; for all services where it is the rest."""
    question = explorer.grouped("service_name")
    if not step.group:
        return question
    service, provider, number = step.group
    question = question.opened((service,))
    if number:
        question = question.only(ACCOUNT, account_of(provider, number))
    else:
        question = question.only("provider_name", provider).only("sub_account_id", None)
    if step.part == "unused_commitment":
        return question.only("commitment_discount_status", "Unused")
    category = _CATEGORIES.get(step.part)
    return question.only("charge_category", category) if category else question
