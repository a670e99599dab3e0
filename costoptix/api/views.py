"""``/views``: questions about costs under a name; ``GET /costs?view=<id>`` asks one.

A key sees the views that are shared, its own among them: what a key makes is shared.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from costoptix.access.permissions import Permission
from costoptix.api.answers import Answer
from costoptix.api.endpoint import PREFIX, Call, Parameter, operation
from costoptix.api.paging import PageQuery, sign, unsign
from costoptix.api.writing import all_written, written
from costoptix.clock import utc_today
from costoptix.errors import Invalid, NotFound
from costoptix.figures.comparison import Compare
from costoptix.models import SavedView
from costoptix.views import listing, questions, service
from costoptix.views.drafts import ViewChange, ViewDraft

OF_VIEW = Parameter(
    "view",
    "The id of a saved view, whose parameters hold where they are not given here. Of the range,"
    " start_date, end_date and range are one; given group_by have their own order_by. A view whose"
    " granularity does not compare is not compared.",
)


@dataclass(frozen=True)
class ViewData:
    """A view. ``question`` holds parameters of ``GET /costs`` as a query string.

    ``columns``, ``metric`` (null: the organization's), ``complete_days`` and ``table_order`` say
    how the explorer shows it. ``version`` is one more with every change; ``owner_left`` where
    whoever made it was deleted since.
    """

    id: str
    name: str
    shared: bool
    question: str
    columns: list[str]
    compare: Compare
    metric: str | None
    complete_days: bool
    table_order: str
    version: int
    created_by: str
    owner_left: bool
    created_at: datetime
    updated_at: datetime


@operation(
    "GET", "/views", permission=Permission.READ, query=PageQuery, data=list[ViewData],
    summary="List the saved views by name",
)  # fmt: skip
def list_views(call: Call, query: PageQuery) -> Answer:
    """List them."""
    purpose = f"views:{call.organization.id}"
    position = None
    if query.cursor is not None:
        name, view_id = unsign(purpose, query.cursor)
        position = (name, view_id)
    rows = listing.after(
        call.session, call.organization, call.caller, limit=query.limit + 1, position=position
    )
    shown, cursor = rows[: query.limit], None
    if len(rows) > query.limit:
        cursor = sign(purpose, (shown[-1].name, shown[-1].id))
    return Answer(all_written(ViewData, shown), meta={"next_cursor": cursor})


@operation(
    "POST", "/views", permission=Permission.WRITE, body=ViewDraft, data=ViewData, status=201,
    summary="Save a view",
)  # fmt: skip
def create_view(call: Call, body: ViewDraft) -> Answer:
    """Save it."""
    row = service.create(call.session, call.organization, call.caller, body)
    location = {"Location": f"{PREFIX}/views/{row.id}"}
    return Answer(written(ViewData, row), status=201, headers=location)


@operation(
    "GET", "/views/<view_id>", permission=Permission.READ, data=ViewData,
    summary="Show a saved view",
)  # fmt: skip
def get_view(call: Call, view_id: str) -> ViewData:
    """Show it."""
    row = service.get(call.session, call.organization, call.caller, view_id)
    return written(ViewData, row)


@operation(
    "PATCH", "/views/<view_id>", permission=Permission.WRITE, body=ViewChange, data=ViewData,
    summary="Change a saved view; what is left out stays as it is",
)  # fmt: skip
def change_view(call: Call, view_id: str, body: ViewChange) -> ViewData:
    """Change it."""
    row = service.change(call.session, call.organization, call.caller, view_id, body)
    return written(ViewData, row)


@operation(
    "DELETE", "/views/<view_id>", permission=Permission.WRITE, summary="Delete a saved view",
)  # fmt: skip
def delete_view(call: Call, view_id: str) -> dict[str, Any]:
    """Delete it."""
    service.delete(call.session, call.organization, call.caller, view_id)
    return {"id": view_id}


def opened(call: Call) -> tuple[SavedView | None, list[tuple[str, str]]]:
    """Return the view that a call asks, and all parameters of its question; those given go first.

    Raises:
        Invalid: it is named twice, or cannot be asked any more.
        NotFound: the key sees no such view.
    """
    named = [value for name, value in call.args if name == OF_VIEW.name]
    if not named:
        return None, call.args
    if len(named) > 1:
        raise Invalid("The parameter view may be given only once.")
    try:
        row = service.get(call.session, call.organization, call.caller, named[0])
    except NotFound:
        raise NotFound("There is no such view.") from None
    questions.query_of(row, utc_today())
    given = [pair for pair in call.args if pair[0] != OF_VIEW.name]
    merged = questions.overridden(row, given)
    if any(name == "compare" for name, _ in given):
        return row, merged
    return row, questions.without_idle_comparison(merged)
