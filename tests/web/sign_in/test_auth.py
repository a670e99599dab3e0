"""The sign-in form: throttle, enumeration, where it leads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from costoptix.access import users
from costoptix.models import AuditEntry, User
from tests.support.pages import Browser, latest


def fail(browser: Browser, email: str, times: int) -> list[int]:
    return [browser.sign_in(email, "a wrong guess").status_code for _ in range(times)]


def test_s10_an_account_is_throttled_per_address(app: Flask, alice: User) -> None:
    """S10: ten tries, then 429 with Retry-After; another address is not locked out."""
    attacker = Browser(app, "192.0.2.1")
    assert fail(attacker, alice.email, 10) == [401] * 10
    refused = attacker.sign_in(alice.email)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 300
    assert Browser(app, "192.0.2.2").sign_in(alice.email).status_code == 302


def test_s10_nobody_locks_a_person_out_from_elsewhere(app: Flask, alice: User) -> None:
    """S10: with the account's count used up, a clean address still gets its try."""
    for last in range(6):
        fail(Browser(app, f"192.0.2.{last}"), alice.email, 9)
    assert Browser(app, "192.0.2.0").sign_in(alice.email).status_code == 429
    assert Browser(app, "198.51.100.1").sign_in(alice.email).status_code == 302


def test_s10_an_address_is_throttled_over_all_accounts(app: Flask, alice: User) -> None:
    """S10: fifty tries of whichever accounts."""
    attacker = Browser(app, "192.0.2.1")
    statuses = [fail(attacker, f"person{n}@example.com", 1)[0] for n in range(51)]
    assert statuses == [401] * 50 + [429]


def test_s10_the_counts_survive_a_restart_and_end(
    app: Flask, make_app: Callable[..., Flask], alice: User, at: Callable[[str], None]
) -> None:
    """S10: the counts are rows; after five minutes they are gone."""
    at("2026-03-02T08:00:00")
    fail(Browser(app), alice.email, 10)
    restarted = make_app()
    at("2026-03-02T08:04:59")  # a start sets the clock
    assert Browser(restarted).sign_in(alice.email).status_code == 429
    at("2026-03-02T08:05:01")
    assert Browser(restarted).sign_in(alice.email).status_code == 302


def test_a_right_password_is_not_counted(app: Flask, alice: User) -> None:
    browser = Browser(app)
    assert [browser.sign_in(alice.email).status_code for _ in range(11)] == [302] * 11


def test_s11_a_stranger_learns_nothing_about_addresses(app: Flask, alice: User) -> None:
    """S11: the same status and the same words for a known and an unknown address."""
    known = Browser(app).sign_in(alice.email, "a wrong guess")
    unknown = Browser(app).sign_in("nobody@example.com", "a wrong guess")
    assert known.status_code == unknown.status_code == 401
    alike = [
        answer.text.replace(alice.email, "x").replace("nobody@example.com", "x")
        for answer in (known, unknown)
    ]
    without_token = [text.split('name="csrf_token"')[0] for text in alike]
    assert without_token[0] == without_token[1]


def test_s11_an_unknown_address_costs_a_hash_too(
    stranger: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S11: otherwise the time would tell."""
    checked: list[str] = []
    monkeypatch.setattr(users.passwords, "verify", lambda kept, given: bool(checked.append(kept)))
    stranger.sign_in("nobody@example.com", "a wrong guess")
    assert checked == [users.passwords.dummy_hash()]


@pytest.mark.parametrize(
    "target",
    [
        "//e", "/\\e", "https:e", "\t//e", "/%09/e", "javascript:alert(1)", "http://good@e",
        "%2f%2fe", "/\r\nLocation: //e", "/%0d%0a//e", "///e", "/\\/e", "\\\\e", "//e@good", "e",
        "/%2fe", "/%5ce", " //e", "/\t/e", "",
    ],
)  # fmt: skip
def test_s15_next_cannot_leave_the_site(app: Flask, alice: User, target: str) -> None:
    """S15: whatever is not plainly a path here leads to the start."""
    response = Browser(app).sign_in(alice.email, next=target)
    assert response.headers["Location"] == "/"


def test_s15_a_person_gets_where_they_wanted_to(app: Flask, alice: User) -> None:
    """S15: a path with a query string is kept."""
    browser = Browser(app)
    answer = browser.get("/settings/security?range=last_month")
    assert answer.headers["Location"] == "/login?next=/settings/security?range%3Dlast_month"
    response = browser.sign_in(alice.email, next="/settings/security?range=last_month")
    assert response.headers["Location"] == "/settings/security?range=last_month"


def test_signing_in_is_audited(app: Flask, alice: User, session: Session) -> None:
    """S58: right and wrong alike."""
    Browser(app).sign_in(alice.email, "a wrong guess")
    Browser(app).sign_in(alice.email)
    entries = latest(session).query(AuditEntry).order_by(AuditEntry.id).all()
    assert [entry.action for entry in entries] == ["session.refused", "session.created"]
    assert entries[0].address == "127.0.0.1"


def test_a_page_is_never_opened_by_a_key(stranger: Browser) -> None:
    """S9: the header of the API means nothing here."""
    answer = stranger.get("/settings/organization", headers={"X-API-Key": "cc_" + "a" * 46})
    assert answer.status_code == 302


def test_s10_a_browser_that_was_signed_in_before_is_not_slowed(app: Flask, alice: User) -> None:
    """S10: whoever guesses, even from its own network; after signing out as well."""
    known = Browser(app, "192.0.2.1")
    assert known.sign_in(alice.email).status_code == 302
    known.post("/logout", form="/settings/organization")
    assert fail(Browser(app, "192.0.2.1"), alice.email, 11)[-1] == 429
    assert known.sign_in(alice.email).status_code == 302


def test_s10_a_browser_is_known_to_the_accounts_it_was_signed_in_to(
    app: Flask, alice: User, bob: User
) -> None:
    """S10: the cookie holds no address, lets nobody in, and one that is made up counts nothing."""
    browser = Browser(app, "192.0.2.1")
    browser.sign_in(alice.email)
    cookie = browser.client.get_cookie("known")
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site, cookie.path) == (True, "Lax", "/")
    assert alice.email not in cookie.value
    fail(Browser(app, "192.0.2.1"), bob.email, 10)
    assert browser.sign_in(bob.email).status_code == 429
    made_up = Browser(app, "192.0.2.1")
    made_up.client.set_cookie("known", cookie.value[:-1] + "x")
    assert made_up.get("/settings/organization").status_code == 302
    fail(made_up, alice.email, 10)
    assert made_up.sign_in(alice.email).status_code == 429
