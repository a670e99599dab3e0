"""The demo beside an organization of one's own: opened, and removed whole."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import Config
from costoptix.demo import acme as demo
from costoptix.extensions import db
from costoptix.models import Job, Organization, User
from tests.support.cast import PASSWORD
from tests.support.pages import Browser, latest

OWN = {"name": "Globex", "tier": "starter", "email": "gina@example.com", "password": PASSWORD}


@pytest.fixture
def gina(app: Flask, session: Session) -> Browser:
    """The admin of the only organization."""
    browser = Browser(app)
    assert browser.post("/setup", form="/setup", **OWN).status_code == 302
    return browser


def rows_of(session: Session, organization_id: str) -> dict[str, int]:
    """Count the rows that name an organization, in every table."""
    latest(session)
    counts = {}
    for table in db.metadata.sorted_tables:
        if "organization_id" in table.columns:
            mine = table.columns.organization_id == organization_id
            counts[table.name] = session.scalar(select(func.count()).where(mine)) or 0
    return {name: count for name, count in counts.items() if count}


def test_from_the_empty_overview_its_admin_opens_the_demo(gina: Browser, session: Session) -> None:
    assert "See the demo" in gina.get("/").text
    entered = gina.post("/demo", form="/")
    assert "admin@acme.example" in entered.text
    assert "Bills are coming in" in gina.get("/").text
    assert session.query(Job).filter_by(kind=demo.JOB_KIND).count() == 1
    gina.sign_in(OWN["email"])
    again = gina.post("/demo", form="/")
    assert again.headers["Location"] == "/"
    assert f"sign in as {OWN['email']}" in gina.get("/").text


def test_among_tenants_nobody_opens_the_demo(
    gina: Browser, session: Session, mallory: User
) -> None:
    assert "See the demo" not in gina.get("/").text
    assert gina.post("/demo", form="/").status_code == 403
    assert demo.find(session) is None


def test_the_set_up_loads_the_demo_beside(app: Flask, session: Session) -> None:
    browser = Browser(app)
    browser.post("/setup", form="/setup", with_demo="1", **OWN)
    assert "Globex" in browser.get("/").text
    assert session.query(Organization).count() == 2
    assert session.query(Job).filter_by(kind=demo.JOB_KIND).count() == 1


def test_its_admin_removes_the_demo_and_nothing_is_left(
    app: Flask, gina: Browser, session: Session, config: Config
) -> None:
    gina.post("/demo", form="/")
    company = demo.find(session)
    assert company is not None
    organization_id = company[0].id
    own_id = session.query(Organization).filter_by(name="Globex").one().id
    before = rows_of(session, own_id)
    assert before
    assert rows_of(session, organization_id)
    gone = gina.post("/settings/organization/remove-demo", form="/settings/organization")
    assert gone.headers["Location"] == "/login"
    assert gina.get("/").headers["Location"].startswith("/login")
    assert rows_of(session, organization_id) == {}
    assert rows_of(session, own_id) == before
    assert not any(config.lake_dir.rglob(f"*{organization_id}*"))
    gina.sign_in(OWN["email"])
    own = "/settings/organization"
    assert gina.post(f"{own}/remove-demo", form=own).status_code == 404
    assert session.query(Organization).count() == 1
