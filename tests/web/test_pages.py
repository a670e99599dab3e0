"""Every page, walked from the application's own routes."""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from markupsafe import escape
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from config import Config, MailServer
from costoptix import drafts
from costoptix.access import api_keys, invitations, sessions
from costoptix.access.api_keys import KeyDraft
from costoptix.access.permissions import Caller, Role
from costoptix.bills.intake import receive
from costoptix.bills.intake.receive import Sent
from costoptix.budgets import service as budgets
from costoptix.budgets.drafts import BudgetDraft
from costoptix.costs.accounts import account_id
from costoptix.frame.headers import CONTENT_SECURITY_POLICY
from costoptix.models import Organization, User, UserSession
from costoptix.notify import channels, dispatches, unsubscribing
from costoptix.notify.drafts import ChannelDraft
from costoptix.tags import service as tag_rules
from costoptix.tags.drafts import RuleDraft
from costoptix.views import service as views
from costoptix.views.drafts import ViewDraft
from costoptix.web.parts.routing import ACCESS, Access
from tests.anomalies.anomaly import make_anomaly
from tests.support.checksums import checksums
from tests.support.lake import Charge, Lake, open_writer
from tests.support.pages import Browser

NOBODY = "00000000-0000-4000-8000-000000000000"
# Pages that answer with a file or lead elsewhere, and so have no title.
WRITES_AUDIT_ROW = {
    "web.costs_export", "web.costs_csv", "web.quarterly_csv", "web.audit_csv",
}  # fmt: skip
NEEDS_NO_TOKEN = {"web.unsubscribe"}  # for clients of mail; the link says who may
REDIRECTS = {"web.settings", "web.setup", "web.register"}


@pytest.fixture
def ids(
    app: Flask, session: Session, config: Config, acme: Organization, admin: Caller, alice: User,
    bob: User,
) -> dict[str, str]:  # fmt: skip
    """An id of acme's for each variable in a page's address; a new one needs a row here."""
    invitations.create(session, acme, admin, email="carol@example.com", role=Role.MEMBER)
    sessions.begin(session, alice, address="192.0.2.9", user_agent="another")
    own = session.query(UserSession).filter_by(address="192.0.2.9").one()
    key = KeyDraft(name="CI Pipeline", permission="read", expires_at=None)
    ((bill, _job),) = receive.receive(
        session, acme, admin, [Sent(io.BytesIO(b"a,b"), "bill.csv")],
        uploads_dir=config.uploads_dir, max_bytes=10,
    )  # fmt: skip
    budget = drafts.read(BudgetDraft, {"name": "All", "amount": "10", "currency": "USD"})
    store = app.extensions["cost_store"]
    hook = drafts.read(
        ChannelDraft, {"name": "Ops", "kind": "custom", "url": "https://192.0.43.10/"}
    )
    channel_id = channels.create(session, acme, admin, hook, config)[0].id
    with open_writer() as writer:
        Lake(session, store, writer, acme).deliver(Charge(tags='{"team":"web"}'))
    rule = drafts.read(RuleDraft, {"key": "team", "from": ["Web"], "to": "web"})
    return {
        "key": "team",
        "rule_id": tag_rules.add_rule(session, acme, admin, rule).id,
        "account_id": account_id("aws:111"),
        "anomaly_id": make_anomaly(session, acme).id,
        "channel_id": channel_id,
        "dispatch_id": dispatches.send_test(session, acme, admin, channel_id).id,
        "budget_id": budgets.create(session, acme, admin, budget, store).id,
        "import_id": bill.id,
        "view_id": views.create(
            session, acme, admin, ViewDraft(name="Ours", question="range=last_month", shared=True)
        ).id,
        "key_id": api_keys.create(session, acme, admin, key)[0].id,
        "user_id": bob.id,
        "session_id": own.id,
        "subscription": subscription(session, acme, admin, config),
        "kind": "weekly",
        "document": "figures",
        "resource": "budgets",
        "invitation_id": invitations.list_of(session, acme)[0].id,
        "token": invitations.create(
            session, acme, admin, email="dave@example.com", role=Role.MEMBER
        ),
    }


def subscription(session: Session, acme: Organization, admin: Caller, config: Config) -> str:
    """Return what is in the link of a mail by which its reader unsubscribes."""
    sending = dataclasses.replace(config, mail_server=MailServer("smtp", "mail.example", 587))
    draft = drafts.read(
        ChannelDraft, {"name": "Mail", "kind": "email", "address": "ann@example.com"}
    )
    channel, _ = channels.create(session, acme, admin, draft, sending)
    return unsubscribing.url(config, channel.id, "ann@example.com").rpartition("/")[2]


def rules(app: Flask, method: str) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("web.") and method in (rule.methods or ()):
            yield rule


def address(rule: Rule, values: dict[str, str]) -> str:
    path = rule.rule
    for name in rule.arguments:
        path = re.sub(rf"<(\w+:)?{name}>", values[name], path)
    return path


