"""S40: an address that is kept, and counted by, is one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.frame.addresses import usual_form
from costoptix.models import AuditEntry, User
from tests.support.pages import Browser, latest


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:443", "192.0.2.1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown", ""),
        ("_hidden", ""),
        ("192.0.2.1, 192.0.2.2", ""),
        ("x" * 5_000, ""),
        ("127.0.0.1\x00", ""),
        ("", ""),
    ],
)
def test_s40_what_is_no_address_is_none(text: str, address: str) -> None:
    assert usual_form(text) == address


@pytest.mark.parametrize("forwarded", ["unknown", "x" * 5_000, "<script>", "1.2.3.4.5", ""])
def test_s40_a_forwarded_word_leaves_the_address_of_the_proxy(
    make_app: Callable[..., Flask], alice: User, session: Session, forwarded: str
) -> None:
    """S40: it would be stored, and PostgreSQL takes no more than 64 characters."""
    browser = Browser(make_app(forwarded_hops=1), "192.0.2.9")
    fields = {"csrf_token": browser.token(), "email": alice.email, "password": "a wrong guess"}
    headers = {"X-Forwarded-For": forwarded}
    assert browser.send("POST", "/login", data=fields, headers=headers).status_code == 401
    addresses = latest(session).scalars(select(AuditEntry.address)).all()
    assert addresses == ["192.0.2.9"]
