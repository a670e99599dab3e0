"""What wants a person: the worst first, at most five, each with where it is dealt with."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from costoptix.access import api_keys
from costoptix.access.api_keys import KeyDraft
from costoptix.access.permissions import Caller, Permission
from costoptix.bills.ledger import listing
from costoptix.clock import utc_now
from costoptix.models import Channel, Import, Organization
from tests.anomalies.anomaly import make_anomaly
from tests.support.budgets import judge, keep_budget
from tests.support.cost_pages import HOSTILE, text
from tests.support.lake import Charge, Lake
from tests.support.pages import Browser


def wait(session: Session, organization: Organization, name: str, sentence: str) -> Import:
    """Add an import that waits for an answer."""
    row = Import(
        organization_id=organization.id, state="waiting", file_name=name, stored_name="x",
        size_bytes=1, sha256="s", created_by="me",
        options={"question": {"kind": "removal", "sentence": sentence}},
    )  # fmt: skip
    session.add(row)
    session.commit()
    return row


def silence(session: Session, organization: Organization) -> None:
    """Add a channel that switched itself off."""
    session.add(
        Channel(
            organization_id=organization.id, name="Ops", kind="custom", target="https://x.example",
            target_hint="x.example", events=[], filter={}, state="disabled",
            failing_since=utc_now(), created_by="me",
        )
    )  # fmt: skip
    session.commit()


def expire(session: Session, organization: Organization, admin: Caller, days: int) -> None:
    """Make a key that expires in some days, and an hour."""
    at = utc_now() + timedelta(days=days, hours=1)
    draft = KeyDraft(name="CI", permission=Permission.READ, expires_at=at)
    api_keys.create(session, organization, admin, draft)


def tasks(page: str) -> list[tuple[str, str]]:
    """What each task says, and where it leads."""
    listed = page.partition('<ul class="tasks">')[2].partition("</ul>")[0]
    return [
        (text(task), re.findall(r'href="([^"]+)"', task)[0])
        for task in re.findall("<li>(.*?)</li>", listed, re.DOTALL)
    ]


def test_the_worst_things_come_first_and_keys_and_channels_are_for_admins(
    lake: Lake, session: Session, acme: Organization, admin: Caller, config,
    alice_browser: Browser, bob_browser: Browser,
) -> None:  # fmt: skip
    lake.deliver(Charge(billed_cost=Decimal(120), effective_cost=Decimal(120)))
    budget = keep_budget(session, acme, name="Web")
    judge(session, acme, config)
    row = wait(session, acme, "march.csv", "2 days of March would vanish.")
    expire(session, acme, admin, 3)
    silence(session, acme)
    found = make_anomaly(session, acme)
    make_anomaly(session, acme, severity="low", service_name="S3")
    said = tasks(alice_browser.get("/").text)
    assert [words.split()[0] for words, _ in said] == [
        "exceeded", "waiting", "switched", "high", "expires"
    ]  # fmt: skip
    assert [address for _, address in said][:2] == [f"/budgets/{budget.id}", f"/imports/{row.id}"]
    assert "Web $120.00 of $100.00, 120.0%, billed cost See the budget" in said[0][0]
    assert "march.csv 2 days of March would vanish. Answer" in said[1][0]
    assert "EC2 in prod +$300.00 on 2 Mar 2026, amortised cost Judge" in said[3][0]
    assert said[3][1] == f"/anomalies/{found.id}"
    assert "The API key expires in 3 days. Rotate" in said[4][0]
    member = [words.split()[0] for words, _ in tasks(bob_browser.get("/").text)]
    assert member == ["exceeded", "waiting", "high", "low"]


def test_nothing_to_do_shows_nothing_and_a_first_import_can_wait(
    lake: Lake, session: Session, acme: Organization, alice_browser: Browser
) -> None:
    row = wait(session, acme, HOSTILE[0], "It is in dollars or euros.")
    page = alice_browser.get("/").text
    assert "No bills yet" in page
    assert tasks(page)[0][1] == f"/imports/{row.id}"
    assert HOSTILE[0] not in page
    session.delete(row)
    session.commit()
    lake.deliver(Charge())
    assert "To do" not in alice_browser.get("/").text


def test_a_part_that_fails_leaves_the_others_and_the_page(
    lake: Lake, session: Session, acme: Organization, alice_browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    lake.deliver(Charge())
    silence(session, acme)

    def broken(*_: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(listing, "waiting", broken)
    answer = alice_browser.get("/")
    assert answer.status_code == 200
    assert [words.split()[0] for words, _ in tasks(answer.text)] == ["switched"]
    assert "the error was logged" in answer.text


def test_another_organization_has_nothing_to_do(
    lake: Lake, session: Session, acme: Organization, mallory_browser: Browser
) -> None:
    wait(session, acme, "march.csv", "2 days of March would vanish.")
    assert tasks(mallory_browser.get("/").text) == []
