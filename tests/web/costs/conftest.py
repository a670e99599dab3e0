"""Costs to look at, and the API beside the pages."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest

from tests.support.lake import Charge


@pytest.fixture
def billed(lake):
    """Eleven weeks of thirteen services in two currencies, with credits and gaps."""
    rng = Random(11)
    for month in (1, 2, 3):
        lake.deliver(*(_charge(rng, month) for _ in range(60)))
    return lake


def _charge(rng: Random, month: int) -> Charge:
    credit = rng.random() < 0.1
    amount = Decimal(rng.randint(1, 10**12)).scaleb(-10) * (-1 if credit else 1)
    return Charge(
        day=date(2026, month, 1) + timedelta(days=rng.randrange(19)),
        billing_currency=rng.choice(["USD", "USD", "USD", "EUR"]),
        billed_cost=amount,
        effective_cost=amount / 2,
        list_cost=rng.choice([None, amount * 2]),
        contracted_cost=None,
        provider_name=rng.choice(["AWS", "Microsoft"]),
        service_name=rng.choice([None, *(f"service {i}" for i in range(12))]),
        region_id=rng.choice([None, "eu", "us"]),
        charge_category="Credit" if credit else "Usage",
        tags=rng.choice([None, '{"team":"a"}', '{"team":"b"}']),
    )
