"""Imports: bring a bill in, see how far it is, and that it is in to the last digit."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import FileStorage

from costoptix import drafts
from costoptix.bills import decisions, deliveries, receive
from costoptix.bills import imports as bills
from costoptix.bills.staged import Rejection
from costoptix.errors import CostOptixError, Invalid
from costoptix.extensions import db
from costoptix.models import Import, ReconciliationLine
from costoptix.money import EXACT
from costoptix.web import forms
from costoptix.web.display import guarded
from costoptix.web.routing import Access, page
from costoptix.web.session import config

PER_PAGE = 50
REJECTIONS_SHOWN = 100
UNFINISHED = ("received", "running")
STATE_KINDS = {"live": "down", "refused": "up", "waiting": "warn", "received": "accent",
               "running": "accent"}  # fmt: skip
METRICS = {"billed_cost": "Billed", "effective_cost": "Effective", "list_cost": "List",
           "contracted_cost": "Contracted"}  # fmt: skip


class UploadDraft(drafts.Draft):
    """What goes with the file."""

    source: str = ""
    currency: str = ""


class DecisionDraft(drafts.Draft):
    """What a person answers to a waiting import."""

    decision: decisions.Decision


@page("/imports")
def imports() -> ResponseReturnValue:
    """List the imports, newest first, with the form to bring a file in."""
    return _show_list()


@page("/imports", access=Access.ADMIN, methods=("POST",))
def upload() -> ResponseReturnValue:
    """Take in the files of the form; they are read in the background."""
    try:
        draft = forms.read(UploadDraft)
        files = [file for file in request.files.getlist("file") if file.filename]
        if not files:
            raise Invalid("Choose a billing file first.")
        received = [_receive(file, draft) for file in files]
    except CostOptixError as error:
        return _show_list(error)
    if len(received) > 1:
        return redirect(url_for("web.imports"))
    return redirect(url_for("web.import_detail", import_id=received[0].id))


def _receive(file: FileStorage, draft: UploadDraft) -> Import:
    return receive.receive(
        db.session(), current_user.organization, current_user.caller,
        file.stream, file.filename or "",
        uploads_dir=config().uploads_dir, max_bytes=config().max_upload_bytes,
        source_name=draft.source.strip() or None, currency=draft.currency.strip() or None,
    )  # fmt: skip


@page("/imports/<import_id>")
def import_detail(import_id: str) -> ResponseReturnValue:
    """Show one import: its progress, then its reconciliation."""
    return _show_detail(import_id)


@page("/imports/<import_id>/withdraw", access=Access.ADMIN, methods=("POST",))
def withdraw_import(import_id: str) -> ResponseReturnValue:
    """Undo an import: what was live before it is live again."""
    row = bills.get(db.session(), current_user.organization, import_id)
    try:
        deliveries.withdraw(db.session(), current_user.organization, current_user.caller, row)
    except CostOptixError as error:
        return _show_detail(import_id, error)
    flash("The import is withdrawn; what was there before is live again.")
    return redirect(url_for("web.import_detail", import_id=import_id))


@page("/imports/<import_id>/decide", access=Access.ADMIN, methods=("POST",))
def decide_import(import_id: str) -> ResponseReturnValue:
    """Answer what a waiting import asks; it goes on in the background."""
    row = bills.get(db.session(), current_user.organization, import_id)
    try:
        draft = forms.read(DecisionDraft)
        decisions.decide(
            db.session(), current_user.organization, current_user.caller, row, draft.decision
        )
    except CostOptixError as error:
        return _show_detail(import_id, error)
    return redirect(url_for("web.import_detail", import_id=import_id))


@page("/imports/<import_id>/rejections.csv")
def rejections(import_id: str) -> ResponseReturnValue:
    """Answer every rejected row as a file for a spreadsheet."""
    row = bills.get(db.session(), current_user.organization, import_id)
    found = bills.rejected(config().lake_dir, row)
    response = Response(_csv(found), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="rejections-{row.id}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _show_list(error: CostOptixError | None = None) -> ResponseReturnValue:
    rows = bills.list_imports(db.session(), current_user.organization)
    number = max(1, request.args.get("page", 1, type=int))
    shown = rows[(number - 1) * PER_PAGE : number * PER_PAGE]
    body = render_template(
        "imports/list.html",
        imports=shown,
        kinds=STATE_KINDS,
        is_working=any(row.state in UNFINISHED for row in shown),
        newer=url_for("web.imports") if number > 1 else "",
        older=url_for("web.imports", page=number + 1) if len(rows) > number * PER_PAGE else "",
        max_mb=config().max_upload_bytes // (1 << 20),
        error=error.sentence if error else "",
    )
    return forms.answer(body, error)


def _show_detail(import_id: str, error: CostOptixError | None = None) -> ResponseReturnValue:
    row = bills.get(db.session(), current_user.organization, import_id)
    body = render_template(
        "imports/detail.html",
        row=row,
        kinds=STATE_KINDS,
        metrics=METRICS,
        is_working=row.state in UNFINISHED,
        percent=100 * row.bytes_done // row.size_bytes if row.size_bytes else 0,
        question=decisions.question_of(row),
        periods=bills.periods(db.session(), row),
        sums=bills.sums(db.session(), row),
        lines=bills.reconciliation(db.session(), row),
        difference=difference,
        rejections=bills.rejected(config().lake_dir, row, 0, REJECTIONS_SHOWN),
        error=error.sentence if error else "",
    )
    return forms.answer(body, error)


def difference(line: ReconciliationLine) -> Decimal:
    """Return what a sum of the file is off from stored + rejected + rounding: always 0."""
    there = EXACT.add(EXACT.add(line.sum_stored, line.sum_rejected), line.sum_rounding)
    return EXACT.subtract(line.sum_file, there)


def _csv(rows: list[Rejection]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["line", "column", "value", "reason"])
    for row in rows:
        writer.writerow(
            [row.line, guarded(row.column), guarded(row.value or ""), guarded(row.reason)]
        )
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()
