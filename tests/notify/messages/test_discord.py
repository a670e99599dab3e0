"""Discord's message, held against its own description and the limits that it does not hold."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from costoptix.notify.messages import PLATFORMS, discord
from costoptix.notify.messages.text import size
from costoptix.notify.notification import Notification
from tests.notify.examples import EXAMPLES, notification
from tests.notify.messages.anything import NASTY, named, notifications, schema
from tests.support.proving import count

WEBHOOK = Draft202012Validator(schema("discord-webhook.json"))
EMBED = {"title", "description", "color", "timestamp", "footer", "fields"}
UNESCAPED = re.compile(r"(?<!\\)(?:\\\\)*[*_~`|<>\[\]@]")


def check(message: dict[str, Any]) -> dict[str, Any]:
    """Hold a message against what Discord takes; return its embed."""
    WEBHOOK.validate(message)
    assert message.keys() == {"username", "allowed_mentions", "embeds"}
    assert message["allowed_mentions"] == {"parse": []}
    (embed,) = message["embeds"]
    assert embed.keys() == EMBED
    assert datetime.fromisoformat(embed["timestamp"]).tzinfo is not None
    texts = [embed["title"], embed["description"], embed["footer"]["text"]]
    for field in embed["fields"]:
        assert field.keys() == {"name", "value", "inline"}
        assert 1 <= size(field["name"]) <= 256
        assert 1 <= size(field["value"]) <= 1_024
        texts += [field["name"], field["value"]]
    assert embed["title"]
    assert sum(map(size, texts)) <= 6_000
    return dict(embed)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_event_is_a_message(name: str) -> None:
    check(discord.render(notification(name)))


@given(notifications)
@settings(max_examples=count(15, 500), deadline=None)
def test_any_text_stays_within_the_limits(any_notification: Notification) -> None:
    check(discord.render(any_notification))


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_no_markup(name: str) -> None:
    embed = check(discord.render(named(name)))
    reason, _, link = embed["description"].rpartition("\n")
    assert link == "[Open in Cost Optix](https://cost.example/budgets/b1)"
    texts = [embed["title"], reason]
    texts += [part for field in embed["fields"] for part in (field["name"], field["value"])]
    for text in texts:
        assert not UNESCAPED.search(text)
        assert text[0] not in "#-+"


def test_the_schema_is_asked() -> None:
    message = discord.render(notification())
    message["embeds"][0]["title"] = "x" * 257
    assert not WEBHOOK.is_valid(message)


def test_it_says_the_amounts_and_the_reason() -> None:
    embed = check(discord.render(notification()))
    assert embed["title"] == "Budget warning\\: Web"
    assert {"name": "Spent", "value": "$85.00", "inline": True} in embed["fields"]
    assert "“Web” has spent $85.00 of $100.00" in embed["description"]


def test_no_content_is_an_answer() -> None:
    assert PLATFORMS["discord"].is_accepted(204, b"")
    assert not PLATFORMS["discord"].is_accepted(400, b'{"code": 50006}')
