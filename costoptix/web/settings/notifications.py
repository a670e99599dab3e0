"""Settings → Notifications: channels, what they are told of, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from pydantic import Field

from costoptix import drafts
from costoptix.clock import parse_instant
from costoptix.errors import Conflict, CostOptixError, Invalid, wrong_field
from costoptix.extensions import db
from costoptix.models import Channel, ChannelKind, ChannelState, DispatchState, Severity, new_id
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
from costoptix.web.parts.filled import FilledForm, Form
from costoptix.web.parts.numbers import plain_number, written_number
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


class ChannelForm(Form):
    """The form of a channel, but for the boxes of its events."""

    channel_id: UUID  # the new channel's, made with the form: sent again, it makes no second one
    name: str = Field("", title="Name")
    kind: str = Field(ChannelKind.CUSTOM.value, title="Kind")
    target: str = Field("", title="Address")
    account: str = Field("", title="Accounts")
    service: str = Field("", title="Services")
    tag: str = Field("", title="Tags")
    money: str = Field("", title="At least so much money")
    severity: str = Field("", title="Severity")
    report_view: str = Field("", title="Reports show")

    @classmethod
    def of(cls, channel: Channel) -> ChannelForm:
        """Return the form of a channel as it is; its address is not shown again."""
        conditions = channels.filter_of(channel)
        tags = [f"{key}={value}" for key, values in conditions.tag.items() for value in values]
        amounts = [
            f"{currency} {written_number(least)}" for currency, least in conditions.money.items()
        ]
        return cls(
            channel_id=UUID(channel.id),
            name=channel.name,
            kind=channel.kind.value,
            target="",
            account="\n".join(conditions.account),
            service="\n".join(conditions.service),
            tag="\n".join(tags),
            money="\n".join(amounts),
            severity=conditions.severity.value if conditions.severity else "",
            report_view=channel.report_view_id or "",
        )

    @classmethod
    def asks_for(cls, field: str, values: Mapping[str, str]) -> str:
        """Return which field asks for a part of the draft."""
        if field in ("url", "address"):
            return "target"
        return super().asks_for(field.removeprefix("filter.").split(".")[0], values)

    def values(self, kind: str, events: Sequence[str]) -> dict[str, Any]:
        """Return what both drafts hold, of a channel of this kind.

        Raises:
            Invalid: a line of the filter is not what it should be.
        """
        values: dict[str, Any] = {
            "name": self.name, "events": list(events), "filter": self._filter(),
            "report_view": self.report_view or None,
        }  # fmt: skip
        if self.target.strip():
            values["address" if kind == ChannelKind.EMAIL else "url"] = self.target
        return values

    def _filter(self) -> dict[str, Any]:
        tags: dict[str, list[str]] = {}
        for key, value in _pairs(self.tag, "=", "tag", "key=value"):
            tags.setdefault(key, []).append(value)
        amounts = _pairs(self.money, " ", "money", "USD 100")
        return {
            "account": _lines(self.account),
            "service": _lines(self.service),
            "tag": tags,
            "severity": self.severity or None,
            "money": {currency.upper(): _amount(text) for currency, text in amounts},
        }


def _sent() -> tuple[ChannelForm, list[str]]:
    """Read the posted form and the events that are ticked.

    Raises:
        Invalid: it has a field that it does not have, or one twice.
    """
    values = forms.fields()
    events = [name for name in CHOICES if values.pop(EVENT + name, None)]
    return drafts.read(ChannelForm, values), events


def _ticked() -> list[str]:
    return [name for name in CHOICES if request.form.get(EVENT + name)]


class SwitchForm(drafts.Draft):
    """The button that switches a channel on or off."""

    state: ChannelState


@page("/settings/notifications", access=Access.ADMIN)
def notifications() -> ResponseReturnValue:
    """List the channels, and offer to make one."""
    return _show_list()


@page("/settings/notifications", access=Access.ADMIN, methods=("POST",))
def create_channel() -> ResponseReturnValue:
    """Make a channel; its signing secret is shown in this answer alone."""
    try:
        form, events = _sent()
        if not form.target.strip():
            raise wrong_field("target", "it is missing")
        draft = drafts.read(ChannelDraft, form.values(form.kind, events) | {"kind": form.kind})
        row, secret = channels.create(
            db.session(), current_user.organization, current_user.caller, draft, config(),
            channel_id=str(form.channel_id),
        )  # fmt: skip
    except CostOptixError as error:
        return _show_list(error)
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
    try:
        form, events = _sent()
        changed = drafts.read(ChannelChange, form.values(row.kind, events))
        channels.change(
            db.session(), current_user.organization, current_user.caller, channel_id, changed,
            config(),
        )  # fmt: skip
    except CostOptixError as error:
        return _show_channel(channel_id, refused=error)
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


def _show_list(error: CostOptixError | None = None) -> ResponseReturnValue:
    first = ChannelForm.model_construct(channel_id=UUID(new_id()))
    body = render_template(
        "settings/notifications.html",
        rows=channels.of_organization(db.session(), current_user.organization),
        needs=[(KIND_TITLES[kind], text) for kind, text in NEEDS.items()],
        **_words(first, FIRST_EVENTS, error),
    )
    return forms.answer(body, error)


def _show_channel(
    channel_id: str,
    *,
    secret: str | None = None,
    error: CostOptixError | None = None,
    refused: CostOptixError | None = None,
) -> ResponseReturnValue:
    """Show a channel; ``refused`` is why its form was, ``error`` why a button was."""
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
        **_words(ChannelForm.of(row), row.events, refused),
    )
    return forms.answer(body, error or refused)


def _words(
    first: ChannelForm, events: Sequence[str], refused: CostOptixError | None
) -> dict[str, Any]:
    """Return what the form of a channel shows: what it is at first, or what was typed."""
    form = FilledForm.posted(ChannelForm, refused) if refused else FilledForm.of(first)
    return {
        "form": form,
        "events": _ticked() if refused else events,
        "kinds": [
            (kind, title)
            for kind, title in KIND_TITLES.items()
            if kind != ChannelKind.EMAIL or config().mail_server is not None
        ],
        "kind_titles": KIND_TITLES,
        "choices": list(CHOICES.values()),
        "severities": SEVERITIES,
        "report_views": _report_views(form.value("report_view")),
    }


def _report_views(chosen: str) -> list[tuple[str, str]]:
    """Return what reports can show; a view that is gone stays chosen until another is."""
    shared = views.shared(db.session(), current_user.organization)
    choices = [("", "All costs"), *((view.id, view.name) for view in shared)]
    if chosen not in dict(choices):
        choices.append((chosen, "A view that is gone"))
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
        raise wrong_field(name, f"a line is written as {example}")
    return [(first.strip(), second.strip()) for first, _, second in pairs]


def _amount(text: str) -> str:
    try:
        return plain_number(text)
    except ValueError as error:
        raise wrong_field("money", str(error)) from None
