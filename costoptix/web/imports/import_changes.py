"""Undo an import, or make an older one current: each says beforehand what it changes."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.orm import Session

from costoptix.access.permissions import Caller
from costoptix.bills.ledger import listing, previews, undo
from costoptix.errors import CostOptixError
from costoptix.extensions import db
from costoptix.models import Import, ImportState, Organization
from costoptix.web.imports.listing import show_detail
from costoptix.web.parts.routing import Access, page

Action = Callable[[Session, Organization, Caller, Import], None]


@page("/imports/<import_id>/withdraw", access=Access.ADMIN)
def confirm_withdrawal(import_id: str) -> ResponseReturnValue:
    """Say what an undo changes, in money, and ask for it."""
    row = listing.get(db.session(), current_user.organization, import_id)
    return render_template(
        "imports/withdraw.html",
        row=row,
        states=ImportState,
        can_be_withdrawn=row.state in (ImportState.LIVE, ImportState.OLDER),
        shifts=previews.of_withdrawing(db.session(), row),
    )


@page("/imports/<import_id>/withdraw", access=Access.ADMIN, methods=("POST",))
def withdraw_import(import_id: str) -> ResponseReturnValue:
    """Undo an import: what was live before it is live again."""
    message = "The import is withdrawn; what was there before is live again."
    return _change(import_id, undo.withdraw, message)


@page("/imports/<import_id>/make-current", access=Access.ADMIN)
def confirm_making_current(import_id: str) -> ResponseReturnValue:
    """Say what making an older import current changes, in money, and ask for it."""
    row = listing.get(db.session(), current_user.organization, import_id)
    return render_template(
        "imports/make_current.html",
        row=row,
        was_replaced=listing.was_replaced(listing.periods(db.session(), row)),
        shifts=previews.of_making_current(db.session(), row),
    )


@page("/imports/<import_id>/make-current", access=Access.ADMIN, methods=("POST",))
def make_import_current(import_id: str) -> ResponseReturnValue:
    """Make an older import the newest of its months."""
    return _change(import_id, undo.make_current, "This import is current now.")


def _change(import_id: str, action: Action, message: str) -> ResponseReturnValue:
    row = listing.get(db.session(), current_user.organization, import_id)
    try:
        action(db.session(), current_user.organization, current_user.caller, row)
    except CostOptixError as error:
        return show_detail(import_id, error)
    flash(message)
    return redirect(url_for("web.import_detail", import_id=import_id))
