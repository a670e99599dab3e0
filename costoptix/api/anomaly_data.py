"""Anomalies as the API writes them. All amounts are sums over the days of one."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Annotated, Any

from flask import current_app, g
from pydantic import Field

from costoptix.anomalies.dispositions import rows_of, series_of
from costoptix.anomalies.drivers import Driver
from costoptix.anomalies.episodes import Series
from costoptix.costs.account_names import AccountNames
from costoptix.costs.answers import CostStore
from costoptix.extensions import db
from costoptix.models import Anomaly, AnomalyStatus, Organization


@dataclass(frozen=True)
class DriverData:
    """A value of a dimension that moved with an anomaly, against its part of what was expected."""

    dimension: str
    value: str | None
    before: Annotated[Decimal, Field(description="its part of what was expected")]
    now: Decimal
    change: Annotated[
        Decimal, Field(description="those of one dimension add up to the impact of the anomaly")
    ]
    is_rest: Annotated[bool, Field(description="all other values together, named `other`")]
    words: Annotated[str | None, Field(description="what a SKU is, where the bills say it")]


@dataclass(frozen=True)
class PartData:
    """What one cause did in one service and account."""

    date: datetime.date
    end_date: datetime.date
    provider_name: str | None
    service_name: str | None
    account: str
    account_name: str | None
    actual: Decimal
    expected: Decimal
    low: Decimal
    high: Decimal
    deviation_percent: Decimal | None
    impact: Decimal


@dataclass(frozen=True)
class FiguresData:
    """The days of a service in an account from an unusual one (`date`) to the last."""

    date: datetime.date
    start_date: datetime.date
    end_date: datetime.date
    provider_name: str | None
    service_name: str | None
    account: str
    account_name: Annotated[
        str | None, Field(description="by the team, else in the newest bills; null without either")
    ]
    currency: str
    actual: Decimal
    expected: Decimal
    low: Decimal
    high: Decimal
    deviation_percent: Decimal | None  # null when nothing was expected
    impact: Decimal
    severity: str
    method: str
    parts: Annotated[
        list[PartData],
        Field(
            description="By account and service, the largest first. Of several, the anomaly itself "
            "names the service and account of the largest, and its amounts are the sums of all.",
        ),
    ]


@dataclass(frozen=True)
class Named:
    """What has an id."""

    id: str


@dataclass(frozen=True)
class AnomalyData(FiguresData, Named):
    """An anomaly. ``drivers`` is null in lists where they have not been worked out yet."""

    status: AnomalyStatus
    is_expected: bool
    note: str
    judged_by: str | None
    judged_at: datetime.datetime | None
    drivers: list[DriverData] | None
    drivers_error: Annotated[
        str | None,
        Field(description="null, or `cannot be computed: …` where `drivers` is null for that"),
    ]
    created_at: datetime.datetime


def anomaly_data(row: Anomaly, drivers: list[Driver] | None, error: str | None) -> AnomalyData:
    """Write an anomaly, with its drivers or why there are none."""
    return AnomalyData(
        **figures_of(row, series_of(row), row.first_day, row.last_day),
        parts=[part_data(one, series_of(one), one.first_day, one.last_day) for one in rows_of(row)],
        id=row.id,
        status=row.status,
        is_expected=row.is_expected,
        note=row.note,
        judged_by=row.judged_by,
        judged_at=row.judged_at,
        drivers=None if drivers is None else [driver_data(driver) for driver in drivers],
        drivers_error=error,
        created_at=row.created_at,
    )


def account_name(series: Series) -> str | None:
    """Return the name of the account; names are read once per request."""
    if "account_names" not in g:
        session = db.session()
        own = session.get_one(Organization, g.api_key.caller.organization_id)
        store: CostStore = current_app.extensions["cost_store"]
        g.account_names = AccountNames.of(session, own, store)
    names: AccountNames = g.account_names
    return names.name(series.account)


def part_data(
    source: object, series: Series, first: datetime.date, last: datetime.date
) -> PartData:
    """Write what one cause did in a series; ``source`` has the amounts."""
    amounts = ("actual", "expected", "low", "high", "deviation_percent", "impact")
    return PartData(
        first, last, series.provider_name, series.service_name, series.account,
        account_name(series),
        **{name: getattr(source, name) for name in amounts},
    )  # fmt: skip


def figures_of(
    source: object, series: Series, first: datetime.date, last: datetime.date
) -> dict[str, Any]:
    """Return the fields of ``FiguresData`` but its parts; ``source`` has the amounts."""
    about = {
        "date": first,
        "start_date": first,
        "end_date": last,
        "provider_name": series.provider_name,
        "service_name": series.service_name,
        "account": series.account,
        "account_name": account_name(series),
        "currency": series.currency,
    }
    set_apart = {*about, "parts"}
    others = (field.name for field in fields(FiguresData) if field.name not in set_apart)
    return about | {name: getattr(source, name) for name in others}


def driver_data(driver: Driver) -> DriverData:
    """Write a driver."""
    change = driver.change
    return DriverData(
        driver.dimension, driver.value, change.before, change.now, change.amount, driver.is_rest,
        driver.words or None,
    )  # fmt: skip
