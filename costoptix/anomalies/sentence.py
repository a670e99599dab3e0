"""An anomaly in one sentence: what cost how much more, when, and what most of it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from costoptix.anomalies.dispositions import rows_of, series_of
from costoptix.anomalies.drivers import Driver
from costoptix.anomalies.episodes import Series
from costoptix.models import Anomaly
from costoptix.money import Amount
from costoptix.periods import DateRange
from costoptix.written import money, percent, range_title

NameOf = Callable[[Series], str]
"""Names the account of a series as people do."""

_KINDS = {"resource_id": "resource", "sku_id": "SKU", "region_id": "region"}


def sentence(anomaly: Anomaly, drivers: Sequence[Driver] | None, name_of: NameOf) -> str:
    """Say what an anomaly is: "EC2 in prod cost $597.00 (585%) more than expected on 10 Mar 2026".

    Then its largest part, where there are several, and its largest driver.
    """
    days = DateRange(anomaly.first_day, anomaly.last_day)
    beginning = f"{_subject(anomaly, name_of)} cost {_deviation(anomaly)} on {range_title(days)}"
    details = [*_largest_part(anomaly, name_of), *_largest_driver(anomaly, drivers or ())]
    return f"{beginning}: {'; '.join(details)}." if details else f"{beginning}."


def _subject(anomaly: Anomaly, name_of: NameOf) -> str:
    series = [series_of(row) for row in rows_of(anomaly)]
    services = list(dict.fromkeys(one.service_name or "no service" for one in series))
    accounts = list(dict.fromkeys(map(name_of, series)))
    what = services[0] if len(services) == 1 else f"{len(services)} services"
    return f"{what} in {accounts[0] if len(accounts) == 1 else f'{len(accounts)} accounts'}"


def _deviation(anomaly: Anomaly) -> str:
    size = _size(anomaly.impact, anomaly)
    if anomaly.deviation_percent is None:
        return f"{money(anomaly.actual, anomaly.currency)}, where nothing was expected,"
    more = "more" if anomaly.impact > 0 else "less"
    return f"{size} ({percent(abs(anomaly.deviation_percent), 0)}) {more} than expected"


def _size(amount: Amount, anomaly: Anomaly) -> str:
    return money(abs(amount), anomaly.currency)


def _largest_part(anomaly: Anomaly, name_of: NameOf) -> list[str]:
    if not anomaly.parts:
        return []
    part, series = anomaly.parts[0], series_of(anomaly.parts[0])
    is_one_service = len({row.service_name for row in anomaly.parts}) == 1
    name = name_of(series) if is_one_service else series.service_name or "no service"
    return [f"{_size(part.impact, anomaly)} of it in {name}"]


def _largest_driver(anomaly: Anomaly, drivers: Sequence[Driver]) -> list[str]:
    """Name the largest of the resources, else of the SKUs, and so on: they come in that order."""
    named = [driver for driver in drivers if not driver.is_rest and driver.value]
    if not named:
        return []
    driver = named[0]
    kind = _KINDS.get(driver.dimension, driver.dimension.replace(":", " "))
    what = driver.words or f"{kind} {driver.value}"
    return [f"{_size(driver.change.amount, anomaly)} of it by {what}"]
