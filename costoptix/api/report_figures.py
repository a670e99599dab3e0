"""What the reports of ``/analytics`` answer: quarters, portfolio, movers, forecast.

Written as in ``api.figures``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from costoptix.api.figures import Ceiling, Change, Days
from costoptix.figures import movers, outlook, portfolio, quarterly
from costoptix.figures.movers import Comparison, Level, MoverState
from costoptix.figures.movers import Mover as Moved
from costoptix.figures.portfolio import HEALTH_FORMULA, Risk
from costoptix.figures.ranking import Ranked
from costoptix.lake.providers import account_of
from costoptix.series.forecast import ForecastMethod


@dataclass(frozen=True)
class ServiceRank:
    """A service, and its share of all."""

    service_name: str | None
    provider_name: str | None
    total: Decimal
    share_percent: Decimal | None

    @classmethod
    def of(cls, ranked: Ranked) -> ServiceRank:
        """Write a rank."""
        service, provider = ranked.group
        return cls(service, provider, ranked.amount, ranked.share)


@dataclass(frozen=True)
class AccountRank:
    """A cloud account, and its share of all."""

    account: str
    provider_name: str | None
    sub_account_id: str | None
    sub_account_name: str | None
    total: Decimal
    share_percent: Decimal | None

    @classmethod
    def of(cls, ranked: Ranked) -> AccountRank:
        """Write a rank."""
        provider, identifier, name = ranked.group
        account = account_of(provider, identifier)
        return cls(account, provider, identifier, name, ranked.amount, ranked.share)


@dataclass(frozen=True)
class Quarter:
    """A calendar quarter, clipped to the range."""

    quarter: str
    start_date: date
    end_date: date
    is_full: bool
    total: Decimal
    change: Change | None
    records: int
    service_count: int
    account_count: int
    services: list[ServiceRank]
    accounts: list[AccountRank]

    @classmethod
    def of(cls, quarter: quarterly.Quarter) -> Quarter:
        """Write a quarter."""
        return cls(
            quarter=quarter.name,
            start_date=quarter.days.first,
            end_date=quarter.days.last,
            is_full=quarter.is_full,
            total=quarter.total,
            change=Change.of(quarter.change),
            records=quarter.records,
            service_count=len(quarter.services),
            account_count=len(quarter.accounts),
            services=[ServiceRank.of(each) for each in quarter.services],
            accounts=[AccountRank.of(each) for each in quarter.accounts],
        )


@dataclass(frozen=True)
class QuarterlyReport:
    """The quarters of one currency."""

    currency: str
    total: Decimal
    average_per_quarter: Decimal | None
    quarters_with_data: int
    service_count: int
    account_count: int
    quarters: list[Quarter]

    @classmethod
    def of(cls, found: quarterly.QuarterlyReport) -> QuarterlyReport:
        """Write the quarters of one currency."""
        return cls(
            currency=found.currency,
            total=found.total,
            average_per_quarter=found.average,
            quarters_with_data=found.quarters_with_data,
            service_count=found.services,
            account_count=found.accounts,
            quarters=[Quarter.of(quarter) for quarter in found.quarters],
        )


@dataclass(frozen=True)
class ProviderRank:
    """A provider, and its share of all."""

    provider_name: str | None
    total: Decimal
    share_percent: Decimal | None


@dataclass(frozen=True)
class PortfolioAccount:
    """A cloud account of the portfolio."""

    account: str
    provider_name: str | None
    sub_account_id: str | None
    sub_account_name: str | None
    total: Decimal
    share_percent: Decimal | None
    average_per_day: Decimal | None
    service_count: int
    cost_per_service: Decimal

    @classmethod
    def of(cls, found: portfolio.AccountFigures) -> PortfolioAccount:
        """Write an account."""
        provider, identifier, name = found.group
        return cls(
            account=account_of(provider, identifier),
            provider_name=provider,
            sub_account_id=identifier,
            sub_account_name=name,
            total=found.total,
            share_percent=found.share,
            average_per_day=found.daily_average,
            service_count=found.services,
            cost_per_service=found.cost_per_service,
        )


@dataclass(frozen=True)
class PortfolioService:
    """Services of one name, in all accounts."""

    service_name: str | None
    provider_names: list[str | None]
    total: Decimal
    share_percent: Decimal | None
    account_count: int

    @classmethod
    def of(cls, found: portfolio.ServiceFigures) -> PortfolioService:
        """Write a service."""
        return cls(found.name, list(found.providers), found.total, found.share, found.accounts)


@dataclass(frozen=True)
class Concentration:
    """The largest account, and how much hangs on it."""

    account: str
    share_percent: Decimal
    risk: Risk

    @classmethod
    def of(cls, found: portfolio.Concentration | None) -> Concentration | None:
        """Write the largest account."""
        if found is None:
            return None
        provider, identifier, _ = found.account
        return cls(account_of(provider, identifier), found.share, found.risk)


@dataclass(frozen=True)
class Score:
    """100 less the points."""

    score: int
    concentration_points: Decimal
    growth_points: Decimal
    service_points: Decimal
    formula: str

    @classmethod
    def of(cls, health: portfolio.PortfolioHealth) -> Score:
        """Write the score and what it is made of."""
        return cls(
            health.score, health.concentration, health.growth, health.services, HEALTH_FORMULA
        )


@dataclass(frozen=True)
class Portfolio:
    """All accounts of one currency."""

    currency: str
    total: Decimal
    average_per_day: Decimal | None
    projected_monthly: Decimal | None
    change: Change | None
    active_accounts: int
    unique_services: int
    health: Score
    concentration: Concentration | None
    insights: list[str]
    providers: list[ProviderRank]
    accounts: list[PortfolioAccount]
    services: list[PortfolioService]

    @classmethod
    def of(cls, found: portfolio.Portfolio) -> Portfolio:
        """Write the portfolio of one currency."""
        return cls(
            currency=found.currency,
            total=found.total,
            average_per_day=found.daily_average,
            projected_monthly=found.projected_monthly,
            change=Change.of(found.change),
            active_accounts=len(found.accounts),
            unique_services=len(found.services),
            health=Score.of(found.health),
            concentration=Concentration.of(found.concentration),
            insights=portfolio.insights(found),
            providers=[
                ProviderRank(each.group[0], each.amount, each.share) for each in found.providers
            ],
            accounts=[PortfolioAccount.of(each) for each in found.accounts],
            services=[PortfolioService.of(each) for each in found.services],
        )


@dataclass(frozen=True)
class Causes:
    """The parts of a change; they add up to it."""

    new: Decimal
    gone: Decimal
    volume: Decimal
    price: Decimal
    other: Decimal

    @classmethod
    def of(cls, causes: movers.Causes) -> Causes:
        """Write the parts."""
        return cls(causes.new, causes.gone, causes.volume, causes.price, causes.other)


@dataclass(frozen=True)
class MoverSum:
    """What everything of one currency changed."""

    currency: str
    change: Change | None
    causes: Causes

    @classmethod
    def of(cls, found: movers.Sum) -> MoverSum:
        """Write one currency."""
        return cls(found.currency, Change.of(found.change), Causes.of(found.causes))


@dataclass(frozen=True)
class Mover:
    """A group of the level that was asked for, and why its cost changed."""

    group: dict[str, str | None]
    currency: str
    state: MoverState
    change: Change | None
    causes: Causes

    @classmethod
    def of(cls, found: Moved, level: Level) -> Mover:
        """Write a mover; its group by the names of the level's dimensions."""
        return cls(
            group=dict(zip(level.group_by, found.group, strict=True)),
            currency=found.currency,
            state=found.state,
            change=Change.of(found.change),
            causes=Causes.of(found.causes),
        )