def test_every_page_says_who_may_see_it(app: Flask) -> None:
    """S26: and nothing else is on the blueprint."""
    endpoints = {
        rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.startswith("web.")
    }
    assert endpoints == set(ACCESS)


def test_a_stranger_sees_only_public_pages(
    app: Flask, stranger: Browser, ids: dict[str, str]
) -> None:
    for rule in rules(app, "GET"):
        answer = stranger.get(address(rule, ids))
        if ACCESS[rule.endpoint] is Access.PUBLIC:
            assert answer.status_code in (200, 302, 403), rule
        else:
            assert answer.status_code == 302, rule
            assert answer.headers["Location"].startswith("/login?next="), rule


def test_a_stranger_can_post_to_public_pages_alone(
    app: Flask, stranger: Browser, ids: dict[str, str]
) -> None:
    for rule in rules(app, "POST"):
        if ACCESS[rule.endpoint] is not Access.PUBLIC:
            assert stranger.post(address(rule, ids)).status_code == 401, rule


def test_a_member_sees_what_is_not_for_admins(
    app: Flask, bob_browser: Browser, ids: dict[str, str]
) -> None:
    """S25: the rest is 403, reading and writing alike."""
    for rule in rules(app, "GET"):
        answer = bob_browser.get(address(rule, ids))
        if ACCESS[rule.endpoint] is Access.ADMIN:
            assert answer.status_code == 403, rule
        elif ACCESS[rule.endpoint] is Access.MEMBER:
            assert answer.status_code in (200, 302), rule
    for rule in rules(app, "POST"):
        if ACCESS[rule.endpoint] is Access.ADMIN:
            form = "/settings/organization"
            assert bob_browser.post(address(rule, ids), form=form).status_code == 403, rule


def test_an_admin_sees_every_page_with_a_title(
    app: Flask, alice_browser: Browser, ids: dict[str, str]
) -> None:
    for rule in rules(app, "GET"):
        answer = alice_browser.get(address(rule, ids))
        if rule.endpoint in REDIRECTS:
            assert answer.status_code in (302, 403), rule
        elif answer.mimetype == "text/html":
            assert answer.status_code == 200, rule
            title = re.search(r"<title>(.+?)</title>", answer.text)
            assert title, rule
            assert not title.group(1).startswith(" ·"), rule
            assert len(re.findall(r"<h1[ >]", answer.text)) == 1, rule


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_s24_another_organizations_things_are_not_there(
    app: Flask, mallory_browser: Browser, ids: dict[str, str], session: Session, method: str
) -> None:
    """S24: the answer is the one that an id of nothing gets, and nothing changes."""
    # The hidden token changes with the second, the request's id with the request.
    without_id = re.compile(r'Request <code>\w+</code>|name="csrf_token" value="[^"]+"')
    unknown = dict.fromkeys(ids, NOBODY)
    before = checksums(session)
    for rule in rules(app, method):
        if not rule.arguments or ACCESS[rule.endpoint] is Access.PUBLIC:
            continue
        open_page: Callable[..., object] = (
            mallory_browser.get if method == "GET" else
            lambda path: mallory_browser.post(path, form="/settings/organization")
        )  # fmt: skip
        theirs, nothing = (open_page(address(rule, values)) for values in (ids, unknown))
        assert theirs.status_code == nothing.status_code == 404, rule
        assert without_id.sub("", theirs.text) == without_id.sub("", nothing.text), rule
    assert checksums(session) == before


def test_s7_no_form_is_taken_without_its_token(
    app: Flask, alice_browser: Browser, ids: dict[str, str], session: Session
) -> None:
    """S7: signing in, out and setting up included; the database stays as it was."""
    before = checksums(session)
    for rule in rules(app, "POST"):
        if rule.endpoint in NEEDS_NO_TOKEN:
            continue
        path = address(rule, ids)
        for data in ({}, {"csrf_token": "guessed"}):
            assert alice_browser.send("POST", path, data=data).status_code == 400, rule
    assert checksums(session) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_s7_no_form_is_taken_from_another_site(
    app: Flask,
    alice_browser: Browser,
    ids: dict[str, str],
    session: Session,
    headers: dict[str, str],
) -> None:
    """S7: even with a token, which could have leaked."""
    token = {"csrf_token": alice_browser.token("/settings/organization")}
    before = checksums(session)
    for rule in rules(app, "POST"):
        answer = alice_browser.send("POST", address(rule, ids), data=token, headers=headers)
        assert answer.status_code == 403, rule
    assert checksums(session) == before


