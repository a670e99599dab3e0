"""Settings → Audit log: who did what, when and from where. For admins."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Response, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix import drafts
from costoptix.access import audit_listing
from costoptix.access.audit_listing import AuditFilters
from costoptix.access.permissions import ActorKind
from costoptix.errors import CostOptixError
from costoptix.extensions import db
from costoptix.models import AuditEntry
from costoptix.periods import Preset
from costoptix.web.costs.questions import url_with
from costoptix.web.parts import forms
from costoptix.web.parts.display import guarded
from costoptix.web.parts.list_forms import ListAddress
from costoptix.web.parts.routing import Access, page, web
from costoptix.web.parts.session import config
from costoptix.web.parts.wording import PRESET_TITLES

PER_PAGE = 50
MOST_TEXT = 120
"""How much of a value the page shows; the CSV and the API have all of it."""

LINES_PER_BLOCK = 500
RANGES = (Preset.LAST_7_DAYS, Preset.LAST_30_DAYS, Preset.LAST_90_DAYS, Preset.LAST_12_MONTHS)
COLUMNS = {"at": "When", "actor": "Who", "action": "What", "subject": "To what", "address": "From"}
KINDS = [
    ("", "Anybody"), (ActorKind.PERSON.value, "People"), (ActorKind.KEY.value, "API keys"),
    (ActorKind.COMMAND.value, "Commands"), (ActorKind.SYSTEM.value, "The worker and the inbox"),
]  # fmt: skip
ACTION_TITLES = {
    "access.refused": "Not allowed",
    "api_key.refused": "Dead API key refused",
    "password.refused": "Wrong password before a change",
    "session.created": "Signed in",
    "session.others_ended": "Other sessions ended",
    "session.refused": "Sign-in refused",
    "session.signed_out": "Signed out",
    "session.throttled": "Sign-in refused: too many attempts",
}
"""Of what is not said by its own words."""

CSV_COLUMNS = (
    "number", "at", "actor_kind", "actor", "actor_id", "address", "action", "subject",
    "subject_id", "before", "after", "hash",
)  # fmt: skip


class LogForm(AuditFilters, ListAddress):
    """Which entries the page shows, and which page of them."""

    endpoint = "web.audit_log"


@dataclass(frozen=True)
class ValueChange:
    """One value before and after, for people; None where there was or is none."""

    name: str
    before: str | None
    after: str | None


@page("/settings/audit", access=Access.ADMIN)
def audit_log() -> ResponseReturnValue:
    """List the entries, newest first, with filters."""
    try:
        form = drafts.read_pairs(LogForm, _pairs())
        rows = audit_listing.list_entries(
            db.session(), current_user.organization, current_user.caller, form,
            limit=PER_PAGE + 1, offset=(form.page - 1) * PER_PAGE,
        )  # fmt: skip
    except CostOptixError as error:
        return _show(LogForm.model_construct(order_by=audit_listing.NEWEST), [], error)
    return _show(form, list(rows))


@page("/settings/audit.csv", access=Access.ADMIN)
def audit_csv() -> ResponseReturnValue:
    """Send all entries of the filters as CSV; that they were sent is an entry, too."""
    filters = drafts.read_pairs(AuditFilters, _pairs())
    entries = audit_listing.export(
        db.session(), current_user.organization, current_user.caller, filters
    )
    return Response(
        stream_with_context(_csv(entries)),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="audit-log.csv"',
            "Cache-Control": "no-store",
        },
    )


def _pairs() -> list[tuple[str, str]]:
    """Return the parameters; what the form left empty is absent."""
    return [pair for pair in request.args.items(multi=True) if pair[1]]


def _show(
    form: LogForm, rows: list[AuditEntry], error: CostOptixError | None = None
) -> ResponseReturnValue:
    session, organization = db.session(), current_user.organization
    body = render_template(
        "settings/audit_log.html",
        form=form,
        rows=rows[:PER_PAGE],
        changes={row.number: changes_of(row) for row in rows[:PER_PAGE]},
        columns=COLUMNS,
        kinds=KINDS,
        presets=[("", "Any time"), *((kind.value, PRESET_TITLES[kind]) for kind in RANGES)],
        actions=[("", "Anything"), *_choices(audit_listing.actions_of(session, organization))],
        days=config().audit_days,
        csv_url=url_with("web.audit_csv", form.pairs()),
        newer=form.url() if form.page > 1 else "",
        older=form.url(page=str(form.page + 1)) if len(rows) > PER_PAGE else "",
        error=error.sentence if error else "",
    )
    return forms.answer(body, error)


def _choices(actions: list[str]) -> list[tuple[str, str]]:
    """Return each kind of thing with all that was done to it, then what was done."""
    kinds = dict.fromkeys(action.partition(".")[0] for action in actions)
    grouped = ((kind, [a for a in actions if a.startswith(f"{kind}.")]) for kind in kinds)
    choices = []
    for kind, of_kind in grouped:
        choices.append((kind, f"{in_words(kind)}: anything"))
        choices += [(action, in_words(action)) for action in of_kind]
    return choices


@web.app_template_filter("action_title")
def in_words(action: str) -> str:
    """Write an action for people: ``api_key.created`` is "API key created"."""
    if action in ACTION_TITLES:
        return ACTION_TITLES[action]
    words = action.replace("_", " ").replace(".", " ").capitalize()
    return words.replace("Api ", "API ")


def changes_of(entry: AuditEntry) -> list[ValueChange]:
    """Return what was before and after, by name; what stayed is left out."""
    before, after = entry.before or {}, entry.after or {}
    return [
        ValueChange(name.replace("_", " "), _text(before.get(name)), _text(after.get(name)))
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}…"


def _csv(entries: Iterable[AuditEntry]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(CSV_COLUMNS)
    for count, entry in enumerate(entries, start=1):
        writer.writerow([_cell(getattr(entry, name)) for name in CSV_COLUMNS])
        if count % LINES_PER_BLOCK == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if isinstance(value, str):
        return guarded(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
