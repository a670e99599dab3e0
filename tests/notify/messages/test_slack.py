"""Slack's message, held against slack_sdk's models and the limits of its documentation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from slack_sdk.models.blocks import Block

from costoptix.notify.messages import PLATFORMS, slack
from costoptix.notify.messages.text import size
from costoptix.notify.notification import Notification
from tests.notify.examples import EXAMPLES, notification
from tests.notify.messages.anything import NASTY, named, notifications, strings, with_key
from tests.support.proving import count

TEXT_LIMITS = {"header": 150, "section": 3_000, "context": 3_000, "field": 2_000}
KEYS = {
    "header": {"type", "text"},
    "section": {"type", "text", "fields"},
    "context": {"type", "elements"},
}
ALL = 10_000


def check(message: dict[str, Any]) -> None:
    """Hold a message against what Slack takes."""
    assert message["text"]
    assert sum(map(size, strings(message))) < ALL
    assert 1 <= len(message["blocks"]) <= 50
    for block, parsed in zip(message["blocks"], Block.parse_all(message["blocks"]), strict=True):
        assert parsed is not None
        parsed.validate_json()
        _check_block(block)


def _check_block(block: dict[str, Any]) -> None:
    kind = block["type"]
    assert block.keys() <= KEYS[kind]
    fields = block.get("fields", [])
    assert len(fields) <= 10
    assert len(block.get("elements", [])) <= 10
    _check_texts([block["text"]] if "text" in block else block.get("elements", []), kind)
    _check_texts(fields, "field")


def _check_texts(texts: list[dict[str, Any]], kind: str) -> None:
    for text in texts:
        assert 1 <= size(text["text"]) <= TEXT_LIMITS[kind]
        assert text["type"] == "plain_text" or text["text"].endswith("|Open in Cost Optix>")
        assert kind != "header" or text["type"] == "plain_text"


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_event_is_a_message(name: str) -> None:
    check(slack.render(notification(name)))


@given(notifications)
@settings(max_examples=count(15, 500), deadline=None)
def test_any_text_stays_within_the_limits(any_notification: Notification) -> None:
    check(slack.render(any_notification))


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_no_markup(name: str) -> None:
    message = slack.render(named(name))
    check(message)
    links = [text for text in strings(message) if "<" in text]
    assert links == ["<https://cost.example/budgets/b1|Open in Cost Optix>"]
    assert message["mrkdwn"] is False
    for text in with_key(message, lambda part: part.get("type") == "mrkdwn"):
        assert text["text"] in links


def test_it_says_the_amounts_the_reason_and_where_to_look() -> None:
    texts = list(strings(slack.render(notification())))
    assert "⚠️ Budget warning: Web" in texts
    assert "Spent: $85.00" in texts
    assert any("“Web” has spent $85.00 of $100.00" in text for text in texts)
    assert "Acme Cloud · 20 Mar 2026, 12:00 UTC" in texts


def test_what_has_no_room_is_counted() -> None:
    periods = [
        {"billing_period": f"2026-{month:02}", "currency": "USD", "change": "1"}
        for month in range(1, 13)
    ]
    message = slack.render(notification("import.restated", periods=periods))
    fields = next(block["fields"] for block in message["blocks"] if "fields" in block)
    assert [field["text"] for field in fields][-2:] == ["2026-09: $1.00", "+ 3 more"]


@pytest.mark.parametrize(
    ("status", "body", "is_accepted"),
    [
        (200, b"ok", True), (200, b"ok\n", True), (200, b'{"ok": true}', True),
        (200, b"invalid_blocks", False), (200, b'{"ok": false, "error": "no_text"}', False),
        (200, b"", False), (200, b"[]", False), (200, b"\xff", False),
        (302, b"ok", False), (429, b"ok", False), (500, b"", False),
    ],
)  # fmt: skip
def test_a_refusal_under_200_is_a_refusal(status: int, body: bytes, is_accepted: bool) -> None:
    assert PLATFORMS["slack"].is_accepted(status, body) is is_accepted
