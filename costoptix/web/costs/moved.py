"""What moved between two sides, as pages show it: the reasons, and a table of the movers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from flask_login import current_user

from costoptix.clock import utc_today
from costoptix.costs.answers import CostReport
from costoptix.errors import Invalid
from costoptix.extensions import db
from costoptix.figures import movers, sides, why
from costoptix.figures.asks import Asks, asks_of
from costoptix.figures.comparison import Compare
from costoptix.figures.movers import Level, Mover
from costoptix.figures.parts import PART_TITLES, Parts
from costoptix.figures.sides import Comparison
from costoptix.figures.why import Why
from costoptix.lake.providers import account_of
from costoptix.web.costs.account_names import given_name
from costoptix.web.costs.questions import CostQuestion, cost_store
from costoptix.web.parts.routing import web
from costoptix.web.parts.wording import value_title

COMPARE = ("compare_account", "compare_start_date", "compare_end_date")
LEVELS = list(Level)
SHOWN = 50
"""How many movers a page shows; the sums above them hold all."""

PART_RULES = {
    "new": "what was not there before",
    "gone": "what is no longer there",
    "usage": "more or less of it",
    "list_price": "the provider's public price",
    "negotiated_rate": "what you pay of the public price",
    "commitment_coverage": "more or less of it ran under a commitment",
    "unused_commitment": "paid for and not used",
    "purchases": "commitments, subscriptions and other purchases",
    "credits": "credits and refunds",
    "tax": "as the bill has it",
    "other": "what the bill does not tell more precisely",
}


@dataclass(frozen=True)
class Moved:
    """What a page shows of a comparison."""

    level: Level
    comparison: Comparison
    reasons: list[Why]
    shown: list[tuple[Mover, str]]  # with the address that looks closer
    count: int
    columns: list[str]  # the parts that any of the movers has


def asks() -> Asks:
    """Return what answers why costs changed, for the organization of whoever is signed in."""
    return asks_of(db.session(), current_user.organization, cost_store())


def compared_sides(question: CostQuestion, whole: CostReport) -> Comparison | None:
    """Return what a page compares; None where nothing can be."""
    return sides.comparison(
        whole,
        before=sides.days_to_compare(*(question.own_value(name) for name in COMPARE[1:])),
        account=sides.account_to_compare(question.own_value("compare_account")),
        compare=None if question.compare is Compare.PREVIOUS else question.compare,
    )


def first_bill_of_all(question: CostQuestion, whole: CostReport) -> date | None:
    """Return the first day of all bills where the earlier days lie before it; None elsewhere."""
    days, since = question.query.date_range, whole.data_since
    if since is None or question.compare is Compare.NONE:
        return None
    back = 365 if question.compare is Compare.LAST_YEAR else days.length
    return since if days.first - timedelta(days=back) < since else None


def level_of(question: CostQuestion) -> Level:
    """Return how closely a page looks.

    Raises:
        Invalid: it is no level.
    """
    text = question.own_value("level") or Level.SERVICE.value
    if text not in [level.value for level in Level]:
        raise Invalid(f"level must be one of {', '.join(level.value for level in Level)}.")
    return Level(text)


def moved(question: CostQuestion, comparison: Comparison) -> Moved:
    """Work out what moved, and why."""
    level, metric, answers = level_of(question), question.metric, asks()
    ranking = movers.movers(answers, comparison, metric, level)
    reasons = why.reasons(answers, comparison, metric, ranking, utc_today())
    moving = {name for mover in ranking for name in mover.split.moving}
    return Moved(
        level,
        comparison,
        reasons,
        [(mover, _opened(question, level, mover)) for mover in ranking[:SHOWN]],
        len(ranking),
        [name for name in Parts._fields if name in moving],
    )


def level_links(question: CostQuestion) -> list[tuple[Level, str]]:
    """Return the addresses that look more or less closely."""
    return [(level, question.with_own("level", level).url) for level in LEVELS]


@web.app_template_global()
def mover_title(level: Level, group: tuple[str | None, ...]) -> str:
    """Return what people call a mover."""
    if level is not Level.ACCOUNT:
        return value_title(group[0], level.group_by[0])
    provider, number, name = group
    if not number:
        return "No account"
    return given_name(account_of(provider, number)) or name or number


@web.app_template_global()
def account_called(account: tuple[str | None, ...], billed: str | None = None) -> str:
    """Return what people call an account, given provider and id."""
    return mover_title(Level.ACCOUNT, (*account, billed))


@web.app_template_global()
def part_titles() -> dict[str, str]:
    """Name the parts of a change, in order."""
    return PART_TITLES


@web.app_template_global()
def part_rules() -> dict[str, str]:
    """Say what each part of a change holds."""
    return PART_RULES


def _opened(question: CostQuestion, level: Level, mover: Mover) -> str:
    """Return the address that looks one level closer at a mover; "" at the last."""
    closer = LEVELS.index(level) + 1
    if closer == len(LEVELS):
        return ""
    opened = question
    for dimension, value in zip(level.group_by, mover.group, strict=True):
        if dimension != "sub_account_name":  # the id says it
            opened = opened.only(dimension, value)
    return opened.with_own("level", LEVELS[closer]).url
