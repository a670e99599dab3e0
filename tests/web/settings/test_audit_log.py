"""Settings → Audit log: an admin finds who did what, and takes it along as CSV."""

from __future__ import annotations

import csv
import io
import re

import pytest
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.access import audit
from costoptix.access.permissions import ActorKind, Caller, Permission
from costoptix.database import writing
from costoptix.models import AuditEntry, Organization
from costoptix.web.settings import audit_log
from tests.support.pages import Browser, latest


@pytest.fixture
def log(session: Session, acme: Organization, elsewhere: Organization, admin: Caller) -> None:
    """Three entries of acme, on three days, and one of strangers."""
    key = Caller(acme.id, Permission.ADMIN, "CI (cc_abcdefgh…)", api_key_id="k", kind=ActorKind.KEY)
    theirs = Caller(elsewhere.id, Permission.ADMIN, "mallory@example.com")
    for day, caller, action, subject, values in (
        (1, admin, "user.role_changed", "bob@example.com", ({"role": "member"}, {"role": "admin"})),
        (2, key, "budget.created", "=cmd|' /C calc'!A0", (None, {"amount": "10"})),
        (3, admin, "budget.deleted", "100% <b>x</b>", ({"amount": "10"}, None)),
        (3, theirs, "budget.created", "theirs", (None, None)),
    ):
        clock.configure(f"2026-03-0{day}T12:00:00Z")
        with writing(session):
            audit.record(
                session, caller, action, subject=subject, before=values[0], after=values[1]
            )
    clock.configure("2026-03-03T13:00:00Z")


def numbers(browser: Browser, query: str = "") -> list[str]:
    page = browser.get(f"/settings/audit{query}")
    assert page.status_code == 200, page.text
    return re.findall(r"No\. (\d+)", page.text)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?end_date=2026-03-03&actor_kind=key", ["2"]),
        ("?actor=ALICE%40&action=budget", ["3"]),
        ("?action=budget", ["3", "2"]),
        ("?action=budget.created", ["2"]),
        ("?action=bud", []),
        ("?subject=100%25", ["3"]),
        ("?subject=%25", ["3"]),
        ("?start_date=2026-03-02&end_date=2026-03-02", ["2"]),
        ("?end_date=2026-03-01", ["1"]),
        ("?range=last_7_days&action=user.role_changed", ["1"]),
        ("?action=budget&order_by=at", ["2", "3"]),
        ("?action=budget&order_by=-subject", ["2", "3"]),
        ("?action=budget&page=2", []),
    ],
)
def test_filters_and_orders_find_what_they_say(
    log: None, alice_browser: Browser, query: str, found: list[str]
) -> None:
    assert numbers(alice_browser, query) == found


def test_the_page_says_who_what_when_from_where_before_and_after(
    log: None, alice_browser: Browser
) -> None:
    page = alice_browser.get("/settings/audit?action=user.role_changed").text
    for said in ("alice@example.com", "User role changed", "1 Mar 2026, 12:00 UTC",
                 "bob@example.com", "<bdi>member</bdi>", "<bdi>admin</bdi>"):  # fmt: skip
        assert said in page
    assert "theirs" not in alice_browser.get("/settings/audit").text
    assert "100% &lt;b&gt;" in alice_browser.get("/settings/audit?action=budget").text


@pytest.mark.parametrize(
    "query",
    ["?order_by=hash", "?page=0", "?page=x", "?range=ever", "?start_date=x", "?actor_kind=x",
     "?start_date=2026-03-02&end_date=2026-03-01", "?range=last_7_days&end_date=2026-03-01",
     "?who=alice", "?actor=a&actor=b", "?actor=" + "x" * 201],
)  # fmt: skip
def test_a_wrong_parameter_is_said_in_words(alice_browser: Browser, query: str) -> None:
    for path in ("/settings/audit", "/settings/audit.csv"):
        assert alice_browser.get(path + query).status_code == 400


def test_more_than_a_page_is_paged(alice_browser: Browser, session: Session, admin: Caller) -> None:
    with writing(session):
        for _ in range(audit_log.PER_PAGE):
            audit.record(session, admin, "test.done")
    first = alice_browser.get("/settings/audit?action=test").text
    assert 'rel="next"' not in first
    with writing(session):
        audit.record(session, admin, "test.done")
    assert 'href="/settings/audit?action=test&amp;page=2"' in (
        alice_browser.get("/settings/audit?action=test").text
    )
    assert len(numbers(alice_browser, "?action=test&page=2")) == 1


def test_the_csv_has_every_entry_guards_formulas_and_is_itself_logged(
    log: None, alice_browser: Browser, session: Session
) -> None:
    answer = alice_browser.get("/settings/audit.csv?action=budget")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["number"] for row in rows] == ["3", "2"]
    assert rows[1]["subject"] == "'=cmd|' /C calc'!A0"
    assert rows[1]["after"] == '{"amount": "10"}'
    assert answer.headers["Cache-Control"] == "no-store"
    last = latest(session).query(AuditEntry).filter_by(action="audit.exported").one()
    assert last.after == {"filters": {"action": "budget"}}


def test_signing_out_ending_sessions_and_renaming_are_told(
    alice_browser: Browser, session: Session
) -> None:
    form = "/settings/security"
    alice_browser.post("/settings/security/name", form=form, name="Al")
    other = Browser(alice_browser.client.application)
    other.sign_in("alice@example.com")
    alice_browser.post("/settings/security/sessions/end", form=form)
    alice_browser.post("/logout", form=form)
    actions = [row.action for row in latest(session).query(AuditEntry).order_by(AuditEntry.id)]
    assert actions[-4:] == [
        "user.renamed", "session.created", "session.others_ended", "session.signed_out",
    ]  # fmt: skip


def test_a_member_who_may_not_is_told_of(
    bob_browser: Browser, alice_browser: Browser, session: Session
) -> None:
    for _ in range(2):
        assert bob_browser.get("/settings/audit").status_code == 403
    assert (
        bob_browser.post("/settings/team/invitations", form="/settings/security").status_code == 403
    )
    (entry,) = latest(session).query(AuditEntry).filter_by(action="access.refused")
    assert (entry.actor, entry.subject) == ("bob@example.com", "GET /settings/audit")


def test_a_wrong_password_before_a_change_is_told_of(
    alice_browser: Browser, session: Session
) -> None:
    alice_browser.post(
        "/settings/security/password", form="/settings/security", current_password="guess",
        password="a long new one", repeated="a long new one",
    )  # fmt: skip
    entry = latest(session).query(AuditEntry).filter_by(action="password.refused").one()
    assert entry.actor == "alice@example.com"
    assert "guess" not in str(vars(entry))


def test_a_table_that_is_taken_along_is_told_of(alice_browser: Browser, session: Session) -> None:
    assert alice_browser.get("/costs.csv?range=last_7_days").status_code == 200
    assert alice_browser.get("/quarterly.csv").status_code == 200
    entries = latest(session).query(AuditEntry).filter_by(action="costs.exported").all()
    assert [entry.subject.partition("-")[0] for entry in entries] == ["costs", "quarterly"]
