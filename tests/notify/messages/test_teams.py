"""The card of Microsoft Teams, held against the schema of Adaptive Cards and its size."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from jsonschema import Draft6Validator

from costoptix.notify.messages import PLATFORMS, teams
from costoptix.notify.notification import Notification
from tests.notify.examples import EXAMPLES, notification
from tests.notify.messages.anything import NASTY, named, notifications, schema, strings, with_key
from tests.support.proving import count

CARD = Draft6Validator(schema("adaptive-card.json"))
MOST_BYTES = 28 * 1024


def check(message: dict[str, Any]) -> dict[str, Any]:
    """Hold a message against what Teams takes; return its card."""
    assert len(orjson.dumps(message)) <= MOST_BYTES
    assert message["type"] == "message"
    (attachment,) = message["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card: dict[str, Any] = attachment["content"]
    CARD.validate(card)
    return card


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_event_is_a_message(name: str) -> None:
    check(teams.render(notification(name)))


@given(notifications)
@settings(max_examples=count(15, 500), deadline=None)
def test_any_text_stays_within_the_limits(any_notification: Notification) -> None:
    message = teams.render(any_notification)
    assert len(orjson.dumps(message)) <= MOST_BYTES


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_no_markup(name: str) -> None:
    card = check(teams.render(named(name)))
    assert not list(with_key(card, lambda part: part.get("type") in ("TextBlock", "FactSet")))
    assert not any("{{" in text for text in strings(card))


def test_the_schema_is_asked() -> None:
    card = check(teams.render(notification()))
    card["body"][1]["inlines"][0]["weight"] = "heavy"
    assert not CARD.is_valid(card)


def test_it_says_the_amounts_the_reason_and_where_to_look() -> None:
    card = check(teams.render(notification()))
    texts = list(strings(card))
    assert {"Budget warning: Web", "Spent", "$85.00"} <= set(texts)
    assert any("“Web” has spent $85.00 of $100.00" in text for text in texts)
    (action,) = card["actions"]
    assert action["url"] == "https://cost.example/budgets/b1"


@pytest.mark.parametrize(
    ("status", "body", "is_accepted"),
    [
        (202, b"", True), (200, b"1", True), (400, b"", False), (429, b"", False),
        (200, b"Webhook message delivery failed with error: Microsoft Teams endpoint returned "
         b"HTTP error 413", False),
    ],
)  # fmt: skip
def test_a_refusal_under_200_is_a_refusal(status: int, body: bytes, is_accepted: bool) -> None:
    assert PLATFORMS["teams"].is_accepted(status, body) is is_accepted
