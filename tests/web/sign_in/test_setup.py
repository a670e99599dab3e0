"""The first start, registration and invitations."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import Config
from costoptix.access import organizations, setup
from costoptix.errors import Conflict
from costoptix.extensions import db
from costoptix.models import AuditEntry, Organization, User
from tests.support.cast import PASSWORD
from tests.support.pages import Browser, latest

FORM = {"name": "Acme Cloud", "tier": "enterprise", "email": "alice@example.com",
        "password": PASSWORD}  # fmt: skip


def test_the_first_start_makes_an_organization_and_its_admin(app: Flask, session: Session) -> None:
    browser = Browser(app)
    assert browser.get("/", follow_redirects=True).request.path == "/setup"
    page = browser.get("/setup").text
    assert 'value="enterprise" checked' in page
    assert 'name="code"' not in page
    assert browser.post("/setup", form="/setup", **FORM).status_code == 302
    assert browser.get("/settings/team").status_code == 200
    user = latest(session).scalars(select(User)).one()
    assert (user.role, user.organization.name, user.organization.tier) == (
        "admin", "Acme Cloud", "enterprise")  # fmt: skip
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["organization.created", "user.created", "session.created"]


def test_s62_set_up_closes_for_good(stranger: Browser) -> None:
    """S62: nobody else becomes admin, and there is no user by default."""
    assert stranger.get("/setup").headers["Location"] == "/login"
    assert stranger.post("/setup", **FORM).headers["Location"] == "/login"
    assert stranger.get("/register").status_code == 403
    assert stranger.post("/register", **FORM).status_code == 403


@pytest.mark.parametrize(
    ("changes", "headers"),
    [
        ({"host": "0.0.0.0"}, {}),
        ({}, {"X-Forwarded-For": "192.0.2.1"}),
        ({}, {"Via": "1.1 proxy"}),
        ({}, {"Forwarded": "for=192.0.2.1"}),
    ],
)
def test_set_up_from_elsewhere_asks_for_the_code_of_the_log(
    make_app: Callable[..., Flask],
    config: Config,
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, str],
    headers: dict[str, str],
) -> None:
    app = make_app(**changes)
    browser = Browser(app)
    code = setup.code(config.secret_key)
    page = browser.get("/setup", headers=headers)
    assert 'name="code"' in page.text
    assert code not in page.text
    assert code in caplog.text
    token = {"csrf_token": browser.token("/setup")}
    for wrong in ({}, {"code": "AAAA-AAAA-AAAA-AAAA"}):
        answer = browser.send("POST", "/setup", data=token | FORM | wrong, headers=headers)
        assert answer.status_code == 400
        assert "code" in answer.text
    right = {"code": code.lower().replace("-", " ")}
    answer = browser.send("POST", "/setup", data=token | FORM | right, headers=headers)
    assert answer.status_code == 302
    with app.app_context():
        db.engine.dispose()


def test_the_code_cannot_be_guessed(make_app: Callable[..., Flask]) -> None:
    app = make_app(host="0.0.0.0")
    browser = Browser(app)
    token = {"csrf_token": browser.token("/setup")}
    tries = [
        browser.send("POST", "/setup", data=token | FORM | {"code": f"AAAA{n}"}).status_code
        for n in range(11)
    ]
    assert tries == [400] * 10 + [429]
    with app.app_context():
        db.engine.dispose()


def test_of_two_set_ups_at_once_one_wins(app: Flask) -> None:
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def set_up(name: str) -> None:
        with app.app_context():
            barrier.wait()
            try:
                organizations.create(
                    db.session(), name=name, tier="starter", email=f"{name}@example.com",
                    password=PASSWORD, only_first=True,
                )  # fmt: skip
                outcomes.append("made")
            except Conflict as error:
                outcomes.append(error.sentence)

    threads = [threading.Thread(target=set_up, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == sorted(["made", organizations.ALREADY_SET_UP])
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Organization)) == 1


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("name", " ", "name"),
        ("name", "a" * 201, "name"),
        ("tier", "gold", "tier"),
        ("email", "alice", "e-mail"),
        ("password", "short", "password"),
        ("password", "password1", "password"),
    ],
)
def test_a_wrong_field_is_named(
    app: Flask, session: Session, field: str, value: str, word: str
) -> None:
    answer = Browser(app).post("/setup", form="/setup", **(FORM | {field: value}))
    assert answer.status_code == 400
    assert word in answer.text.split('role="alert">')[1].split("</div>")[0]
    assert latest(session).scalar(select(func.count()).select_from(Organization)) == 0


def test_closed_registration_leaves_set_up_to_the_command(make_app: Callable[..., Flask]) -> None:
    app = make_app(registration="closed")
    assert Browser(app).get("/setup").status_code == 403


def test_open_registration_begins_on_the_smallest_tier(
    make_app: Callable[..., Flask], alice: User, session: Session
) -> None:
    app = make_app(registration="open")
    form = {"name": "Newcomer", "email": "nia@example.com", "password": PASSWORD}
    browser = Browser(app)
    assert browser.post("/register", form="/register", **form).status_code == 302
    assert browser.get("/settings/team").status_code == 200
    made = latest(session).scalars(select(Organization).where(Organization.name == "Newcomer"))
    assert made.one().tier == "starter"


def invite(browser: Browser, email: str = "carol@example.com") -> str:
    page = browser.post(
        "/settings/team/invitations", form="/settings/team", email=email, role="member"
    )
    assert page.status_code == 200, page.text
    return "/invite/" + page.text.split("/invite/")[1].split("<")[0]


def test_s14_an_invitation_works_once(app: Flask, alice_browser: Browser) -> None:
    """S14: looking at it does not use it."""
    link = invite(alice_browser)
    carol = Browser(app)
    for _ in range(2):
        assert "carol@example.com" in carol.get(link).text
    assert carol.post(link, form=link, name="Carol", password=PASSWORD).status_code == 302
    assert carol.get("/settings/organization").status_code == 200
    assert Browser(app).get(link).status_code == 404
    assert "Carol" in alice_browser.get("/settings/team").text


def test_s14_an_invitation_lives_seven_days(
    app: Flask, alice: User, at: Callable[[str], None]
) -> None:
    """S14: to the second."""
    at("2026-03-02T08:00:00")
    browser = Browser(app)
    browser.sign_in(alice.email)
    link = invite(browser)
    at("2026-03-09T07:59:59")
    assert browser.get(link).status_code == 200
    at("2026-03-09T08:00:00")
    assert browser.get(link).status_code == 404


def test_s14_the_database_does_not_hold_the_link(alice_browser: Browser, config: Config) -> None:
    """S14: only its digest."""
    token = invite(alice_browser).removeprefix("/invite/")
    for file in config.data_dir.glob("costoptix.db*"):
        assert token.encode() not in file.read_bytes()
    assert token not in alice_browser.get("/settings/team").text


def test_a_withdrawn_or_replaced_invitation_is_void(app: Flask, alice_browser: Browser) -> None:
    first = invite(alice_browser)
    second = invite(alice_browser)
    assert Browser(app).get(first).status_code == 404
    page = alice_browser.get("/settings/team").text
    action = page.split("/settings/team/invitations/")[1].split('"')[0]
    alice_browser.post(f"/settings/team/invitations/{action}", form="/settings/team")
    assert Browser(app).get(second).status_code == 404


def test_the_tier_bounds_the_team(
    session: Session, acme: Organization, alice_browser: Browser, bob: User
) -> None:
    organizations.set_tier(session, acme, "professional")
    invite(alice_browser)
    organizations.set_tier(session, acme, "starter")
    answer = alice_browser.post(
        "/settings/team/invitations", form="/settings/team", email="dave@example.com",
        role="member",
    )  # fmt: skip
    assert answer.status_code == 409
    assert "Starter tier" in answer.text


def test_s30_the_last_admin_cannot_leave(alice_browser: Browser, alice: User, bob: User) -> None:
    """S30: neither step down, nor be deactivated, nor be deleted."""
    base = f"/settings/team/{alice.id}"
    for path, fields in [
        ("/role", {"role": "member"}), ("/deactivate", {}), ("/delete", {"confirm": alice.email}),
    ]:  # fmt: skip
        answer = alice_browser.post(base + path, form="/settings/team", **fields)
        assert answer.status_code == 409, path
        assert "last admin" in answer.text
    alice_browser.post(f"/settings/team/{bob.id}/role", form="/settings/team", role="admin")
    left = alice_browser.post(base + "/role", form="/settings/team", role="member")
    assert left.status_code == 302
    assert alice_browser.get("/settings/team").status_code == 403


def test_deleting_a_person_asks_for_their_address(
    alice_browser: Browser, bob: User, bob_browser: Browser, session: Session
) -> None:
    path, email = f"/settings/team/{bob.id}/delete", bob.email
    assert alice_browser.post(path, form="/settings/team", confirm="bob").status_code == 400
    answer = alice_browser.post(path, form="/settings/team", confirm="Bob@Example.com ")
    assert answer.status_code == 302
    assert bob_browser.get("/settings/organization").status_code == 302
    assert latest(session).scalar(select(func.count()).where(User.email == email)) == 0
