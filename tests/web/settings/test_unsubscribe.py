"""The page behind the link in each mail, and the click of a client of mail."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from config import Config
from costoptix.access.permissions import Caller
from costoptix.models import Channel, Organization
from tests.support.pages import Browser
from tests.web.test_pages import subscription


@pytest.fixture
def path(session: Session, acme: Organization, admin: Caller, config: Config) -> str:
    return f"/unsubscribe/{subscription(session, acme, admin, config)}"


def test_one_click_of_a_client_of_mail_unsubscribes(
    stranger: Browser, path: str, session: Session
) -> None:
    """RFC 8058: no session, no token, no redirect."""
    answer = stranger.send("POST", path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "ann@example.com" in answer.text
    session.expire_all()
    assert session.query(Channel).one().state == "disabled"


def test_looking_unsubscribes_nobody(stranger: Browser, path: str, session: Session) -> None:
    """Clients of mail and scanners open every link."""
    for _ in range(2):
        answer = stranger.get(path)
        assert (answer.status_code, "Send me no more" in answer.text) == (200, True)
    assert session.query(Channel).one().state == "active"
    assert stranger.get(path[:-4] + "AAAA").status_code == 404
