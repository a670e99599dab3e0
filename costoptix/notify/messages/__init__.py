"""The message of each platform: one module each, with a pure ``render``, and the table of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from costoptix.notify.messages import custom, discord, slack, teams
from costoptix.notify.notification import Notification


def is_success(status: int, _body: bytes) -> bool:
    """Tell whether an answer says by its status that the message was taken."""
    return 200 <= status < 300


@dataclass(frozen=True)
class Platform:
    """Where messages go by HTTP: how one looks there, and which answer says that it was taken."""

    title: str
    render: Callable[[Notification], dict[str, Any]]  # the JSON body
    is_accepted: Callable[[int, bytes], bool] = is_success
    is_signed: bool = False  # by Standard Webhooks headers


PLATFORMS: dict[str, Platform] = {
    "slack": Platform("Slack", slack.render, slack.is_accepted),
    "teams": Platform("Microsoft Teams", teams.render, teams.is_accepted),
    "discord": Platform("Discord", discord.render),
    "custom": Platform("Webhook", custom.render, is_signed=True),
}
"""By the kind of a channel."""
