"""Lists of very many anomalies: read a page at a time, in the order that is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from costoptix.models import Anomaly, Organization
from tests.anomalies.anomaly import make_anomaly
from tests.support.cost_pages import text
from tests.support.lake import Charge, Lake
from tests.support.pages import Browser

MANY = 3000


@contextmanager
def loaded() -> Iterator[list[str]]:
    """Collect the ids of the anomalies that are loaded meanwhile."""
    ids: list[str] = []

    def note(row: Anomaly, _context: object) -> None:
        ids.append(row.id)

    event.listen(Anomaly, "load", note)
    try:
        yield ids
    finally:
        event.remove(Anomaly, "load", note)


@pytest.fixture
def many(session: Session, acme: Organization) -> None:
    """Anomalies of as many services, on days that go back, the last the largest."""
    model = make_anomaly(session, acme)
    columns = {column.name: getattr(model, column.name) for column in Anomaly.__table__.columns}
    rows = [
        columns
        | {
            "id": f"{number:036}", "series": f"{number:064}", "service_name": f"Service {number}",
            "first_day": date(2026, 3, 1) - timedelta(days=number % 400),
            "impact": Decimal(number) + Decimal("0.5"),
        }
        for number in range(MANY)
    ]  # fmt: skip
    session.execute(insert(Anomaly), rows)
    session.commit()


@pytest.mark.parametrize("address", ["/anomalies", "/anomalies?page=3", "/"])
def test_a_page_loads_the_anomalies_that_it_shows(
    alice_browser: Browser, lake: Lake, many: None, address: str
) -> None:
    lake.deliver(Charge())
    with loaded() as ids:
        assert alice_browser.get(address).status_code == 200
    assert len(ids) <= 60


def test_the_list_of_anomalies_is_sorted_as_asked(
    alice_browser: Browser, lake: Lake, many: None
) -> None:
    largest = alice_browser.get("/anomalies?order_by=-impact").text
    assert listed(largest)[:2] == [f"Service {MANY - 1}", f"Service {MANY - 2}"]
    assert listed(alice_browser.get("/anomalies").text)[0] == f"Service {MANY - 1}"
    newest = listed(alice_browser.get("/anomalies?order_by=-date").text)
    assert newest[:3] == ["EC2", "Service 2800", "Service 2400"]
    assert alice_browser.get("/anomalies?order_by=service").status_code == 400


def listed(page: str) -> list[str]:
    """The services of the anomalies in the list."""
    return [text(name) for name in re.findall(r'class="row-link"[^>]*>(.*?)</a>', page)]
