"""A mail: its plain text is complete, its headers are ones that a client can use."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings

from costoptix.notify.messages import email
from costoptix.notify.messages.email import POLICY, Envelope
from costoptix.notify.notification import Notification
from tests.notify.examples import EXAMPLES, notification
from tests.notify.messages.anything import NASTY, named, notifications
from tests.support.proving import count

LONG = "https://costs." + "a-very-long-name." * 8 + "example.com/unsubscribe/" + "x" * 56


def envelope(url: str = LONG) -> Envelope:
    return Envelope("Costs <costs@acme.com>", "ann@acme.com", f"<{'1' * 36}.ab@acme.com>", url)


def sent(message: Notification, **values: Any) -> EmailMessage:
    """Return a mail as it is read at its end."""
    raw = email.render(message, envelope(**values)).as_bytes(policy=POLICY)
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    raw.decode("ascii")  # any server takes it
    parsed = message_from_bytes(raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def text_of(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content


def test_the_plain_text_says_all() -> None:
    mail = sent(notification())
    plain = text_of(mail, "plain")
    for words in (
        "Budget warning: Web", "“Web” has spent $85.00 of $100.00", "Spent: $85.00",
        "https://cost.example/budgets/b1", f"Unsubscribe: {LONG}", "Acme Cloud, 20 Mar 2026",
    ):  # fmt: skip
        assert words in plain
    assert mail["Subject"] == "Budget warning: Web"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_client_can_unsubscribe_however_long_the_address_of_the_page() -> None:
    raw = email.render(notification(), envelope()).as_bytes(policy=POLICY)
    assert f"\r\nList-Unsubscribe: <{LONG}>\r\n".encode() in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw


def test_one_click_is_for_https_alone() -> None:
    mail = sent(notification(), url="http://127.0.0.1:8000/unsubscribe/x")
    assert mail["List-Unsubscribe-Post"] is None
    assert mail["List-Unsubscribe"] == "<http://127.0.0.1:8000/unsubscribe/x>"


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_event_is_a_mail(name: str) -> None:
    sent(notification(name))


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_no_markup_and_no_header(name: str) -> None:
    mail = sent(named(name))
    assert mail.keys() == sent(notification()).keys()
    html = text_of(mail, "html")
    tags = set(re.findall(r"<(\w+)", html))
    assert tags <= {"html", "head", "meta", "body", "h1", "h2", "p", "table", "tr", "td", "a"}
    assert set(re.findall(r'href="(https?://[^/]+)', html)) == {
        "https://cost.example", LONG.partition("/unsubscribe")[0],
    }  # fmt: skip


@given(notifications)
@settings(max_examples=count(15, 500), deadline=None)
def test_any_text_is_a_mail(any_notification: Notification) -> None:
    sent(any_notification)


def test_a_chart_is_within_the_mail() -> None:
    raw = email.render(notification(), envelope(), b"\x89PNG").as_bytes(policy=POLICY)
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    assert "cid:chart@costoptix" in text_of(mail, "html")
