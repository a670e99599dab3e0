"""What changed: the months of an import beside the deliveries that they replaced."""

from __future__ import annotations

from flask import current_app, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix.bills import imports, restatement
from costoptix.costs.store import CostStore
from costoptix.extensions import db
from costoptix.web.routing import page

CHANGES_SHOWN = 100


@page("/imports/<import_id>/changes")
def import_changes(import_id: str) -> ResponseReturnValue:
    """Show, for each month that was there before, what the import changed in money."""
    session = db.session()
    row = imports.get(session, current_user.organization, import_id)
    store: CostStore = current_app.extensions["cost_store"]
    return render_template(
        "imports/changes.html",
        row=row,
        restatements=restatement.restatements(session, row, store),
        shown=CHANGES_SHOWN,
    )