@dataclass(frozen=True)
class Movers:
    """What moved, by money; ``note`` says why nothing could be compared."""

    level: Level
    complete: Days | None
    compared_with: Days | None
    note: str | None
    totals: list[MoverSum]
    movers: list[Mover]

    @classmethod
    def of(
        cls,
        level: Level,
        comparison: Comparison | None,
        found: Sequence[Moved],
        shown: Sequence[Moved],
    ) -> Movers:
        """Write one page of movers, and the sums of all."""
        return cls(
            level=level,
            complete=Days.of(comparison.now.date_range) if comparison else None,
            compared_with=Days.of(comparison.before.date_range) if comparison else None,
            note=None if comparison else movers.NOTHING_TO_COMPARE,
            totals=[MoverSum.of(each) for each in movers.sums(found)],
            movers=[Mover.of(each, level) for each in shown],
        )


@dataclass(frozen=True)
class ForecastDay:
    """A day to come: eight in ten lie from ``low`` to ``high``."""

    date: date
    expected: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class Forecast:
    """The days to come in one currency, and their sum; ``spent`` is in the sum."""

    currency: str
    history: Days | None
    method: ForecastMethod
    note: str
    spent: Decimal
    expected: Decimal | None
    low: Decimal | None
    high: Decimal | None
    days: list[ForecastDay]
    ceiling: Ceiling | None

    @classmethod
    def of(cls, found: outlook.Outlook) -> Forecast:
        """Write the outlook of one currency."""
        coming = found.forecast
        return cls(
            currency=found.currency,
            history=Days.of(found.history),
            method=coming.method,
            note=coming.note,
            spent=coming.spent,
            expected=coming.expected,
            low=coming.low,
            high=coming.high,
            days=[ForecastDay(day.day, day.expected, day.low, day.high) for day in coming.days],
            ceiling=Ceiling.of(found),
        )
