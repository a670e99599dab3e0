"""``/webhooks``: channels, to which events go, and what became of each on its way there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from costoptix.access.permissions import Permission
from costoptix.api.answers import Answer
from costoptix.api.endpoint import PREFIX, Call, operation
from costoptix.api.paging import PageQuery, page, sign, unsign
from costoptix.clock import parse_instant
from costoptix.models import (
    Channel,
    ChannelKind,
    ChannelState,
    Dispatch,
    DispatchState,
    Severity,
)
from costoptix.notify import channels, dispatches
from costoptix.notify.drafts import ChannelChange, ChannelDraft, SecretRotation


@dataclass(frozen=True)
class WebhookFilter:
    """What an event must be about; an event that does not say it passes."""

    account: list[str]
    service: list[str]
    tag: dict[str, list[str]]
    severity: Severity | None
    money: dict[str, Decimal]


@dataclass(frozen=True)
class Webhook:
    """A channel; ``url_hint`` is the host and the last four characters, for e-mail the addresses.

    ``report_view`` is the view that its reports show, null for all costs.
    ``disabled_reason`` says why it is switched off, ``failing_since`` since when nothing arrives.
    """

    id: str
    name: str
    kind: ChannelKind
    url_hint: str
    events: list[str]
    filter: WebhookFilter
    report_view: str | None
    state: ChannelState
    disabled_reason: str | None
    failing_since: datetime | None
    created_by: str
    created_at: datetime


@dataclass(frozen=True)
class NewWebhook(Webhook):
    """A channel as it was made: ``url`` and ``secret`` are shown this once (null in a replay).

    ``secret`` signs the messages of custom channels; others have none.
    """

    url: str | None
    secret: str | None


@dataclass(frozen=True)
class WebhookDelivery:
    """An event on its way: ``status`` is the newest HTTP status, null where there was no answer.

    ``excerpt`` is the beginning of the newest answer, or what went wrong. ``id`` is the
    ``webhook-id`` of every attempt.
    """

    id: str
    event: str
    state: DispatchState
    attempts: int
    status: int | None
    next_attempt_at: datetime | None
    excerpt: str
    created_at: datetime
    finished_at: datetime | None


@operation(
    "GET", "/webhooks", permission=Permission.READ, query=PageQuery, data=list[Webhook],
    summary="List the channels by name",
)  # fmt: skip
def list_webhooks(call: Call, query: PageQuery) -> Answer:
    """List them."""
    rows = channels.of_organization(call.session, call.organization)
    shown, cursor = page(f"webhooks:{call.organization.id}", rows, query, lambda row: row.id)
    return Answer([Webhook(**_facts(row)) for row in shown], meta={"next_cursor": cursor})


@operation(
    "POST", "/webhooks", permission=Permission.WRITE, body=ChannelDraft, data=NewWebhook,
    status=201, shown_once=("secret", "url"),
    summary="Make a channel; only this answer holds its address and its signing secret",
)  # fmt: skip
def create_webhook(call: Call, body: ChannelDraft) -> Answer:
    """Make it."""
    row, secret = channels.create(call.session, call.organization, call.caller, body, call.config)
    return _made(row, body.target, secret)


@operation(
    "GET", "/webhooks/<webhook_id>", permission=Permission.READ, data=Webhook,
    summary="Show a channel",
)  # fmt: skip
def get_webhook(call: Call, webhook_id: str) -> Webhook:
    """Show it."""
    return Webhook(**_facts(channels.get(call.session, call.organization, webhook_id)))


@operation(
    "PATCH", "/webhooks/<webhook_id>", permission=Permission.WRITE, body=ChannelChange,
    data=Webhook, summary="Change a channel, or switch it off and on; what is left out stays",
)  # fmt: skip
def change_webhook(call: Call, webhook_id: str, body: ChannelChange) -> Webhook:
    """Change it."""
    row = channels.change(
        call.session, call.organization, call.caller, webhook_id, body, call.config
    )
    return Webhook(**_facts(row))


@operation(
    "DELETE", "/webhooks/<webhook_id>", permission=Permission.WRITE,
    summary="Delete a channel and its log",
)  # fmt: skip
def delete_webhook(call: Call, webhook_id: str) -> dict[str, Any]:
    """Delete it."""
    channels.delete(call.session, call.organization, call.caller, webhook_id)
    return {"id": webhook_id}


@operation(
    "POST", "/webhooks/<webhook_id>/rotate", permission=Permission.WRITE, body=SecretRotation,
    data=NewWebhook, shown_once=("secret", "url"),
    summary="Change the signing secret; the former one signs as well for the overlap",
)  # fmt: skip
def rotate_webhook(call: Call, webhook_id: str, body: SecretRotation) -> NewWebhook:
    """Change it."""
    row, secret = channels.rotate_secret(
        call.session, call.organization, call.caller, webhook_id, body, call.config
    )
    return NewWebhook(**_facts(row), url=None, secret=secret)


@operation(
    "POST", "/webhooks/<webhook_id>/test", permission=Permission.WRITE, data=WebhookDelivery,
    status=202, summary="Send a test message; the log says what became of it",
)  # fmt: skip
def send_webhook_test(call: Call, webhook_id: str) -> Answer:
    """Have it sent."""
    row = dispatches.send_test(call.session, call.organization, call.caller, webhook_id)
    return _accepted(webhook_id, row)


@operation(
    "GET", "/webhooks/<webhook_id>/deliveries", permission=Permission.READ, query=PageQuery,
    data=list[WebhookDelivery], summary="List what was sent to a channel, newest first",
)  # fmt: skip
def list_webhook_deliveries(call: Call, webhook_id: str, query: PageQuery) -> Answer:
    """List it."""
    channel = channels.get(call.session, call.organization, webhook_id)
    purpose = f"webhook-deliveries:{channel.id}"
    after = None
    if query.cursor is not None:
        made_at, dispatch_id = unsign(purpose, query.cursor)
        after = (parse_instant(made_at), dispatch_id)
    rows = dispatches.log_of(call.session, channel, limit=query.limit + 1, after=after)
    shown, cursor = rows[: query.limit], None
    if len(rows) > query.limit:
        made_at, dispatch_id = dispatches.position(shown[-1])
        cursor = sign(purpose, (made_at.isoformat(), dispatch_id))
    return Answer([_delivery(row) for row in shown], meta={"next_cursor": cursor})


@operation(
    "POST", "/webhooks/<webhook_id>/deliveries/<delivery_id>/replay", permission=Permission.WRITE,
    data=WebhookDelivery, status=202, summary="Send an event again, under the same id",
)  # fmt: skip
def replay_webhook_delivery(call: Call, webhook_id: str, delivery_id: str) -> Answer:
    """Have it sent."""
    row = dispatches.replay(call.session, call.organization, call.caller, webhook_id, delivery_id)
    return _accepted(webhook_id, row)


def _made(row: Channel, target: str, secret: str | None) -> Answer:
    data = NewWebhook(**_facts(row), url=target, secret=secret)
    return Answer(data, status=201, headers={"Location": f"{PREFIX}/webhooks/{row.id}"})


def _accepted(webhook_id: str, row: Dispatch) -> Answer:
    location = f"{PREFIX}/webhooks/{webhook_id}/deliveries"
    return Answer(_delivery(row), status=202, headers={"Location": location})


def _facts(row: Channel) -> dict[str, Any]:
    names = ("id", "name", "kind", "events", "state", "disabled_reason", "failing_since",
             "created_by", "created_at")  # fmt: skip
    conditions = channels.filter_of(row)
    return {name: getattr(row, name) for name in names} | {
        "url_hint": row.target_hint,
        "filter": WebhookFilter(**conditions.model_dump()),
        "report_view": row.report_view_id,
    }


def _delivery(row: Dispatch) -> WebhookDelivery:
    names = WebhookDelivery.__dataclass_fields__
    return WebhookDelivery(**{name: getattr(row, name) for name in names})
