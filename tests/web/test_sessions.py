"""Signing in and out, and what a cookie is worth."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from costoptix.access import users
from costoptix.access.permissions import Caller, Role
from costoptix.models import Organization, User, UserSession
from tests.support.cast import PASSWORD
from tests.support.pages import Browser, latest

PAGE = "/settings/organization"


def is_signed_in(browser: Browser) -> bool:
    return browser.get(PAGE).status_code == 200


def test_s1_the_cookie_on_http_is_plain_sid(stranger: Browser) -> None:
    """S1: without TLS no Secure flag and no __Host- prefix, which browsers would refuse."""
    cookie = stranger.get("/login").headers["Set-Cookie"]
    assert cookie.startswith("sid=")
    assert cookie.split("; ")[1:] == ["HttpOnly", "Path=/", "SameSite=Lax"]
    assert "Plain http" not in stranger.get("/login").text  # it does not leave this machine


def test_s1_the_cookie_on_https_is_bound_to_the_host(make_app: Callable[..., Flask]) -> None:
    """S1: Secure, HttpOnly, SameSite=Lax, Path=/, no Domain."""
    app = make_app(public_url="https://cost.example.com")
    response = app.test_client().get("/docs/api", base_url="https://cost.example.com")
    assert "Plain http" not in response.text
    response = app.test_client().get("/setup", base_url="https://cost.example.com")
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-sid=")
    assert sorted(cookie.split("; ")[1:]) == ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]


def test_beyond_this_machine_plain_http_is_warned_of(make_app: Callable[..., Flask]) -> None:
    app = make_app(public_url="http://cost.example.com")
    page = app.test_client().get("/setup", base_url="http://cost.example.com").text
    assert "Plain http" in page


def test_before_sign_in_there_is_no_row(stranger: Browser, session: Session) -> None:
    stranger.get("/login")
    assert session.scalar(select(func.count()).select_from(UserSession)) == 0


def test_s2_a_copied_cookie_dies_at_sign_out(app: Flask, alice_browser: Browser) -> None:
    """S2: the session is a row; a replay of the cookie is a stranger."""
    copy = Browser(app)
    copy.client.set_cookie("sid", alice_browser.cookie)
    assert is_signed_in(copy)
    response = alice_browser.post("/logout", form=PAGE)
    assert response.status_code == 302
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert not is_signed_in(alice_browser)
    assert not is_signed_in(copy)


def test_s2_only_a_digest_is_kept(alice_browser: Browser, session: Session) -> None:
    """S2: nobody who reads the database can sign in with what is there."""
    with alice_browser.client.session_transaction() as cookie:
        token = cookie["_user_id"]
    assert len(token) >= 43  # 256 bits
    row = latest(session).scalars(select(UserSession)).one()
    assert token not in (row.token_digest, row.id)


def test_s3_the_id_changes_at_sign_in(app: Flask, alice: User) -> None:
    """S3: a cookie planted before sign-in stays a stranger's."""
    browser = Browser(app)
    browser.get("/login")
    planted = browser.cookie
    browser.sign_in(alice.email)
    copy = Browser(app)
    copy.client.set_cookie("sid", planted)
    assert is_signed_in(browser)
    assert not is_signed_in(copy)


def test_s3_the_id_changes_with_the_role(
    app: Flask, bob_browser: Browser, session: Session, acme: Organization, admin: Caller, bob: User
) -> None:
    """S3: what the session may do has changed, so a copy of the old cookie is worth nothing."""
    copy = Browser(app)
    copy.client.set_cookie("sid", bob_browser.cookie)
    users.set_role(session, acme, admin, bob.id, Role.ADMIN)
    assert bob_browser.get("/settings/team").status_code == 200
    assert not is_signed_in(copy)


def test_s4_a_session_idles_out(at: Callable[[str], None], app: Flask, alice: User) -> None:
    """S4: twelve hours without a request."""
    at("2026-03-02T08:00:00")
    browser = Browser(app)
    browser.sign_in(alice.email)
    at("2026-03-02T19:59:00")
    assert is_signed_in(browser)
    at("2026-03-03T07:59:00")
    assert not is_signed_in(browser)


def test_s4_a_session_ends_after_a_week(at: Callable[[str], None], app: Flask, alice: User) -> None:
    """S4: however often it is used."""
    at("2026-03-02T08:00:00")
    browser = Browser(app)
    browser.sign_in(alice.email)
    for day in range(2, 9):
        for hour in (9, 18):
            at(f"2026-03-0{day}T{hour:02}:00:00")
            assert is_signed_in(browser) is (day < 9)
        at(f"2026-03-0{day}T23:00:00")
        is_signed_in(browser)
    at("2026-03-09T08:00:00")
    assert not is_signed_in(browser)


