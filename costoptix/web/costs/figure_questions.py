"""Reading what the pages of figures are asked: days, filters, metric, and their own few options."""

from __future__ import annotations

from collections.abc import Iterable

from flask import render_template
from flask_login import current_user

from costoptix.access.tiers import Feature, require_feature, tier_of
from costoptix.clock import utc_today
from costoptix.costs.query import CostQuery
from costoptix.errors import Forbidden, Invalid
from costoptix.figures.comparison import Compare
from costoptix.periods import DateRange, Preset
from costoptix.web.costs.questions import (
    CostQuestion,
    default_metric,
    given_pairs,
    take,
    take_compare,
    take_metric,
)

_OF_THE_EXPLORER = ("group_by", "granularity", "order_by")


def read_question(
    endpoint: str, default: Preset | DateRange, own: Iterable[str] = (), *, compares: bool = True
) -> CostQuestion:
    """Read the request's parameters; without days the question is about ``default``.

    ``own`` names what only this page is asked; what a form left empty is absent. A page that
    never compares takes no ``compare``.

    Raises:
        Invalid: a parameter is unknown or wrong, or is one that only the explorer has.
    """
    names = tuple(own)
    pairs = [(name, value) for name, value in given_pairs() if value or name not in names]
    metric = take_metric(pairs)
    compare = take_compare(pairs) if compares else Compare.PREVIOUS
    options = tuple((name, value) for name in names if (value := take(pairs, name)))
    for name, _ in pairs:
        if name in _OF_THE_EXPLORER:
            raise Invalid(f"{name} is a parameter of the cost explorer, not of this page.")
    if not {name for name, _ in pairs} & {"range", "start_date", "end_date"}:
        pairs += _params(default)
    query = CostQuery.from_params(pairs, utc_today())
    return CostQuestion(endpoint, query, metric, default_metric(), own=options, compare=compare)


def _params(days: Preset | DateRange) -> list[tuple[str, str]]:
    if isinstance(days, Preset):
        return [("range", days.value)]
    return [("start_date", days.first.isoformat()), ("end_date", days.last.isoformat())]


def locked_page(feature: Feature, title: str, would_show: str) -> tuple[str, int] | None:
    """Return the page that says what a page would show, where the tier lacks it; else None."""
    try:
        require_feature(tier_of(current_user.organization.tier), feature)
    except Forbidden as error:
        sentence = error.sentence
        return render_template(
            "errors/locked.html", title=title, sentence=sentence, would_show=would_show
        ), error.status
    return None
