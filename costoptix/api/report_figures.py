"""What the reports of ``/analytics`` answer: quarters, portfolio, movers, forecast.

Written as in ``api.figures``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from costoptix.api.figures import CeilingData, ChangeData, DaysData
from costoptix.figures import movers, outlook, portfolio, quarterly
from costoptix.figures.movers import Comparison, Level, Mover, MoverState
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
class QuarterData:
    """A calendar quarter, clipped to the range."""

    quarter: str
    start_date: date
    end_date: date
    is_full: bool
    total: Decimal
    change: ChangeData | None
    records: int
    service_count: int
    account_count: int
    services: list[ServiceRank]
    accounts: list[AccountRank]

    @classmethod
    def of(cls, quarter: quarterly.Quarter) -> QuarterData:
        """Write a quarter."""
        return cls(
            quarter=quarter.name,
            start_date=quarter.days.first,
            end_date=quarter.days.last,
            is_full=quarter.is_full,
            total=quarter.total,
            change=ChangeData.of(quarter.change),
            records=quarter.records,
            service_count=len(quarter.services),
            account_count=len(quarter.accounts),
            services=[ServiceRank.of(entry) for entry in quarter.services],
            accounts=[AccountRank.of(entry) for entry in quarter.accounts],
        )


@dataclass(frozen=True)
class QuarterlyReportData:
    """The quarters of one currency."""

    currency: str
    total: Decimal
    average_per_quarter: Decimal | None
    quarters_with_data: int
    service_count: int
    account_count: int
    quarters: list[QuarterData]

    @classmethod
    def of(cls, report: quarterly.QuarterlyReport) -> QuarterlyReportData:
        """Write the quarters of one currency."""
        return cls(
            currency=report.currency,
            total=report.total,
            average_per_quarter=report.average,
            quarters_with_data=report.quarters_with_data,
            service_count=report.services,
            account_count=report.accounts,
            quarters=[QuarterData.of(quarter) for quarter in report.quarters],
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
    def of(cls, account: portfolio.AccountFigures) -> PortfolioAccount:
        """Write an account."""
        provider, identifier, name = account.group
        return cls(
            account=account_of(provider, identifier),
            provider_name=provider,
            sub_account_id=identifier,
            sub_account_name=name,
            total=account.total,
            share_percent=account.share,
            average_per_day=account.daily_average,
            service_count=account.services,
            cost_per_service=account.cost_per_service,
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
    def of(cls, service: portfolio.ServiceFigures) -> PortfolioService:
        """Write a service."""
        return cls(
            service.name, list(service.providers), service.total, service.share, service.accounts
        )


@dataclass(frozen=True)
class ConcentrationData:
    """The largest account, and how much hangs on it."""

    account: str
    share_percent: Decimal
    risk: Risk

    @classmethod
    def of(cls, largest: portfolio.Concentration | None) -> ConcentrationData | None:
        """Write the largest account."""
        if largest is None:
            return None
        provider, identifier, _ = largest.account
        return cls(account_of(provider, identifier), largest.share, largest.risk)


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
class PortfolioData:
    """All accounts of one currency."""

    currency: str
    total: Decimal
    average_per_day: Decimal | None
    projected_monthly: Decimal | None
    change: ChangeData | None
    active_accounts: int
    unique_services: int
    health: Score
    concentration: ConcentrationData | None
    insights: list[str]
    providers: list[ProviderRank]
    accounts: list[PortfolioAccount]
    services: list[PortfolioService]

    @classmethod
    def of(cls, in_currency: portfolio.Portfolio) -> PortfolioData:
        """Write the portfolio of one currency."""
        return cls(
            currency=in_currency.currency,
            total=in_currency.total,
            average_per_day=in_currency.daily_average,
            projected_monthly=in_currency.projected_monthly,
            change=ChangeData.of(in_currency.change),
            active_accounts=len(in_currency.accounts),
            unique_services=len(in_currency.services),
            health=Score.of(in_currency.health),
            concentration=ConcentrationData.of(in_currency.concentration),
            insights=portfolio.insights(in_currency),
            providers=[
                ProviderRank(entry.group[0], entry.amount, entry.share)
                for entry in in_currency.providers
            ],
            accounts=[PortfolioAccount.of(entry) for entry in in_currency.accounts],
            services=[PortfolioService.of(entry) for entry in in_currency.services],
        )


@dataclass(frozen=True)
class CausesData:
    """The parts of a change; they add up to it."""

    new: Decimal
    gone: Decimal
    volume: Decimal
    price: Decimal
    other: Decimal

    @classmethod
    def of(cls, causes: movers.Causes) -> CausesData:
        """Write the parts."""
        return cls(causes.new, causes.gone, causes.volume, causes.price, causes.other)


@dataclass(frozen=True)
class MoverSum:
    """What everything of one currency changed."""

    currency: str
    change: ChangeData | None
    causes: CausesData

    @classmethod
    def of(cls, sums: movers.Sum) -> MoverSum:
        """Write one currency."""
        return cls(sums.currency, ChangeData.of(sums.change), CausesData.of(sums.causes))


@dataclass(frozen=True)
class MoverData:
    """A group of the level that was asked for, and why its cost changed."""

    group: dict[str, str | None]
    currency: str
    state: MoverState
    change: ChangeData | None
    causes: CausesData

    @classmethod
    def of(cls, mover: Mover, level: Level) -> MoverData:
        """Write a mover; its group by the names of the level's dimensions."""
        return cls(
            group=dict(zip(level.group_by, mover.group, strict=True)),
            currency=mover.currency,
            state=mover.state,
            change=ChangeData.of(mover.change),
            causes=CausesData.of(mover.causes),
        )


@dataclass(frozen=True)
class Movers:
    """What moved, by money; ``note`` says why nothing could be compared."""

    level: Level
    complete: DaysData | None
    compared_with: DaysData | None
    note: str | None
    totals: list[MoverSum]
    movers: list[MoverData]

    @classmethod
    def of(
        cls,
        level: Level,
        comparison: Comparison | None,
        ranking: Sequence[Mover],
        shown: Sequence[Mover],
    ) -> Movers:
        """Write one page of movers, and the sums of all."""
        return cls(
            level=level,
            complete=DaysData.of(comparison.now.date_range) if comparison else None,
            compared_with=DaysData.of(comparison.before.date_range) if comparison else None,
            note=None if comparison else movers.NOTHING_TO_COMPARE,
            totals=[MoverSum.of(entry) for entry in movers.sums(ranking)],
            movers=[MoverData.of(entry, level) for entry in shown],
        )


@dataclass(frozen=True)
class ForecastDayData:
    """A day to come: eight in ten lie from ``low`` to ``high``."""

    date: date
    expected: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class ForecastData:
    """The days to come in one currency, and their sum; ``spent`` is in the sum."""

    currency: str
    history: DaysData | None
    method: ForecastMethod
    note: str
    spent: Decimal
    expected: Decimal | None
    low: Decimal | None
    high: Decimal | None
    days: list[ForecastDayData]
    ceiling: CeilingData | None

    @classmethod
    def of(cls, in_currency: outlook.Outlook) -> ForecastData:
        """Write the outlook of one currency."""
        coming = in_currency.forecast
        return cls(
            currency=in_currency.currency,
            history=DaysData.of(in_currency.history),
            method=coming.method,
            note=coming.note,
            spent=coming.spent,
            expected=coming.expected,
            low=coming.low,
            high=coming.high,
            days=[ForecastDayData(day.day, day.expected, day.low, day.high) for day in coming.days],
            ceiling=CeilingData.of(in_currency),
        )