def test_s8_reading_changes_nothing(
    app: Flask, alice_browser: Browser, ids: dict[str, str], session: Session
) -> None:
    """S8: every GET as admin leaves every table as it was; exports are in the audit log."""
    before = checksums(session)
    for rule in rules(app, "GET"):
        if rule.endpoint not in WRITES_AUDIT_ROW:
            alice_browser.get(address(rule, ids))
    assert checksums(session) == before


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
def test_s21_other_methods_are_refused(
    app: Flask, alice_browser: Browser, ids: dict[str, str], method: str
) -> None:
    """S21: and a header cannot make one of another."""
    for rule in rules(app, "GET"):
        answer = alice_browser.send(method, address(rule, ids))
        assert answer.status_code == 405, rule
        assert "GET" in answer.headers["Allow"]
    overridden = alice_browser.get("/login", headers={"X-HTTP-Method-Override": method})
    assert overridden.status_code == 200


def test_s27_a_form_takes_no_field_that_it_does_not_have(
    app: Flask, alice_browser: Browser, session: Session
) -> None:
    """S27: nobody becomes admin by adding a field."""
    before = checksums(session)
    for path, fields in {
        "/settings/organization": {"name": "Acme"},
        "/settings/theme": {"theme": "dark"},
        "/settings/security/name": {"name": "Al"},
        "/settings/team/invitations": {"email": "eve@example.com"},
    }.items():
        for extra in ("organization_id", "id", "tier", "is_admin", "created_at", "quota"):
            answer = alice_browser.post(
                path, form="/settings/organization", **fields, **{extra: "1"}
            )
            assert answer.status_code == 400, (path, extra)
    assert checksums(session) == before


def test_s42_what_people_write_is_never_markup(
    app: Flask, alice_browser: Browser, ids: dict[str, str], session: Session, acme: Organization
) -> None:
    """S42, S51: names come back as text, on every page."""
    canary = "<img src=x onerror=alert(1)>{{7*7}}'\""
    alice_browser.post("/settings/organization", form="/settings/organization", name=canary)
    alice_browser.post("/settings/security/name", form="/settings/organization", name=canary)
    for rule in rules(app, "GET"):
        answer = alice_browser.get(address(rule, ids))
        if not answer.mimetype.startswith("text/") or answer.mimetype == "text/csv":
            continue
        assert "<img src=x" not in answer.text, rule
        assert ">49" not in answer.text, rule
    assert "{{7*7}}" in alice_browser.get("/settings/organization").text


def test_s16_s17_s23_every_answer_carries_the_headers(
    app: Flask, alice_browser: Browser, stranger: Browser, ids: dict[str, str]
) -> None:
    """S16, S17, S18, S23: pages, redirects, refusals and files, with a charset where it is text."""
    for browser in (alice_browser, stranger):
        for rule in rules(app, "GET"):
            answer = browser.get(address(rule, ids))
            assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY, rule
            assert answer.headers["X-Content-Type-Options"] == "nosniff", rule
            assert answer.headers["X-Request-ID"], rule
            assert "no-store" in answer.headers["Cache-Control"], rule
            if answer.mimetype.startswith("text/"):
                assert answer.content_type.endswith("; charset=utf-8"), rule


def test_no_page_writes_what_html_does_not_know(
    app: Flask, alice_browser: Browser, ids: dict[str, str]
) -> None:
    """Attributes that are true stand alone, and instants have no millionths of seconds."""
    for rule in rules(app, "GET"):
        answer = alice_browser.get(address(rule, ids))
        if answer.mimetype == "text/html":
            assert not re.search(r'="(True|False|None)"|datetime="[^"]*\.\d{4,}', answer.text), rule


LEADS_ELSEWHERE = {"web.logout", "web.setup", "web.setup_demo"}
"""Signing out has no fields, and a set-up that is done takes nothing."""
TAKES_ANY_FIELD = NEEDS_NO_TOKEN
"""What programs of mail post there is theirs to choose (RFC 8058)."""


def test_s27_every_form_refuses_a_field_that_it_does_not_have(
    app: Flask,
    alice_browser: Browser,
    ids: dict[str, str],
    session: Session,
    elsewhere: Organization,
) -> None:
    """S27: also one that is a button alone; nothing changes."""
    token = alice_browser.token("/settings/organization")
    before = checksums(session)
    for rule in rules(app, "POST"):
        if rule.endpoint in TAKES_ANY_FIELD:
            continue
        data = {"csrf_token": token, "organization_id": elsewhere.id, "is_admin": "1"}
        answer = alice_browser.send("POST", address(rule, ids), data=data)
        if rule.endpoint not in LEADS_ELSEWHERE:
            assert 400 <= answer.status_code < 500, rule
        elif rule.endpoint == "web.logout":
            alice_browser.sign_in("alice@example.com")
            token = alice_browser.token("/settings/organization")
            before = checksums(session)
    assert checksums(session) == before


@pytest.mark.parametrize("canary", ["${7*7}", "%s %(x)d", "{0.__class__}", "#{7*7}", "<%= 7*7 %>"])
def test_s51_a_name_is_never_a_template(alice_browser: Browser, canary: str) -> None:
    """S51: it comes back as it was written."""
    page = "/settings/organization"
    assert alice_browser.post(page, form=page, name=canary).status_code == 302
    assert escape(canary) in alice_browser.get(page).text
