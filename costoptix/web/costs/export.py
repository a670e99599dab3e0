"""The FOCUS export of what a cost page shows: the charges behind it."""

from __future__ import annotations

from flask import Response, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix.costs.export import FileKind, export
from costoptix.errors import CostOptixError, Forbidden, Invalid
from costoptix.extensions import db
from costoptix.web.costs.explorer import read_state
from costoptix.web.costs.questions import CostQuestion, cost_store, given_pairs, take, url_with
from costoptix.web.parts import forms
from costoptix.web.parts.routing import page, web

CONTENT_TYPES = {
    FileKind.CSV_GZ: "application/gzip",
    FileKind.PARQUET: "application/vnd.apache.parquet",
}


@page("/costs/export")
def costs_export() -> ResponseReturnValue:
    """Send the charges of the page's days and filters as FOCUS 1.2, once the password is fresh.

    All that an organization has may go out so: a browser left open must not be enough. The text
    is as it was billed, formulas too: the file is for programs, and imports again.
    """
    if not current_user.password_is_fresh:
        return _ask_for_password()
    pairs = given_pairs()
    file = take(pairs, "file") or FileKind.CSV_GZ
    if file not in CONTENT_TYPES:
        raise Invalid(f"file must be one of {', '.join(FileKind)}.")
    query = read_state(pairs).question.query
    organization, caller = current_user.organization, current_user.caller
    made = export(db.session(), organization, caller, query, FileKind(file), cost_store())
    headers = {
        "Content-Disposition": f'attachment; filename="{made.file_name}"',
        "Cache-Control": "no-store",
        "X-Row-Count": str(made.row_count),
    }
    return Response(made.chunks, content_type=CONTENT_TYPES[FileKind(file)], headers=headers)


@page("/costs/export", methods=("POST",))
def confirm_export() -> ResponseReturnValue:
    """Take the password, and go on to the file."""
    try:
        forms.require_fresh_password()
        forms.read_button()
    except CostOptixError as error:
        return _ask_for_password(error)
    return redirect(url_with("web.costs_export", given_pairs()), 303)


def _ask_for_password(error: CostOptixError | None = None) -> ResponseReturnValue:
    body = render_template(
        "costs/export_password.html",
        action=url_with("web.confirm_export", given_pairs()),
        error=error.sentence if error else "",
    )
    return forms.answer(body, error or Forbidden("The password is due."))


@web.app_template_global()
def export_url(question: CostQuestion, file: str) -> str:
    """Return the address of the charges behind a page as a FOCUS file."""
    return url_with("web.costs_export", [*question.pairs, ("file", file)])