def test_last_seen_is_written_at_most_once_a_minute(
    at: Callable[[str], None], app: Flask, alice: User, session: Session
) -> None:
    at("2026-03-02T08:00:00")
    browser = Browser(app)
    browser.sign_in(alice.email)
    seen = []
    for second in ("30", "59"):
        at(f"2026-03-02T08:00:{second}")
        browser.get(PAGE)
        seen.append(latest(session).scalars(select(UserSession.last_seen_at)).one())
    assert seen[0] == seen[1]
    at("2026-03-02T08:01:00")
    browser.get(PAGE)
    assert latest(session).scalars(select(UserSession.last_seen_at)).one() > seen[0]


def test_s5_a_new_password_ends_every_other_session(
    app: Flask, alice: User, alice_browser: Browser
) -> None:
    """S5: this browser stays, all others and open invitations are out within one request."""
    other = Browser(app)
    other.sign_in(alice.email)
    shown = alice_browser.post(
        "/settings/team/invitations", form=PAGE, email="carol@example.com", role="member"
    ).text
    link = shown.split("/invite/")[1].split("<")[0]
    new = "another long passphrase"
    response = alice_browser.post(
        "/settings/security/password", form=PAGE,
        current_password=PASSWORD, password=new, repeated=new,
    )  # fmt: skip
    assert response.status_code == 302
    assert is_signed_in(alice_browser)
    assert not is_signed_in(other)
    assert other.get(f"/invite/{link}").status_code == 404
    assert other.sign_in(alice.email).status_code == 401
    assert other.sign_in(alice.email, new).status_code == 302


def test_s5_a_deactivated_person_is_out_at_once(
    bob_browser: Browser, session: Session, acme: Organization, admin: Caller, bob: User
) -> None:
    """S5: and cannot sign in again."""
    users.set_active(session, acme, admin, bob.id, active=False)
    assert not is_signed_in(bob_browser)
    assert bob_browser.sign_in(bob.email).status_code == 401


def test_s6_an_old_session_must_give_the_password_again(
    at: Callable[[str], None], app: Flask, alice: User
) -> None:
    """S6: inviting people needs a password given within ten minutes."""
    at("2026-03-02T08:00:00")
    browser = Browser(app)
    browser.sign_in(alice.email)
    at("2026-03-02T08:10:01")
    invitation = {"email": "carol@example.com", "role": "admin"}
    path = "/settings/team/invitations"
    assert browser.post(path, form=PAGE, **invitation).status_code == 400
    wrong = browser.post(path, form=PAGE, current_password="wrong guess", **invitation)
    assert wrong.status_code == 400
    assert "not correct" in wrong.text
    right = browser.post(path, form=PAGE, current_password=PASSWORD, **invitation)
    assert right.status_code == 200
    assert "/invite/" in right.text


def test_s6_renaming_the_organization_needs_the_password_again(
    at: Callable[[str], None], app: Flask, alice: User
) -> None:
    """S6: everybody sees another name, and could take it for another organization."""
    at("2026-03-02T08:00:00")
    browser = Browser(app)
    browser.sign_in(alice.email)
    at("2026-03-02T08:10:01")
    assert 'name="current_password"' in browser.get(PAGE).text
    assert browser.post(PAGE, form=PAGE, name="Mine").status_code == 400
    right = browser.post(PAGE, form=PAGE, name="Mine", current_password=PASSWORD)
    assert right.status_code == 302


def test_s6_exporting_all_charges_needs_the_password_again(
    at: Callable[[str], None], app: Flask, bob: User
) -> None:
    """S6: a browser left open must not be enough to carry everything away."""
    at("2026-03-02T08:00:00")
    browser = Browser(app)
    browser.sign_in(bob.email)
    export = "/costs/export?range=last_month&file=csv.gz"
    assert browser.get(export).mimetype == "application/gzip"
    at("2026-03-02T08:10:01")
    asked = browser.get(export)
    assert (asked.status_code, asked.mimetype) == (403, "text/html")
    assert browser.post(export, form=export, current_password="a wrong guess").status_code == 400
    right = browser.post(export, form=export, current_password=PASSWORD)
    assert (right.status_code, right.headers["Location"]) == (303, export)
    assert browser.get(export).mimetype == "application/gzip"


def test_own_sessions_are_listed_and_can_be_ended(
    app: Flask, alice: User, alice_browser: Browser, session: Session
) -> None:
    other = Browser(app, "192.0.2.7")
    other.sign_in(alice.email)
    assert "192.0.2.7" in alice_browser.get("/settings/security").text
    row = (
        latest(session).scalars(select(UserSession).where(UserSession.address == "192.0.2.7")).one()
    )
    alice_browser.post(f"/settings/security/sessions/{row.id}/end", form=PAGE)
    assert not is_signed_in(other)
    assert is_signed_in(alice_browser)
