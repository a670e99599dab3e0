"""Imports: bring bills in, see how far they are, and that they are in to the last digit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Annotated

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from pydantic import AfterValidator
from werkzeug.datastructures import FileStorage

from costoptix import drafts, queue
from costoptix.bills.intake import inbox, receive
from costoptix.bills.intake.receive import Sent
from costoptix.bills.ledger import deliveries, import_list, questions
from costoptix.bills.ledger import listing as bills
from costoptix.bills.ledger.import_list import ListedImport
from costoptix.bills.read import child
from costoptix.bills.read.rejections import RejectionsPart
from costoptix.clock import utc_now
from costoptix.demo import acme
from costoptix.errors import CostOptixError, Invalid
from costoptix.extensions import db
from costoptix.models import UNFINISHED_STATES, Import, ImportState
from costoptix.web.imports import reconciliation
from costoptix.web.imports.import_progress import ShownProgress
from costoptix.web.imports.leading_on import leading_on
from costoptix.web.parts import forms
from costoptix.web.parts.list_forms import ListAddress
from costoptix.web.parts.routing import Access, page, web
from costoptix.web.parts.session import config

PER_PAGE = 50
REJECTIONS_SHOWN = 100
STATE_KINDS = {
    ImportState.LIVE: "down", ImportState.REFUSED: "up", ImportState.WAITING: "warn",
    ImportState.RECEIVED: "accent", ImportState.RUNNING: "accent",
}  # fmt: skip
"""Colours of badges; the other states have none."""

ANSWERS = {
    questions.Decision.REPLACE: "Replace what is live",
    questions.Decision.ADD: "Add beside it",
    questions.Decision.ACTUAL: "It is the actual export",
    questions.Decision.AMORTIZED: "It is the amortized export",
    questions.Decision.IMPORT_ANYWAY: "Import anyway",
    questions.Decision.DISCARD: "Discard",
}
"""What the buttons say that answer a question."""

METRICS = {"billed_cost": "Billed", "effective_cost": "Effective", "list_cost": "List",
           "contracted_cost": "Contracted"}  # fmt: skip


COLUMNS = {
    "file_name": "File",
    "state": "State",
    "period": "Billing period",
    "billed_cost": "Billed cost",
    "replaced": "Replaced",
    "source": "Source",
    "rows": "Rows",
    "arrived": "Arrived",
}
"""The columns of the list, each of which it can be sorted by."""


class ImportListForm(ListAddress):
    """How the list is sorted and grouped, and which page of it is shown."""

    endpoint = "web.imports"

    order_by: Annotated[str, AfterValidator(import_list.parse_order)] = import_list.NEWEST
    by_source: forms.Tick = ""


class UploadDraft(drafts.Draft):
    """What goes with the files."""

    source: str = ""
    currency: str = ""
    encoding: str = ""


class DecisionForm(drafts.Draft):
    """What a person answers to a waiting import."""

    decision: questions.Decision
    remember: bool = False


@page("/imports")
def imports() -> ResponseReturnValue:
    """List the imports, newest first, with the form to bring files in."""
    return _show_list()


@page("/imports", access=Access.ADMIN, methods=("POST",))
def upload() -> ResponseReturnValue:
    """Take in files that were sent together, as few deliveries; they are read in the background."""
    try:
        draft = forms.read(UploadDraft)
        files = [file for file in request.files.getlist("file") if file.filename]
        if not files:
            raise Invalid("Choose a billing file first.")
        rows = _receive(files, draft)
    except CostOptixError as error:
        return _show_list(error)
    if len(rows) > 1:
        flash(f"These {len(files)} files make {len(rows)} deliveries, one for each kind of file.")
        return _sent(url_for("web.imports"))
    return _sent(url_for("web.import_detail", import_id=rows[0].id))


def _sent(address: str) -> ResponseReturnValue:
    """Lead to what became of the files; a script is told where, for it cannot but follow at once.

    To follow would show the notice to the script, and the page that it then opens has none.
    """
    if request.accept_mimetypes.best == "application/json":
        return {"location": address}, 201
    return redirect(address)


def _receive(files: Sequence[FileStorage], draft: UploadDraft) -> list[Import]:
    encoding = draft.encoding.strip() or None
    received = receive.receive(
        db.session(), current_user.organization, current_user.caller,
        [Sent(file.stream, file.filename or "") for file in files],
        uploads_dir=config().uploads_dir, max_bytes=config().max_upload_bytes,
        source_name=draft.source.strip() or None, currency=draft.currency.strip() or None,
        encoding=encoding, group=partial(child.group, encoding=encoding),
    )  # fmt: skip
    return [row for row, _job in received]


@page("/imports/<import_id>")
def import_detail(import_id: str) -> ResponseReturnValue:
    """Show one import: its progress or its question, then its reconciliation."""
    return show_detail(import_id)


@page("/imports/<import_id>/decide", access=Access.ADMIN, methods=("POST",))
def decide_import(import_id: str) -> ResponseReturnValue:
    """Answer what a waiting import asks; it goes on in the background."""
    row = bills.get(db.session(), current_user.organization, import_id)
    try:
        draft = forms.read(DecisionForm)
        questions.decide(
            db.session(), current_user.caller, row, draft.decision, remember=draft.remember,
        )  # fmt: skip
    except CostOptixError as error:
        return show_detail(import_id, error)
    return redirect(url_for("web.import_detail", import_id=import_id))


@web.app_template_global()
def grouped(
    listed: Sequence[ListedImport], by_source: str
) -> list[tuple[str | None, list[ListedImport]]]:
    """Return a page of the list by source; in one part where it is not grouped."""
    if not by_source:
        return [(None, list(listed))]
    return [(source, list(group)) for source, group in groupby(listed, lambda one: one.source)]


def _show_list(error: CostOptixError | None = None) -> ResponseReturnValue:
    form = ImportListForm() if error else drafts.read(ImportListForm, request.args.to_dict())
    listed = import_list.list_page(
        db.session(), current_user.organization,
        order_by=form.order_by, by_source=form.by_source == "1",
        limit=PER_PAGE + 1, skip=(form.page - 1) * PER_PAGE,
    )  # fmt: skip
    shown = [entry.row for entry in listed[:PER_PAGE]]
    now = utc_now()
    body = render_template(
        "imports/list.html",
        form=form,
        columns=COLUMNS,
        imports=listed[:PER_PAGE],
        not_taken_in=inbox.not_taken_in(db.session(), current_user.organization),
        not_taken_in_count=inbox.count_not_taken_in(db.session(), current_user.organization),
        kinds=STATE_KINDS,
        progress={row.id: ShownProgress.of(row, now) for row in shown},
        is_working=any(row.state in UNFINISHED_STATES for row in shown),
        has_worker=queue.has_worker(db.session()),
        demo_failed_at=queue.failed_at(db.session(), acme.JOB_KIND, current_user.organization.id),
        newer=form.url() if form.page > 1 else "",
        older=form.url(page=str(form.page + 1)) if len(listed) > PER_PAGE else "",
        max_bytes=config().max_upload_bytes,
        error=error.sentence if error else "",
    )
    return forms.answer(body, error)


def show_detail(import_id: str, error: CostOptixError | None = None) -> ResponseReturnValue:
    """Render the page of an import, with what was refused last."""
    session = db.session()
    row = bills.get(session, current_user.organization, import_id)
    is_working = row.state in UNFINISHED_STATES
    periods = bills.periods(session, row)
    first_byte, rejected = _rejected(row)
    body = render_template(
        "imports/detail.html",
        row=row,
        states=ImportState,
        kinds=STATE_KINDS,
        metrics=METRICS,
        is_working=is_working,
        has_worker=not is_working or queue.has_worker(session),
        progress=ShownProgress.of(row, utc_now()),
        question=questions.question_of(row),
        answers=ANSWERS,
        outlook=questions.outlook_of(row),
        periods=periods,
        leads=leading_on(session, row),
        was_replaced=bills.was_replaced(periods),
        counts_instead=deliveries.counting_instead(session, row),
        sums=bills.sums(session, row),
        live_sums=bills.live_sums(session, row),
        reconciliation=reconciliation.by_metric(bills.reconciliation(session, row)),
        rejections=rejected.rows,
        first_rejections=url_for("web.import_detail", import_id=row.id) if first_byte else "",
        more_rejections=url_for("web.import_detail", import_id=row.id, rejected=rejected.next_byte)
        if rejected.next_byte is not None
        else "",
        error=error.sentence if error else "",
    )
    return forms.answer(body, error)


def _rejected(row: Import) -> tuple[int, RejectionsPart]:
    """Return the rejected rows that the page shows, and the byte of their file where they begin."""
    first_byte = max(0, request.args.get("rejected", 0, type=int))
    part = bills.rejected_part(config().lake_dir, row, first_byte, REJECTIONS_SHOWN)
    if part is not None:
        return first_byte, part
    first = bills.rejected_part(config().lake_dir, row, 0, REJECTIONS_SHOWN)
    return 0, first or RejectionsPart([], None)
