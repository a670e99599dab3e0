"""E-mail: a complete plain text, the same as HTML, and what a client needs to unsubscribe.

Styles stand in the elements: clients of mail read no others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from html import escape

from costoptix.notify.messages.text import fitted, one_line
from costoptix.notify.notification import MessageSection, Notification, Tone
from costoptix.written import day

SUBJECT, MOST_LINES = 150, 100
CHART = "chart@costoptix"
"""The picture's id within the mail."""

_UNFOLDED = frozenset({"list-unsubscribe", "list-unsubscribe-post", "message-id"})
_COLOURS = {
    Tone.INFO: "#2f55d4", Tone.GOOD: "#156f3d", Tone.WARNING: "#8a5200", Tone.CRITICAL: "#b3261e",
}  # fmt: skip


class _Policy(EmailPolicy):
    """Folds headers as mail does, but for addresses of pages.

    One that is longer than a line would be written as an encoded word, which no client follows.
    """

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in _UNFOLDED:
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


POLICY = _Policy(linesep="\r\n", cte_type="7bit")


@dataclass(frozen=True)
class Envelope:
    """From whom a mail is to whom, under which id, and where its reader unsubscribes."""

    sender: str
    recipient: str
    message_id: str  # <id@host>
    unsubscribe_url: str


def render(
    notification: Notification, envelope: Envelope, chart: bytes | None = None
) -> EmailMessage:
    """Return the mail to one reader; ``chart`` is a PNG."""
    mail = EmailMessage(policy=POLICY)
    mail["Subject"] = fitted(notification.title, SUBJECT) or "Cost Optix"
    mail["From"], mail["To"] = envelope.sender, envelope.recipient
    mail["Date"] = format_datetime(notification.at)
    mail["Message-ID"] = envelope.message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Unsubscribe"] = f"<{envelope.unsubscribe_url}>"
    if envelope.unsubscribe_url.startswith("https://"):  # one click is a POST over HTTPS: RFC 8058
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    url = envelope.unsubscribe_url
    mail.set_content("\n".join(_lines(notification, url)) + "\n", cte="quoted-printable")
    html = _html(notification, url, has_chart=chart is not None)
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    if chart is not None:
        (_, part) = mail.iter_parts()
        assert isinstance(part, EmailMessage)  # noqa: S101 - made two lines above
        part.add_related(chart, "image", "png", cid=f"<{CHART}>", filename="costs.png")
    return mail


def _lines(notification: Notification, unsubscribe_url: str) -> Iterator[str]:
    yield one_line(notification.title)
    yield ""
    yield one_line(notification.sentence)
    yield ""
    for amount in notification.amounts[:MOST_LINES]:
        yield f"{one_line(amount.label)}: {amount.text}"
    for section in notification.sections:
        yield f"\n{one_line(section.title)}"
        for text in section.texts[:MOST_LINES]:
            yield f"  - {one_line(text)}"
    if csv := notification.data.get("csv"):
        yield f"\n{csv}".rstrip()
    yield f"\nOpen in Cost Optix: {notification.link}"
    yield "\n-- "
    yield _origin(notification)
    yield f"Unsubscribe: {unsubscribe_url}"


def _origin(notification: Notification) -> str:
    at = notification.at
    return f"{one_line(notification.organization_name)}, {day(at.date())}, {at:%H:%M} UTC"


def _html(notification: Notification, unsubscribe_url: str, *, has_chart: bool) -> str:
    picture = (
        f'<p><img src="cid:{CHART}" width="600" style="max-width:100%;height:auto" '
        'alt="Costs by day and service; the text says the sums"></p>'
    )
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="color-scheme" content="light dark"></head>'
            '<body style="font:15px/1.5 system-ui,sans-serif;max-width:640px;margin:0 auto;'
            'padding:16px">',
            f'<h1 style="font-size:19px;color:{_COLOURS[notification.tone]}">'
            f"{_safe(notification.title)}</h1><p>{_safe(notification.sentence)}</p>",
            _table([(amount.label, amount.text) for amount in notification.amounts[:MOST_LINES]]),
            picture if has_chart else "",
            *map(_section, notification.sections),
            f'<p><a href="{escape(notification.link)}">Open in Cost Optix</a></p>'
            f'<p style="font-size:12px;opacity:.75">{escape(_origin(notification))} · '
            f'<a href="{escape(unsubscribe_url)}">Unsubscribe</a></p></body></html>',
        )
    )


def _section(section: MessageSection) -> str:
    heading = f'<h2 style="font-size:16px">{_safe(section.title)}</h2>'
    return heading + _table(list(section.lines[:MOST_LINES]))


def _table(rows: list[tuple[str, str]]) -> str:
    if not rows:
        return ""
    lines = "".join(
        f'<tr><td style="padding:3px 16px 3px 0">{_safe(label)}</td>'
        f'<td style="padding:3px 0">{_safe(text)}</td></tr>'
        if label
        else f'<tr><td colspan="2" style="padding:3px 0">{_safe(text)}</td></tr>'
        for label, text in rows
    )
    return f'<table role="presentation" style="border-collapse:collapse">{lines}</table>'


def _safe(text: str) -> str:
    return escape(one_line(text))
