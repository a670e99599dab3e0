"""A saved view in the explorer: opened by its address, named above it, changed and saved there.

``view=<id>`` opens one: its parameters, and instead of them those that the address gives. Links of
the page then hold the whole question, and ``from_view=<id>`` to say which view it came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlencode

from flask import abort, make_response, render_template, request, url_for
from flask_login import current_user

from costoptix.clock import utc_today
from costoptix.costs.query import CostQuery
from costoptix.errors import Invalid, NotFound
from costoptix.extensions import db
from costoptix.models import SavedView
from costoptix.views import questions, service
from costoptix.views.drafts import COLUMNS
from costoptix.web.costs.questions import CostQuestion, Pairs, tag_dimensions, take
from costoptix.web.parts.panels import panel
from costoptix.web.parts.wording import dimension_title

VIEW = "view"
FROM_VIEW = "from_view"
MOST_GROUPS = 2
"""How many groups the explorer has room for."""


@dataclass(frozen=True)
class ViewBar:
    """What the explorer says of saved views: which is open, and what can be done with it."""

    view: SavedView | None
    is_changed: bool  # what is asked is no longer what the view asks
    may_change: bool
    may_share: bool
    state: str  # what is asked now, as a form posts it
    notes: list[str]  # what of the view is gone or has no room


def with_view(pairs: Pairs) -> Pairs:
    """Return the parameters of the view that an address opens, else the parameters as they are.

    Ends the request with a page that leads back where the view is gone or cannot be asked.

    Raises:
        Invalid: two are named.
    """
    given = list(pairs)
    view_id = take(given, VIEW)
    if not view_id:
        return given
    view = _found(view_id)
    try:
        questions.query_of(view, utc_today())
    except Invalid as error:
        _lead_back(400, "This view cannot be asked", error.sentence, view)
    return [*parameters_of(view, given), (FROM_VIEW, view.id)]


def parameters_of(view: SavedView, given: Pairs) -> Pairs:
    """Return what the explorer is asked by a view, but for what is given instead."""
    names = {name for name, _ in given}
    pairs = questions.within(questions.overridden(view, given), MOST_GROUPS)
    shown = {
        "metric": view.metric or "",
        "complete_days": "1" if view.complete_days else "",
        "columns": ",".join(name for name in view.columns if name in COLUMNS),
    }
    pairs += [(name, text) for name, text in shown.items() if text and name not in names]
    if view.table_order and not names & {"order_by", "group_by"}:
        pairs = [pair for pair in pairs if pair[0] != "order_by"]
        pairs.append(("order_by", view.table_order))
    return pairs


def fields_of(question: CostQuestion) -> dict[str, object]:
    """Return what a view keeps of a question of the explorer, by the fields of its draft."""
    is_usual = question.metric == question.default_metric
    return {
        "question": urlencode(question.query.to_params()),
        "columns": list(_columns(question)),
        "compare": question.compare.value,
        "metric": None if is_usual else question.metric,
        "complete_days": question.complete_days,
        "table_order": question.page_order,
    }


def view_bar(question: CostQuestion) -> ViewBar:
    """Return what the explorer says of views; one that is gone meanwhile is not spoken of."""
    view_id = question.own_value(FROM_VIEW)
    view = _seen(view_id) if view_id else None
    caller = current_user.caller
    return ViewBar(
        view=view,
        is_changed=view is not None and _is_changed(view, question),
        may_change=view is not None and service.may_change(caller, view),
        may_share=service.may_share(caller),
        state=state_of(question),
        notes=_notes(view) if view else [],
    )


def state_of(question: CostQuestion) -> str:
    """Return a question of the explorer as the forms of views post it."""
    return urlencode([pair for pair in question.pairs if pair[0] not in (FROM_VIEW, "limit")])


def _seen(view_id: str) -> SavedView | None:
    try:
        return service.get(db.session(), current_user.organization, current_user.caller, view_id)
    except NotFound:
        return None


def _found(view_id: str) -> SavedView:
    view = _seen(view_id)
    if view is None:
        _lead_back(404, "There is no such view", "It was deleted, or is somebody's own.")
    return view


def _lead_back(status: int, title: str, sentence: str, view: SavedView | None = None) -> NoReturn:
    body = render_template("views/gone.html", title=title, sentence=sentence, view=view)
    abort(make_response(body, status))


def _is_changed(view: SavedView, question: CostQuestion) -> bool:
    """Tell whether a question is another than that of the view, days as they are today."""
    pairs = questions.within(questions.parsed(view.question), MOST_GROUPS)
    try:
        kept = CostQuery.from_params(pairs, utc_today())
    except Invalid:
        return True
    metric = view.metric or question.default_metric
    return (
        (kept, view.compare, metric, view.complete_days, view.table_order)
        != (question.query, question.compare, question.metric, question.complete_days,
            question.page_order)
        or [name for name in view.columns if name in COLUMNS] != _columns(question)
    )  # fmt: skip


def _columns(question: CostQuestion) -> list[str]:
    return [name for name in dict(question.pairs).get("columns", "").split(",") if name]


def _notes(view: SavedView) -> list[str]:
    """Say what of a view is gone, and what the page has no room for."""
    tags = panel("the tags", tag_dimensions).shown
    asked = questions.tags_of(view)
    gone = sorted(asked.difference(tags)) if tags is not None else []
    notes = [f"No charge has the {_lower(dimension_title(name))} any more." for name in gone]
    unknown = [name for name in view.columns if name not in COLUMNS]
    if unknown:
        notes.append(f"Columns that are no longer there: {', '.join(unknown)}.")
    groups = dict(questions.parsed(view.question)).get("group_by", "").split(",")
    if len(groups) > MOST_GROUPS:
        notes.append(f"It groups by {len(groups)}; this page has room for the first {MOST_GROUPS}.")
    return notes


def _lower(title: str) -> str:
    return title[0].lower() + title[1:]


def is_open(view: SavedView) -> bool:
    """Tell whether the reader looks at a view."""
    if request.endpoint != "web.costs":
        return False
    return view.id in (request.args.get(VIEW), request.args.get(FROM_VIEW))


def url_of(view: SavedView) -> str:
    """Return the address that opens a view."""
    return url_for("web.costs", view=view.id)
