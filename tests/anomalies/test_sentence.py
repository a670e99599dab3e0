"""An anomaly in one sentence."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from costoptix.anomalies.drivers import Driver
from costoptix.anomalies.episodes import Series
from costoptix.anomalies.sentence import sentence
from costoptix.figures.trends import Change
from costoptix.models import Anomaly, AnomalyPart

ROW: dict[str, Any] = {
    "provider_name": "AWS", "service_name": "EC2", "sub_account_id": "111", "currency": "USD",
    "first_day": date(2026, 3, 10), "last_day": date(2026, 3, 11), "actual": Decimal(900),
    "impact": Decimal(600), "deviation_percent": Decimal(200),
}  # fmt: skip


def name_of(series: Series) -> str:
    return {"111": "prod"}.get(series.sub_account_id or "", series.sub_account_id or "no account")


def driver(name: str, value: str | None, amount: int, **values: Any) -> Driver:
    return Driver(name, value, Change(Decimal(0), Decimal(amount)), **values)


@pytest.mark.parametrize(
    ("values", "drivers", "words"),
    [
        ({}, None, "EC2 in prod cost $600.00 (200%) more than expected on 10–11 Mar 2026."),
        (
            {"impact": Decimal(-50), "deviation_percent": Decimal("-12.5")}, [],
            "EC2 in prod cost $50.00 (13%) less than expected on 10–11 Mar 2026.",
        ),
        (
            {"deviation_percent": None, "last_day": date(2026, 3, 10)}, [],
            "EC2 in prod cost $900.00, where nothing was expected, on 10 Mar 2026.",
        ),
        (
            {"service_name": None, "sub_account_id": None},
            [driver("sku_id", "s-1", 500, words="m5.large"), driver("region_id", "eu", 600)],
            "no service in no account cost $600.00 (200%) more than expected on 10–11 Mar 2026: "
            "$500.00 of it by m5.large.",
        ),
        (
            {}, [driver("tag:team", None, 590), driver("tag:team", "other", 10, is_rest=True)],
            "EC2 in prod cost $600.00 (200%) more than expected on 10–11 Mar 2026.",
        ),
    ],
)  # fmt: skip
def test_a_sentence_says_what_how_much_when_and_why(
    values: dict[str, Any], drivers: list[Driver] | None, words: str
) -> None:
    assert sentence(Anomaly(**(ROW | values)), drivers, name_of) == words


def test_of_several_parts_the_largest_is_named() -> None:
    parts = [
        AnomalyPart(**(ROW | {"sub_account_id": account, "impact": Decimal(impact)}))
        for account, impact in (("111", 400), ("222", 200))
    ]
    said = sentence(Anomaly(**ROW, parts=parts), [driver("resource_id", "i-1", 300)], name_of)
    assert said == (
        "EC2 in 2 accounts cost $600.00 (200%) more than expected on 10–11 Mar 2026: "
        "$400.00 of it in prod; $300.00 of it by resource i-1."
    )
    parts[1].service_name = "S3"
    parts[1].sub_account_id = "111"
    said = sentence(Anomaly(**ROW, parts=parts), None, name_of)
    assert said.startswith("2 services in prod cost $600.00")
    assert said.endswith("$400.00 of it in EC2.")
