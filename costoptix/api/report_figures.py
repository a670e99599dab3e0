"""What the reports of ``/analytics`` answer: quarters, portfolio, forecast.

Written as in ``api.figures``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from costoptix.api.figures import CeilingData, ChangeData, DaysData, ceiling_of
from costoptix.api.writing import From
from costoptix.figures.portfolio import (
    HEALTH_FORMULA,
    AccountFigures,
    Concentration,
    Portfolio,
    PortfolioHealth,
    Risk,
    insights,
)
from costoptix.figures.quarterly import Quarter
from costoptix.figures.ranking import Ranked
from costoptix.lake.providers import account_of
from costoptix.series.forecast import ForecastMethod


def _in_group(place: int) -> Callable[[Ranked | AccountFigures], str | None]:
    """Return what takes the value at a place, from 0, of an entry's group."""
    return lambda entry: entry.group[place]


def _account(entry: Ranked | AccountFigures) -> str:
    return account_of(entry.group[0], entry.group[1])


def _largest_account(largest: Concentration) -> str:
    provider, identifier, _ = largest.account
    return account_of(provider, identifier)


def _formula(_health: PortfolioHealth) -> str:
    return HEALTH_FORMULA


def _service_count(entry: Quarter | Portfolio) -> int:
    return len(entry.services)


def _account_count(entry: Quarter | Portfolio) -> int:
    return len(entry.accounts)


@dataclass(frozen=True)
class ServiceRank:
    """A service, and its share of all."""

    service_name: Annotated[str | None, From(_in_group(0))]
    provider_name: Annotated[str | None, From(_in_group(1))]
    total: Annotated[Decimal, From("amount")]
    share_percent: Annotated[Decimal | None, From("share")]


@dataclass(frozen=True)
class AccountRank:
    """A cloud account, and its share of all."""

    account: Annotated[str, From(_account)]
    provider_name: Annotated[str | None, From(_in_group(0))]
    sub_account_id: Annotated[str | None, From(_in_group(1))]
    sub_account_name: Annotated[str | None, From(_in_group(2))]
    total: Annotated[Decimal, From("amount")]
    share_percent: Annotated[Decimal | None, From("share")]


@dataclass(frozen=True)
class QuarterData:
    """A calendar quarter, clipped to the range."""

    quarter: Annotated[str, From("name")]
    start_date: Annotated[date, From("days.first")]
    end_date: Annotated[date, From("days.last")]
    is_full: bool
    total: Decimal
    change: ChangeData | None
    records: int
    service_count: Annotated[int, From(_service_count)]
    account_count: Annotated[int, From(_account_count)]
    services: list[ServiceRank]
    accounts: list[AccountRank]


@dataclass(frozen=True)
class QuarterlyReportData:
    """The quarters of one currency."""

    currency: str
    total: Decimal
    average_per_quarter: Annotated[Decimal | None, From("average")]
    quarters_with_data: int
    service_count: Annotated[int, From("services")]
    account_count: Annotated[int, From("accounts")]
    quarters: list[QuarterData]


@dataclass(frozen=True)
class ProviderRank:
    """A provider, and its share of all."""

    provider_name: Annotated[str | None, From(_in_group(0))]
    total: Annotated[Decimal, From("amount")]
    share_percent: Annotated[Decimal | None, From("share")]


@dataclass(frozen=True)
class PortfolioAccount:
    """A cloud account of the portfolio."""

    account: Annotated[str, From(_account)]
    provider_name: Annotated[str | None, From(_in_group(0))]
    sub_account_id: Annotated[str | None, From(_in_group(1))]
    sub_account_name: Annotated[str | None, From(_in_group(2))]
    total: Decimal
    share_percent: Annotated[Decimal | None, From("share")]
    average_per_day: Annotated[Decimal | None, From("daily_average")]
    service_count: Annotated[int, From("services")]
    cost_per_service: Decimal


@dataclass(frozen=True)
class PortfolioService:
    """Services of one name, in all accounts."""

    service_name: Annotated[str | None, From("name")]
    provider_names: Annotated[list[str | None], From("providers")]
    total: Decimal
    share_percent: Annotated[Decimal | None, From("share")]
    account_count: Annotated[int, From("accounts")]


@dataclass(frozen=True)
class ConcentrationData:
    """The largest account, and how much hangs on it."""

    account: Annotated[str, From(_largest_account)]
    share_percent: Annotated[Decimal, From("share")]
    risk: Risk


@dataclass(frozen=True)
class Score:
    """100 less the points."""

    score: int
    concentration_points: Annotated[Decimal, From("concentration")]
    growth_points: Annotated[Decimal, From("growth")]
    service_points: Annotated[Decimal, From("services")]
    formula: Annotated[str, From(_formula)]


@dataclass(frozen=True)
class PortfolioData:
    """All accounts of one currency."""

    currency: str
    total: Decimal
    average_per_day: Annotated[Decimal | None, From("daily_average")]
    projected_monthly: Decimal | None
    change: ChangeData | None
    not_compared: Decimal | None
    active_accounts: Annotated[int, From(_account_count)]
    unique_services: Annotated[int, From(_service_count)]
    health: Score
    concentration: ConcentrationData | None
    insights: Annotated[list[str], From(insights)]
    providers: list[ProviderRank]
    accounts: list[PortfolioAccount]
    services: list[PortfolioService]


@dataclass(frozen=True)
class ForecastDayData:
    """A day to come: eight in ten lie from ``low`` to ``high``."""

    date: Annotated[date, From("day")]
    expected: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class ForecastData:
    """The days to come in one currency, and their sum; ``spent`` is in the sum."""

    currency: str
    history: DaysData | None
    method: Annotated[ForecastMethod, From("forecast.method")]
    note: Annotated[str, From("forecast.note")]
    spent: Annotated[Decimal, From("forecast.spent")]
    expected: Annotated[Decimal | None, From("forecast.expected")]
    low: Annotated[Decimal | None, From("forecast.low")]
    high: Annotated[Decimal | None, From("forecast.high")]
    days: Annotated[list[ForecastDayData], From("forecast.days")]
    ceiling: Annotated[CeilingData | None, From(ceiling_of)]
