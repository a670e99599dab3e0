"""Slack: blocks of Block Kit, by an incoming webhook.

Names stand in ``plain_text``, which has no markup; the one link is ours. A button would do the same
and show a warning beside it, since no app is there to be summary of the click.
"""

from __future__ import annotations

import json
from typing import Any

from costoptix.notify.messages.text import first_lines, fitted
from costoptix.notify.notification import MessageSection, Notification, Tone
from costoptix.written import day

TITLE, SENTENCE, LABEL, LINE = 150, 1_500, 100, 300
MOST_FIELDS = 10
SECTIONS = 4_000
"""So many characters are there for all sections. Slack refuses messages from about 13,000
characters in all, though each block be small enough; these stay under 10,000."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ICONS = {
    Tone.INFO: "ℹ️", Tone.GOOD: "✅", Tone.WARNING: "⚠️", Tone.CRITICAL: "🚨",
}  # fmt: skip


def render(notification: Notification) -> dict[str, Any]:
    """Return the message: its blocks, and the text that a phone shows of it."""
    title = f"{_ICONS[notification.tone]} {notification.title}"
    summary = f"{notification.title}: {notification.sentence}"
    return {
        "text": fitted(summary, LINE, escape),
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [
            {"type": "header", "text": _plain_text(title, TITLE)},
            {"type": "section", "text": _plain_text(notification.sentence, SENTENCE)},
            *_amounts(notification),
            *_sections(notification.sections),
            {"type": "section", "text": _link(notification.link)},
            {"type": "context", "elements": [_plain_text(_origin(notification), LINE)]},
        ],
    }


def is_accepted(status: int, body: bytes) -> bool:
    """Tell whether Slack took a message: it says ``ok``, and refuses some under status 200 too."""
    if not 200 <= status < 300:
        return False
    text = body.strip()
    return text == b"ok" or _is_ok(text)


def _is_ok(text: bytes) -> bool:
    """Tell whether a workflow's webhook says so, in JSON."""
    try:
        answer = json.loads(text)
    except ValueError:
        return False
    return isinstance(answer, dict) and answer.get("ok") is True


def escape(character: str) -> str:
    """Return a character as Slack wants it in every text."""
    return _ENTITIES.get(character, character)


def _plain_text(text: str, most: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": fitted(text, most, escape) or "–", "emoji": False}


def _link(link: str) -> dict[str, Any]:
    address = "".join(map(escape, link)).replace("|", "%7C")
    return {"type": "mrkdwn", "text": f"<{address}|Open in Cost Optix>"}


def _amounts(notification: Notification) -> list[dict[str, Any]]:
    amounts = notification.amounts
    if not amounts:
        return []
    shown = amounts if len(amounts) <= MOST_FIELDS else amounts[: MOST_FIELDS - 1]
    texts = [f"{amount.label}: {amount.text}" for amount in shown]
    if len(shown) < len(amounts):
        texts.append(f"+ {len(amounts) - len(shown):,} more")
    return [{"type": "section", "fields": [_plain_text(text, LABEL) for text in texts]}]


def _sections(sections: tuple[MessageSection, ...]) -> list[dict[str, Any]]:
    blocks = list[dict[str, Any]]()
    for section in sections:
        room = SECTIONS // len(sections) - LABEL
        lines = [
            fitted(section.title, LABEL, escape) or "–",
            *first_lines([f"• {text}" for text in section.texts], room, LINE, escape),
        ]
        text = {"type": "plain_text", "text": "\n".join(lines), "emoji": False}
        blocks.append({"type": "section", "text": text})
    return blocks


def _origin(notification: Notification) -> str:
    at = notification.at
    return f"{notification.organization_name} · {day(at.date())}, {at:%H:%M} UTC"
