"""Discord: an embed, by a webhook. Nobody is mentioned, whatever a name says."""

from __future__ import annotations

from typing import Any

from costoptix.notify.messages.text import first_lines, fitted, one_line
from costoptix.notify.notification import MessageSection, Notification, Tone

TITLE, SENTENCE, LABEL, LINE, FOOTER = 256, 1_500, 60, 200, 200
MOST_AMOUNTS = 9
SECTIONS = 2_600
"""So many characters are there for all sections: an embed has 6,000 in all, a field 1,024."""
VALUE = 1_024

_MARKUP = frozenset("\\*_~`|<>[]():@")
_MARKUP_AT_START = frozenset("#-+")
_COLOURS = {
    Tone.INFO: 0x2F55D4, Tone.GOOD: 0x156F3D, Tone.WARNING: 0xB86E00, Tone.CRITICAL: 0xB3261E,
}  # fmt: skip


def render(notification: Notification) -> dict[str, Any]:
    """Return the message: one embed.

    The link stands in its text: as the embed's own address Discord refuses some, such as localhost,
    and the whole message with them.
    """
    sentence = _escaped(notification.sentence, SENTENCE)
    return {
        "username": "Cost Optix",
        "allowed_mentions": {"parse": []},
        "embeds": [
            {
                "title": _escaped(notification.title, TITLE),
                "description": f"{sentence}\n[Open in Cost Optix]({_address(notification.link)})",
                "color": _COLOURS[notification.tone],
                "timestamp": notification.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
                "footer": {"text": fitted(notification.organization_name, FOOTER)},
                "fields": [*_amounts(notification), *_sections(notification.sections)],
            }
        ],
    }


def escape(character: str) -> str:
    """Return a character so that it is no markup."""
    return f"\\{character}" if character in _MARKUP else character


def _escaped(text: str, most: int) -> str:
    begins = one_line(text)[:1] in _MARKUP_AT_START
    escaped = fitted(text, most - begins, escape) or "–"
    return f"\\{escaped}" if begins and escaped[0] in _MARKUP_AT_START else escaped


def _address(link: str) -> str:
    return link.replace("(", "%28").replace(")", "%29")


def _field(name: str, value: str, *, is_inline: bool) -> dict[str, Any]:
    return {"name": name, "value": value, "inline": is_inline}


def _amounts(notification: Notification) -> list[dict[str, Any]]:
    amounts = notification.amounts
    fields = [
        _field(_escaped(amount.label, LABEL), _escaped(amount.text, LABEL), is_inline=True)
        for amount in amounts[:MOST_AMOUNTS]
    ]
    more = len(amounts) - len(fields)
    return [*fields, _field("…", f"\\+ {more:,} more", is_inline=True)] if more else fields


def _sections(sections: tuple[MessageSection, ...]) -> list[dict[str, Any]]:
    fields = list[dict[str, Any]]()
    for section in sections:
        room = min(VALUE, SECTIONS // len(sections) - LABEL)
        lines = first_lines([f"• {text}" for text in section.texts], room, LINE, escape)
        title = _escaped(section.title, LABEL)
        fields.append(_field(title, "\n".join(lines) or "–", is_inline=False))
    return fields
