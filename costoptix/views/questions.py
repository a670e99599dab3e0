"""The question of a saved view: the API's own cost parameters, as they were said.

A range that moves with the calendar stays one. The text is canonical, so that equal questions are
equal texts; whatever reads it, reads it as ``GET /costs`` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from urllib.parse import parse_qsl, urlencode

from costoptix.clock import utc_today
from costoptix.costs.query import (
    LIST_PARAMETERS,
    MAX_VALUES,
    CostQuery,
    is_tag,
)
from costoptix.errors import Invalid
from costoptix.figures.comparison import COMPARABLE
from costoptix.models import SavedView
from costoptix.periods import Preset

LONGEST = 10_000
RANGE = ("range", "start_date", "end_date")

Pairs = list[tuple[str, str]]


def canonical(pairs: Iterable[tuple[str, str]], today: date) -> str:
    """Write parameters of ``GET /costs`` as the question of a view.

    Days that were not given stay ungiven: neither "until today" nor "this month" becomes a date.

    Raises:
        Invalid: ``GET /costs`` would refuse them, in its words.
    """
    given = list(pairs)
    asked = CostQuery.from_params(given, today).to_params()
    days = [pair for pair in given if pair[0] in RANGE] or [("range", Preset.THIS_MONTH.value)]
    return urlencode([*days, *(pair for pair in asked if pair[0] not in RANGE)], safe=":,")


def read_question(value: object) -> str:
    """Read a question: a query string, or an object of its parameters, whose lists are repeated.

    Raises:
        Invalid: as ``canonical``; or it is neither, or too long.
    """
    if isinstance(value, str):
        pairs = parsed(value)
    elif isinstance(value, Mapping):
        pairs = [(name, text) for name, texts in value.items() for text in _texts(name, texts)]
    else:
        raise Invalid("Give a query string, such as range=last_30_days&group_by=service_name.")
    question = canonical(pairs, utc_today())
    if len(question) > LONGEST:
        raise Invalid(f"At most {LONGEST:,} characters are allowed.")
    return question


def overridden(view: SavedView, given: Iterable[tuple[str, str]]) -> Pairs:
    """Return the parameters of a view with those that are given instead of its own.

    A range is one parameter, whichever way it is said. Given groups have their own order.
    """
    pairs = list(given)
    names = {name for name, _ in pairs}
    if names & set(RANGE):
        names |= set(RANGE)
    if "group_by" in names:
        names.add("order_by")
    own = [*parsed(view.question), ("compare", view.compare)]
    return [*(pair for pair in own if pair[0] not in names), *pairs]


def without_idle_comparison(pairs: Iterable[tuple[str, str]]) -> Pairs:
    """Leave a comparison out where buckets do not compare: weeks and quarters."""
    given = list(pairs)
    granularity = next((value for name, value in given if name == "granularity"), "total")
    compares = granularity in COMPARABLE
    return [pair for pair in given if compares or pair[0] != "compare"]


def query_of(view: SavedView, today: date) -> CostQuery:
    """Return what a view asks today.

    Raises:
        Invalid: it cannot be asked any more; the sentence names the view, and why.
    """
    try:
        return CostQuery.from_params(parsed(view.question), today)
    except Invalid as error:
        raise Invalid(
            f"The view “{view.name}” cannot be asked any more: {error.sentence}"
        ) from None


def problem(view: SavedView, today: date) -> str:
    """Say why a view cannot be asked any more; "" where it can."""
    try:
        query_of(view, today)
    except Invalid as error:
        return error.sentence
    return ""


def tags_of(view: SavedView) -> frozenset[str]:
    """Return the tags that a view asks for, as ``tag:<key>``."""
    try:
        query = query_of(view, utc_today())
    except Invalid:
        return frozenset()
    filters = (*query.filters, *query.exclusions)
    return frozenset(filter(is_tag, (*query.group_by, *(one.dimension for one in filters))))


def within(pairs: Iterable[tuple[str, str]], most_groups: int) -> Pairs:
    """Return the parameters with the first groups only, for a page that has room for no more."""
    given = list(pairs)
    groups = ",".join(value for name, value in given if name == "group_by").split(",")
    if len(groups) <= most_groups:
        return given
    kept = [pair for pair in given if pair[0] not in LIST_PARAMETERS]
    return [*kept, ("group_by", ",".join(groups[:most_groups]))]


def parsed(text: str) -> Pairs:
    """Return the parameters of a query string, those without a value too.

    Raises:
        Invalid: there are too many.
    """
    try:
        return parse_qsl(
            text.removeprefix("?"), keep_blank_values=True, max_num_fields=MAX_VALUES + 1
        )
    except ValueError:
        raise Invalid(f"At most {MAX_VALUES} parameters and filter values are allowed.") from None


def _texts(name: str, value: object) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise Invalid(f"{name[:60]!r} must be a text or a list of texts.")
    return [str(text) for text in texts]
