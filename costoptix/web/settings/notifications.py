"""Settings → Notifications: channels, what they are told of, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix import drafts
from costoptix.clock import parse_instant
from costoptix.errors import Conflict, CostOptixError, Invalid
from costoptix.extensions import db
from costoptix.models import Channel, ChannelKind, ChannelState, DispatchState, Severity, new_id
from costoptix.money import to_text
from costoptix.notify import channels, dispatches
from costoptix.notify.drafts import (
    FIRST_EVENTS,
    ChannelChange,
    ChannelDraft,
    SecretRotation,
)
from costoptix.notify.kinds import CHOICES, KINDS
from costoptix.notify.messages import PLATFORMS
from costoptix.views import listing as views
from costoptix.web.parts import forms
from costoptix.web.parts.routing import Access, page
from costoptix.web.parts.session import config

PER_PAGE = 20
EVENT = "event:"
"""What the names of the boxes begin with that choose events."""

KIND_TITLES = {kind: platform.title for kind, platform in PLATFORMS.items()} | {"email": "E-mail"}
"""What each kind of channel is called; that of e-mail is offered where there is a mail server."""

OVERLAPS = [
    (0, "Only the new one signs, at once"),
    (1, "Both sign for an hour"),
    (24, "Both sign for a day"),
    (168, "Both sign for 7 days"),
]
SEVERITIES = [
    ("", "Any"),
    *((severity.value, f"{severity.value.title()} or more") for severity in Severity),
]
NEEDS = {
    "slack": (
        "An incoming webhook of your Slack app: its address begins with https://hooks.slack.com/."
    ),
    "teams": (
        "A Workflow “Post to a channel when a webhook request is received”. It belongs to the"
        " person who made it: when that person leaves, it stops. So let a shared account make it,"
        " or make others its owners as well."
    ),
    "discord": "A webhook from the settings of your Discord channel, under Integrations.",
    "custom": (
        "Any HTTPS endpoint. Messages are JSON, signed by the headers of Standard Webhooks, under"
        " an id that is the same at every attempt."
    ),
    "email": "One or several addresses, with commas between.",
}
"""What a channel of each kind needs, said where it is made."""


@dataclass(frozen=True)
class ChannelForm:
    """The fields of a channel as they stand in the form."""

    name: str = ""
    kind: str = ChannelKind.CUSTOM.value
    target: str = ""
    events: Sequence[str] = field(default_factory=lambda: FIRST_EVENTS)
    account: str = ""
    service: str = ""
    tag: str = ""
    money: str = ""
    severity: str = ""
    report_view: str = ""
    channel_id: str = field(default_factory=new_id)

    @classmethod
    def of(cls, channel: Channel) -> ChannelForm:
        """Return the form of a channel as it is; its address is not shown again."""
        conditions = channels.filter_of(channel)
        tags = [f"{key}={value}" for key, values in conditions.tag.items() for value in values]
        amounts = [f"{currency} {to_text(least)}" for currency, least in conditions.money.items()]
        return cls(
            name=channel.name,
            kind=channel.kind.value,
            events=channel.events,
            account="\n".join(conditions.account),
            service="\n".join(conditions.service),
            tag="\n".join(tags),
            money="\n".join(amounts),
            severity=conditions.severity.value if conditions.severity else "",
            report_view=channel.report_view_id or "",
            channel_id=channel.id,
        )

    @classmethod
    def sent(cls) -> ChannelForm:
        """Read the posted form.

        Raises:
            Invalid: it has a field that it does not have, or one twice.
        """
        values = forms.fields()
        events = [name for name in CHOICES if values.pop(EVENT + name, None)]
        sent = drafts.read(_SentChannel, values)
        return cls(events=events, **{**sent.model_dump(), "channel_id": str(sent.channel_id)})

    def filter(self) -> dict[str, Any]:
        """Return the filter, as the draft reads it.

        Raises:
            Invalid: a line is not what it should be.
        """
        tags: dict[str, list[str]] = {}
        for key, value in _pairs(self.tag, "=", "tags", "key=value"):
            tags.setdefault(key, []).append(value)
        return {
            "account": _lines(self.account),
            "service": _lines(self.service),
            "tag": tags,
            "severity": self.severity or None,
            "money": dict(_pairs(self.money, " ", "money", "USD 100")),
        }

    def values(self) -> dict[str, Any]:
        """Return what both drafts hold."""
        values: dict[str, Any] = {
            "name": self.name, "events": list(self.events), "filter": self.filter(),
        }  # fmt: skip
        values["report_view"] = self.report_view or None
        if self.target.strip():
            is_mail = self.kind == ChannelKind.EMAIL
            values["address" if is_mail else "url"] = self.target
        return values


class _SentChannel(drafts.Draft):
    channel_id: UUID  # the new channel's, made with the form: sent again, it makes no second one
    name: str
    kind: str = ChannelKind.CUSTOM.value
    target: str = ""
    account: str = ""
    service: str = ""
    tag: str = ""
    money: str = ""
    severity: str = ""
    report_view: str = ""


class SwitchForm(drafts.Draft):
    """The button that switches a channel on or off."""

    state: ChannelState


@page("/settings/notifications", access=Access.ADMIN)
def notifications() -> ResponseReturnValue:
    """List the channels, and offer to make one."""
    return _show_list(ChannelForm())


@page("/settings/notifications", access=Access.ADMIN, methods=("POST",))
def create_channel() -> ResponseReturnValue:
    """Make a channel; its signing secret is shown in this answer alone."""
    form = ChannelForm()
    try:
        form = ChannelForm.sent()
        draft = drafts.read(ChannelDraft, form.values() | {"kind": form.kind})
        row, secret = channels.create(
            db.session(), current_user.organization, current_user.caller, draft, config(),
            channel_id=form.channel_id,
        )  # fmt: skip
    except CostOptixError as error:
        return _show_list(form, error)
    if secret is not None:
        return _show_channel(row.id, secret=secret)
    flash(f"The channel “{row.name}” is made. Send it a test message.")
    return redirect(url_for("web.channel", channel_id=row.id))


@page("/settings/notifications/<channel_id>", access=Access.ADMIN)
def channel(channel_id: str) -> ResponseReturnValue:
    """Show a channel: what it is told of, and its log."""
    return _show_channel(channel_id)


@page("/settings/notifications/<channel_id>", access=Access.ADMIN, methods=("POST",))
def change_channel(channel_id: str) -> ResponseReturnValue:
    """Change a channel; an address that is left empty stays."""
    row = _get(channel_id)
    form = ChannelForm.of(row)
    try:
        form = ChannelForm.sent()
        values = ChannelForm(**{**form.__dict__, "kind": row.kind}).values()
        changed = drafts.read(ChannelChange, values)
        channels.change(
            db.session(), current_user.organization, current_user.caller, channel_id, changed,
            config(),
        )  # fmt: skip
    except CostOptixError as error:
        return _show_channel(channel_id, form=form, error=error)
    flash("The channel is saved.")
    return redirect(url_for("web.channel", channel_id=channel_id))


@page("/settings/notifications/<channel_id>/state", access=Access.ADMIN, methods=("POST",))
def switch_channel(channel_id: str) -> ResponseReturnValue:
    """Switch a channel on or off."""
    _get(channel_id)
    try:
        changed = ChannelChange(state=forms.read(SwitchForm).state)
        channels.change(
            db.session(), current_user.organization, current_user.caller, channel_id, changed,
            config(),
        )  # fmt: skip
    except CostOptixError as error:
        return _show_channel(channel_id, error=error)
    return redirect(url_for("web.channel", channel_id=channel_id))


@page("/settings/notifications/<channel_id>/test", access=Access.ADMIN, methods=("POST",))
def test_channel(channel_id: str) -> ResponseReturnValue:
    """Have a test message sent."""
    forms.read_button()
    try:
        dispatches.send_test(
            db.session(), current_user.organization, current_user.caller, channel_id
        )
    except Conflict as error:
        return _show_channel(channel_id, error=error)
    flash("A test message is on its way: the log below says what became of it.")
    return redirect(url_for("web.channel", channel_id=channel_id, _anchor="log"))


@page(
    "/settings/notifications/<channel_id>/deliveries/<dispatch_id>/replay",
    access=Access.ADMIN, methods=("POST",),
)  # fmt: skip
def replay_dispatch(channel_id: str, dispatch_id: str) -> ResponseReturnValue:
    """Have an event sent again."""
    forms.read_button()
    try:
        dispatches.replay(
            db.session(), current_user.organization, current_user.caller, channel_id, dispatch_id
        )
    except Conflict as error:
        return _show_channel(channel_id, error=error)
    flash("It is sent again, under the same id.")
    return redirect(url_for("web.channel", channel_id=channel_id, _anchor="log"))


@page("/settings/notifications/<channel_id>/rotate", access=Access.ADMIN, methods=("POST",))
def rotate_channel_secret(channel_id: str) -> ResponseReturnValue:
    """Change the signing secret; the new one is shown in this answer alone."""
    _get(channel_id)
    try:
        forms.require_fresh_password()
        rotation = forms.read(SecretRotation)
        _, secret = channels.rotate_secret(
            db.session(), current_user.organization, current_user.caller, channel_id, rotation,
            config(),
        )  # fmt: skip
    except CostOptixError as error:
        return _show_channel(channel_id, error=error)
    return _show_channel(channel_id, secret=secret)


@page("/settings/notifications/<channel_id>/delete", access=Access.ADMIN, methods=("POST",))
def delete_channel(channel_id: str) -> ResponseReturnValue:
    """Delete a channel."""
    name = _get(channel_id).name
    forms.read_button()
    channels.delete(db.session(), current_user.organization, current_user.caller, channel_id)
    flash(f"The channel “{name}” is deleted.")
    return redirect(url_for("web.notifications"))


def _show_list(form: ChannelForm, error: CostOptixError | None = None) -> ResponseReturnValue:
    body = render_template(
        "settings/notifications.html",
        rows=channels.of_organization(db.session(), current_user.organization),
        needs=[(KIND_TITLES[kind], text) for kind, text in NEEDS.items()],
        error=error.sentence if error else "",
        **_words(form),
    )
    return forms.answer(body, error)


def _show_channel(
    channel_id: str,
    *,
    form: ChannelForm | None = None,
    secret: str | None = None,
    error: CostOptixError | None = None,
) -> ResponseReturnValue:
    row = _get(channel_id)
    position = None if request.method == "POST" else _position()
    listed = dispatches.log_of(db.session(), row, limit=PER_PAGE + 1, after=position)
    shown = listed[:PER_PAGE]
    body = render_template(
        "settings/channel.html",
        row=row,
        secret=secret,
        log=shown,
        attempts=dispatches.attempts_of(db.session(), shown),
        is_sending=any(sent.state == DispatchState.WAITING for sent in shown),
        older=shown[-1] if len(listed) > PER_PAGE else None,
        is_first=position is None,
        event_titles={name: kind.title for name, kind in KINDS.items()},
        overlaps=OVERLAPS,
        error=error.sentence if error else "",
        **_words(form or ChannelForm.of(row)),
    )
    return forms.answer(body, error)


def _words(form: ChannelForm) -> dict[str, Any]:
    return {
        "form": form,
        "kinds": [
            (kind, title)
            for kind, title in KIND_TITLES.items()
            if kind != ChannelKind.EMAIL or config().mail_server is not None
        ],
        "kind_titles": KIND_TITLES,
        "choices": list(CHOICES.values()),
        "severities": SEVERITIES,
        "report_views": _report_views(form),
    }


def _report_views(form: ChannelForm) -> list[tuple[str, str]]:
    """Return what reports can show; a view that is gone stays chosen until another is."""
    shared = views.shared(db.session(), current_user.organization)
    choices = [("", "All costs"), *((view.id, view.name) for view in shared)]
    if form.report_view not in dict(choices):
        choices.append((form.report_view, "A view that is gone"))
    return choices


def _get(channel_id: str) -> Channel:
    return channels.get(db.session(), current_user.organization, channel_id)


def _position() -> Any:
    """Return after which entry of the log the page begins; None for the newest.

    Raises:
        Invalid: the address says it wrongly.
    """
    unknown = request.args.keys() - {"before", "id"}
    if unknown:
        raise Invalid(f"Unknown parameter {min(unknown)[:100]!a}; allowed: before, id.")
    before = request.args.get("before")
    if before is None:
        return None
    try:
        return parse_instant(before), request.args.get("id", "")
    except (ValueError, OverflowError):
        raise Invalid("The parameter before is wrong: it is an instant.") from None


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _pairs(text: str, sign: str, name: str, example: str) -> list[tuple[str, str]]:
    pairs = [line.partition(sign) for line in _lines(text)]
    if not all(first.strip() and second.strip() for first, _, second in pairs):
        raise Invalid(f"The field {name} is wrong: a line is written as {example}.")
    return [(first.strip(), second.strip()) for first, _, second in pairs]
