"""Reports of a channel: how the next one would look, and sending it now."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix.errors import CostOptixError, NotFound
from costoptix.extensions import db
from costoptix.notify import report_job
from costoptix.notify.report_dates import MONTHLY, WEEKLY
from costoptix.web.costs.questions import cost_store
from costoptix.web.parts import forms
from costoptix.web.parts.routing import Access, page
from costoptix.web.parts.session import config

KINDS = {"weekly": WEEKLY, "monthly": MONTHLY}


@page("/settings/notifications/<channel_id>/reports/<kind>", access=Access.ADMIN)
def report_preview(channel_id: str, kind: str) -> ResponseReturnValue:
    """Show the newest report of a channel as it would be sent now."""
    return _show(channel_id, kind)


@page(
    "/settings/notifications/<channel_id>/reports/<kind>/send",
    access=Access.ADMIN,
    methods=("POST",),
)
def send_report(channel_id: str, kind: str) -> ResponseReturnValue:
    """Send it now; the one that is due comes all the same."""
    forms.read_button()
    try:
        report_job.send_now(
            db.session(), current_user.organization, current_user.caller, channel_id,
            _name(kind), cost_store(),
        )  # fmt: skip
    except NotFound:
        raise
    except CostOptixError as error:
        return _show(channel_id, kind, error)
    flash("The report is on its way.")
    return redirect(url_for("web.report_preview", channel_id=channel_id, kind=kind))


def _show(channel_id: str, kind: str, error: CostOptixError | None = None) -> ResponseReturnValue:
    channel, report, notification = report_job.preview(
        db.session(), current_user.organization, channel_id, _name(kind), cost_store(), config()
    )
    body = render_template(
        "settings/report.html", channel=channel, kind=kind, kinds=list(KINDS), report=report,
        notification=notification, is_chosen=report.name in channel.events,
        error=error.sentence if error else "",
    )  # fmt: skip
    return forms.answer(body, error)


def _name(kind: str) -> str:
    if kind not in KINDS:
        raise NotFound
    return KINDS[kind]
