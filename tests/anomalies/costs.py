"""Costs for tests of detection: about $100 a day, with spikes; runs over them, what they kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import update

from costoptix.anomalies import listing, service
from costoptix.anomalies.service import Outcome
from costoptix.models import Anomaly, Delivery
from costoptix.periods import DateRange
from tests.support.lake import TODAY, Charge, Lake

FIRST = date(2025, 12, 1)
SPIKE = date(2026, 3, 10)
DAYS = DateRange(TODAY - timedelta(days=89), TODAY)


def costs(spikes: Iterable[date] = (SPIKE,), *, amount: str = "700", **values: Any) -> list[Charge]:
    """Return a service's charges of about $100 a day, and so much on some days."""
    wanted = set(spikes)
    charges = []
    for number, day in enumerate(DateRange(FIRST, TODAY)):
        usual = Decimal(100 + number % 5)
        cost = Decimal(amount) if day in wanted else usual
        charges.append(Charge(day=day, effective_cost=cost, **values))
    return charges


def restate(lake: Lake, *charges: Charge) -> None:
    """Deliver these charges in place of all that there were."""
    lake.session.execute(update(Delivery).values(is_live=False))
    lake.deliver(*charges)


def run(lake: Lake) -> Outcome:
    return service.run(lake.session, lake.organization, lake.store)


def kept(lake: Lake) -> list[Anomaly]:
    return list(listing.list_anomalies(lake.session, lake.organization))
