"""The page of one anomaly: what it is, why, what was said of it, and what came before."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.models import Anomaly, Organization
from costoptix.periods import DateRange
from tests.anomalies.anomaly import make_anomaly
from tests.support.cost_pages import text
from tests.support.lake import Charge, Lake
from tests.support.pages import Browser, latest

SPIKE = date(2026, 3, 10)


@pytest.fixture
def row(lake: Lake, session: Session, acme: Organization) -> Anomaly:
    """A day of $310 among days of $10, found and not judged."""
    clock.configure("2026-03-20T12:00:00Z")
    common = {"sku_id": "s-1", "charge_description": "m5.large, on demand"}
    lake.deliver(
        *(
            Charge(day=day, effective_cost=Decimal(310 if day == SPIKE else 10), **common)
            for day in DateRange(date(2026, 2, 1), date(2026, 3, 20))
        )
    )
    return make_anomaly(session, acme, day=SPIKE)


def test_it_tells_what_was_expected_why_and_what_came_before(
    bob_browser: Browser, session: Session, acme: Organization, row: Anomaly
) -> None:
    earlier = {"day": SPIKE - timedelta(days=9), "status": "resolved", "note": "a load test"}
    make_anomaly(session, acme, **earlier)
    make_anomaly(session, acme, day=SPIKE - timedelta(days=8), impact=Decimal(451))
    page = bob_browser.get(f"/anomalies/{row.id}").text
    shown = text(page)
    assert (page.count('class="bounds"'), page.count('class="mark"')) == (1, 1)
    assert "EC2 in prod cost $300.00 (3,000%) more than expected on 10 Mar 2026: " in shown
    assert "$300.00 of it by m5.large, on demand." in shown
    assert "up to $450.00 above what was expected" in shown
    assert "Of the 2 earlier ones of the same service and account it would have muted 1" in shown
    assert "a load test" in shown
    assert "restated" not in shown


def test_restated_bills_are_told_beside_what_was_judged(
    bob_browser: Browser, session: Session, row: Anomaly
) -> None:
    row.actual = Decimal(400)
    session.commit()
    page = text(bob_browser.get(f"/anomalies/{row.id}").text)
    assert "The bills were restated since: these days now cost $310.00" in page


def test_the_later_of_two_people_sees_what_the_first_said(
    alice_browser: Browser, bob_browser: Browser, session: Session, row: Anomaly
) -> None:
    path = f"/anomalies/{row.id}"
    seen_at = row.created_at.isoformat()
    clock.configure("2026-03-20T12:01:00Z")
    fields = {"status": "resolved", "note": "a load test", "seen_at": seen_at}
    assert alice_browser.post(path, form=path, **fields).status_code == 302
    late = bob_browser.post(
        path, form=path, status="acknowledged", note="looking at it", seen_at=seen_at
    )
    assert late.status_code == 409
    assert "alice@example.com has judged EC2, 10 Mar 2026" in text(late.text)
    assert "looking at it</textarea>" in late.text
    assert latest(session).get_one(Anomaly, row.id).note == "a load test"


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"status": "done"}, "Status: it must be one of"),
        ({"status": "new", "seen_at": "yesterday"}, "seen_at"),
        ({"status": "new", "note": "n" * 2001}, "Note: at most"),
        ({"status": "new", "colour": "red"}, "colour"),
        ({}, "Status: it is missing"),
    ],
)
def test_a_wrong_judgement_is_refused_in_words(
    bob_browser: Browser, row: Anomaly, fields: dict[str, str], word: str
) -> None:
    path = f"/anomalies/{row.id}"
    answer = bob_browser.post(path, form=path, **fields)
    assert answer.status_code == 400
    assert word in text(answer.text)
