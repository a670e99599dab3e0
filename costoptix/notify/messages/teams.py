"""Microsoft Teams: an Adaptive Card, by the webhook of a Workflow.

Names stand in runs of text, which have no markup; a ``TextBlock`` reads Markdown.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from costoptix.notify.messages.text import first_lines, fitted
from costoptix.notify.notification import MessageSection, Notification, Tone
from costoptix.written import day

TITLE, SENTENCE, LABEL, LINE = 250, 1_200, 60, 200
MOST_AMOUNTS = 10
MOST_LINES = 8
SECTIONS = 2_400
"""So many characters are there for all sections: a message has 28 KB in all, of which a character
takes up to three bytes and the frame of a line a hundred."""

_STYLES = {
    Tone.INFO: "accent", Tone.GOOD: "good", Tone.WARNING: "warning", Tone.CRITICAL: "attention",
}  # fmt: skip
_FAILED = (b"Webhook message delivery failed", b"returned HTTP error")


def render(notification: Notification) -> dict[str, Any]:
    """Return the message: an envelope around one card."""
    return {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": _card(notification),
            }
        ],
    }


def is_accepted(status: int, body: bytes) -> bool:
    """Tell whether Teams took a message: a connector says in a 200 that another part failed."""
    return 200 <= status < 300 and not any(words in body for words in _FAILED)


def escape(character: str) -> str:
    """Return a character so that no ``{{DATE(…)}}`` of a card is made of it."""
    return "{\u200b" if character == "{" else character


def _card(notification: Notification) -> dict[str, Any]:
    title = _run(notification.title, TITLE, size="large", weight="bolder")
    at = notification.at
    origin = f"{notification.organization_name} · {day(at.date())}, {at:%H:%M} UTC"
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {
                "type": "Container",
                "style": _STYLES[notification.tone],
                "bleed": True,
                "items": [_text(title)],
            },
            _text(_run(notification.sentence, SENTENCE)),
            *_amounts(notification),
            *_sections(notification.sections),
            _text(_run(origin, LINE, isSubtle=True, size="small")),
        ],
        "actions": [
            {"type": "Action.OpenUrl", "title": "Open in Cost Optix", "url": notification.link}
        ],
    }


def _run(text: str, most: int, **looks: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": fitted(text, most, escape) or "–", **looks}


def _text(*runs: dict[str, Any], **looks: Any) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": list(runs), **looks}


def _amounts(notification: Notification) -> Iterator[dict[str, Any]]:
    amounts = notification.amounts
    for amount in amounts[:MOST_AMOUNTS]:
        label = _run(amount.label, LABEL, isSubtle=True)
        text = _run(amount.text, LABEL, weight="bolder")
        yield _text(label, {"type": "TextRun", "text": "  "}, text, spacing="small")
    if len(amounts) > MOST_AMOUNTS:
        yield _text(_run(f"+ {len(amounts) - MOST_AMOUNTS:,} more", LABEL), spacing="small")


def _sections(sections: tuple[MessageSection, ...]) -> Iterator[dict[str, Any]]:
    for section in sections:
        room = SECTIONS // len(sections) - LABEL
        yield _text(_run(section.title, LABEL, weight="bolder"), separator=True)
        for line in first_lines(section.texts, room, LINE, escape, MOST_LINES):
            yield _text({"type": "TextRun", "text": line or "–"}, spacing="small")
