"""Saved views: the list, the page of one, saving what the explorer asks, and the sidebar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from pydantic import Field

from costoptix import drafts
from costoptix.clock import utc_today
from costoptix.costs.query import Filter
from costoptix.errors import Conflict, CostOptixError, Invalid
from costoptix.extensions import db
from costoptix.models import SavedView
from costoptix.periods import Granularity
from costoptix.views import listing, questions, service
from costoptix.views.drafts import ViewChange, ViewDraft
from costoptix.views.listing import ViewOrder
from costoptix.web.costs.explorer import read_state
from costoptix.web.costs.questions import default_metric
from costoptix.web.costs.view_bar import fields_of, is_open, url_of
from costoptix.web.parts import forms
from costoptix.web.parts.filled import FilledForm, Form
from costoptix.web.parts.list_forms import ListAddress
from costoptix.web.parts.routing import page, web
from costoptix.web.parts.wording import (
    COMPARE_TITLES,
    METRIC_TITLES,
    PRESET_TITLES,
    dimension_title,
    value_title,
)
from costoptix.written import range_title

PER_PAGE = 50
MOST_VALUES = 5
"""How many values of a filter are named."""

Lines = list[tuple[str, str]]


class ViewsForm(ListAddress):
    """How the list of views is sorted, and which page of it is shown."""

    endpoint = "web.views"

    order_by: ViewOrder = ViewOrder.NAME


class ViewForm(Form):
    """The form that saves what the explorer asks, and the one that renames and shares."""

    name: str = Field("", title="Name")
    shared: forms.Tick = ""
    state: str = ""
    version: str = ""

    @property
    def asked(self) -> dict[str, object]:
        """Return what the explorer asked, by the fields of a view.

        Raises:
            Invalid: it is no question of the explorer.
        """
        return fields_of(read_state(questions.parsed(self.state)).question)


@dataclass(frozen=True)
class SidebarViews:
    """The first views by name, each with whether it is open; and whether there are more."""

    entries: Sequence[tuple[SavedView, str, bool]]
    has_more: bool


@web.app_template_global()
def sidebar_views() -> SidebarViews:
    """Return the views that the sidebar leads to, asked once for each page."""
    if not current_user.is_authenticated:
        return SidebarViews((), has_more=False)
    if "sidebar_views" not in g:
        rows = listing.page_of(
            db.session(), current_user.organization, current_user.caller, ViewOrder.NAME,
            limit=listing.IN_SIDEBAR + 1,
        )  # fmt: skip
        entries = [(row, url_of(row), is_open(row)) for row in rows[: listing.IN_SIDEBAR]]
        g.sidebar_views = SidebarViews(entries, len(rows) > len(entries))
    shown: SidebarViews = g.sidebar_views
    return shown


@page("/views")
def views() -> ResponseReturnValue:
    """List the views that the reader sees."""
    form = drafts.read_pairs(
        ViewsForm, [pair for pair in request.args.items(multi=True) if pair[1]]
    )
    session, organization, caller = db.session(), current_user.organization, current_user.caller
    rows = listing.page_of(
        session, organization, caller, form.order_by,
        limit=PER_PAGE + 1, skip=(form.page - 1) * PER_PAGE,
    )  # fmt: skip
    shown = rows[:PER_PAGE]
    return render_template(
        "views/list.html",
        form=form,
        views=shown,
        total=listing.count(session, organization, caller),
        words={row.id: " · ".join(text for _, text in words_of(row)[:3]) for row in shown},
        problems={row.id: questions.problem(row, utc_today()) for row in shown},
        url_of=url_of,
        newer=form.url() if form.page > 1 else "",
        older=form.url(page=str(form.page + 1)) if len(rows) > PER_PAGE else "",
    )


@page("/views", methods=("POST",))
def create_view() -> ResponseReturnValue:
    """Save what the explorer asks under a name."""
    try:
        form = forms.read(ViewForm)
        values = {"name": form.name, "shared": form.shared == "1"} | form.asked
        row = service.create(
            db.session(), current_user.organization, current_user.caller,
            drafts.read(ViewDraft, values),
        )  # fmt: skip
    except CostOptixError as error:
        return _show_saving(FilledForm.posted(ViewForm, error))
    flash(f"The view “{row.name}” is saved.")
    return redirect(url_of(row))


@page("/views/<view_id>")
def view_detail(view_id: str) -> ResponseReturnValue:
    """Show one view: what it asks, and its name, sharing and deletion."""
    return _show(_get(view_id))


@page("/views/<view_id>", methods=("POST",))
def change_view(view_id: str) -> ResponseReturnValue:
    """Rename a view, or share it."""
    row = _get(view_id)
    try:
        form = forms.read(ViewForm)
        row = _change(row, {"name": form.name, "shared": form.shared == "1"}, form.version)
    except CostOptixError as error:
        return _show(_get(view_id), FilledForm.posted(ViewForm, error))
    flash(f"The view “{row.name}” is saved.")
    return redirect(url_for("web.views"))


@page("/views/<view_id>/question", methods=("POST",))
def update_view(view_id: str) -> ResponseReturnValue:
    """Have a view ask what the explorer asks now."""
    row = _get(view_id)
    try:
        form = forms.read(ViewForm)
        row = _change(row, form.asked, form.version)
    except CostOptixError as error:
        return _show_saving(FilledForm.posted(ViewForm, error), _get(view_id))
    flash(f"The view “{row.name}” asks this now.")
    return redirect(url_of(row))


@page("/views/<view_id>/delete", methods=("POST",))
def delete_view(view_id: str) -> ResponseReturnValue:
    """Delete a view."""
    name = _get(view_id).name
    forms.read_button()
    service.delete(db.session(), current_user.organization, current_user.caller, view_id)
    flash(f"The view “{name}” is deleted.")
    return redirect(url_for("web.views"))


def words_of(view: SavedView) -> Lines:
    """Say in words what a view asks: days, groups, then the rest; nothing where it cannot."""
    try:
        query = questions.query_of(view, utc_today())
    except Invalid:
        return []
    days = PRESET_TITLES.get(query.preset, query.preset) if query.preset else None
    lines = [("Days", days or range_title(query.date_range))]
    if query.group_by:
        lines.append(("By", ", ".join(map(dimension_title, query.group_by))))
    if query.granularity is not Granularity.TOTAL:
        lines.append(("Buckets", query.granularity.value.capitalize()))
    lines += _filter_lines(query.filters, "")
    lines += _filter_lines(query.exclusions, "not ")
    title = METRIC_TITLES[view.metric or default_metric()]
    lines.append(("Cost", title if view.metric else f"{title}, as everywhere"))
    lines += [("Compared", title) for choice, title in COMPARE_TITLES.items()
              if choice == view.compare]  # fmt: skip
    return lines


def _filter_lines(filters: Sequence[Filter], sign: str) -> Iterator[tuple[str, str]]:
    for chosen in filters:
        names = [value_title(value, chosen.dimension) for value in chosen.values[:MOST_VALUES]]
        more = len(chosen.values) - len(names)
        text = ", ".join(names) + (f" and {more} more" if more else "")
        yield dimension_title(chosen.dimension), f"{sign}{text}"


def _change(row: SavedView, values: dict[str, object], version: str) -> SavedView:
    changed = drafts.read(ViewChange, values | ({"version": version} if version else {}))
    return service.change(
        db.session(), current_user.organization, current_user.caller, row.id, changed
    )


def _get(view_id: str) -> SavedView:
    return service.get(db.session(), current_user.organization, current_user.caller, view_id)


def _show(row: SavedView, refused: FilledForm | None = None) -> ResponseReturnValue:
    """Show a view; after a refusal with what was typed, and the view's version of now."""
    form = ViewForm(name=row.name, shared="1" if row.shared else "")
    body = render_template(
        "views/detail.html",
        view=row,
        form=refused or FilledForm.of(form),
        lines=words_of(row),
        problem=questions.problem(row, utc_today()),
        url=url_of(row),
        **_rights(row),
    )
    return forms.answer(body, refused.error if refused else None)


def _show_saving(form: FilledForm, row: SavedView | None = None) -> ResponseReturnValue:
    """Show the form that saves a question again, with why it was not saved."""
    state = form.value("state")
    body = render_template(
        "views/save.html",
        form=form,
        view=row,
        is_conflict=isinstance(form.error, Conflict),
        url=url_of(row) if row else "",
        back=f"{url_for('web.costs')}?{state}",
        **_rights(row),
    )
    return forms.answer(body, form.error)


def _rights(row: SavedView | None) -> dict[str, Any]:
    caller = current_user.caller
    if row is None:
        return {"may_change": True, "may_share": service.may_share(caller)}
    # Whoever is not the owner can share a view, and cannot take it back.
    is_owner = row.owner_id == caller.user_id
    may_share = is_owner if row.shared else service.may_share(caller)
    return {"may_change": service.may_change(caller, row), "may_share": may_share}
