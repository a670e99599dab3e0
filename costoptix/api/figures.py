"""What ``/analytics`` answers. Amounts are exact decimal strings beside their currency.

So are percentages: ``"12.5"`` is 12.5%, null where there is nothing to compare with. Averages and
percentages are rounded to 18 places. Dates are UTC days, ranges hold both their ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from costoptix.anomalies.listing import Flag
from costoptix.figures import daily, outlook, summary, trends
from costoptix.figures.breakdown import Group
from costoptix.figures.completeness import partial_months
from costoptix.models import Severity
from costoptix.periods import DateRange, length_in_words
from costoptix.series import forecast
from costoptix.series.forecast import ForecastMethod


@dataclass(frozen=True)
class DaysData:
    """Days, both ends included."""

    start_date: date
    end_date: date

    @classmethod
    def of(cls, days: DateRange | None) -> DaysData | None:
        """Write a range."""
        return None if days is None else cls(days.first, days.last)


@dataclass(frozen=True)
class ChangeData:
    """What was, what is now, and the difference in money and in percent of what was."""

    before: Decimal
    now: Decimal
    amount: Decimal
    percent: Decimal | None

    @classmethod
    def of(cls, change: trends.Change | None) -> ChangeData | None:
        """Write a change."""
        if change is None:
            return None
        return cls(change.before, change.now, change.amount, change.percent)


@dataclass(frozen=True)
class PartialMonth:
    """A month that the range does not hold whole, or whose bills are not complete."""

    month: date
    complete_days: int
    days: int

    @classmethod
    def all_of(cls, days: DateRange, complete: DateRange | None) -> list[PartialMonth]:
        """Write the partial months of a range."""
        return [cls(*partial) for partial in partial_months(days, complete)]


@dataclass(frozen=True)
class SpendData:
    """What a range cost in one currency; the average and the change are of complete days."""

    currency: str
    total: Decimal | None
    average_per_day: Decimal | None
    change: ChangeData | None

    @classmethod
    def of(cls, spend: summary.Spend) -> SpendData:
        """Write one currency."""
        return cls(spend.currency, spend.total, spend.average, ChangeData.of(spend.change))


@dataclass(frozen=True)
class HealthData:
    """How many services are how well."""

    critical: int
    watch: int
    healthy: int

    @classmethod
    def of(cls, health: trends.Health | None) -> HealthData | None:
        """Write the counts."""
        return None if health is None else cls(health.critical, health.watch, health.healthy)


@dataclass(frozen=True)
class MonthEnd:
    """Where a month leads: eight in ten times from ``low`` to ``high``."""

    expected: Decimal | None
    low: Decimal | None
    high: Decimal | None
    method: ForecastMethod
    note: str

    @classmethod
    def of(cls, expected: forecast.Forecast) -> MonthEnd:
        """Write the sum of a forecast."""
        return cls(expected.expected, expected.low, expected.high, expected.method, expected.note)


@dataclass(frozen=True)
class CeilingData:
    """What a month stays under with 95% confidence."""

    start_date: date
    end_date: date
    amount: Decimal | None
    method: ForecastMethod
    note: str

    @classmethod
    def of(cls, coming: outlook.Outlook) -> CeilingData | None:
        """Write the ceiling of the month that an outlook begins in."""
        month, ceiling = coming.month, coming.ceiling
        if month is None or ceiling is None:
            return None
        return cls(month.first, month.last, ceiling.amount, ceiling.method, ceiling.note)


@dataclass(frozen=True)
class Month:
    """This month in one currency."""

    currency: str
    spent: Decimal
    against_last_month: ChangeData | None  # the whole of it
    against_same_days: ChangeData | None
    projected: Decimal | None
    forecast: MonthEnd | None
    ceiling: CeilingData | None
    services_health: HealthData | None

    @classmethod
    def of(cls, currency: str, month: summary.MonthSoFar, coming: outlook.Outlook | None) -> Month:
        """Write one currency."""
        return cls(
            currency=currency,
            spent=month.spent,
            against_last_month=ChangeData.of(month.against_last_month),
            against_same_days=ChangeData.of(month.same_days),
            projected=month.projected,
            forecast=MonthEnd.of(coming.forecast) if coming else None,
            ceiling=CeilingData.of(coming) if coming else None,
            services_health=HealthData.of(month.health),
        )


@dataclass(frozen=True)
class ThisMonthData:
    """This month, and the days that ``against_same_days`` compares."""

    complete: DaysData | None
    compared_with: DaysData | None
    currencies: list[Month]
    health_rule: str

    @classmethod
    def of(cls, month: summary.ThisMonth, coming: Mapping[str, outlook.Outlook]) -> ThisMonthData:
        """Write this month, the largest currency first."""
        largest_first = sorted(month.by_currency.items(), key=lambda pair: -abs(pair[1].spent))
        return cls(
            complete=DaysData.of(month.days),
            compared_with=DaysData.of(month.earlier_days),
            currencies=[
                Month.of(currency, figures, coming.get(currency))
                for currency, figures in largest_first
            ],
            health_rule=trends.HEALTH_RULE,
        )


@dataclass(frozen=True)
class Summary:
    """The executive summary."""

    length: str
    partial_months: list[PartialMonth]
    complete: DaysData | None
    compared_with: DaysData | None
    currencies: list[SpendData]
    this_month: ThisMonthData

    @classmethod
    def of(cls, spending: summary.RangeSummary, this_month: ThisMonthData) -> Summary:
        """Write a range beside this month."""
        return cls(
            length=length_in_words(spending.days),
            partial_months=PartialMonth.all_of(spending.days, spending.complete),
            complete=DaysData.of(spending.complete),
            compared_with=DaysData.of(spending.earlier),
            currencies=[SpendData.of(spend) for spend in spending.spends],
            this_month=this_month,
        )


@dataclass(frozen=True)
class AnomalyFlag:
    """How many anomalies a service had in the range, and how severe the worst was."""

    count: int
    severity: Severity

    @classmethod
    def of(cls, flag: Flag | None) -> AnomalyFlag | None:
        """Write a flag; a service without anomalies has none."""
        return None if flag is None else cls(flag.count, flag.severity)


@dataclass(frozen=True)
class Service:
    """One service over the months of a range."""

    service_name: str | None
    provider_name: str | None
    currency: str
    total: Decimal
    average_per_month: Decimal
    peak_month: date
    peak: Decimal
    trend: trends.Trend | None
    cagr_percent: Decimal | None
    change: ChangeData | None
    month_over_month: ChangeData | None
    confidence: trends.Confidence
    anomaly_flag: AnomalyFlag | None  # false positives are not counted

    @classmethod
    def of(
        cls, currency: str, group: Group, figures: trends.MonthlyFigures, flag: Flag | None
    ) -> Service:
        """Write one line of the table."""
        service, provider = group
        return cls(
            service_name=service,
            provider_name=provider,
            currency=currency,
            total=figures.total,
            average_per_month=figures.average,
            peak_month=figures.peak_month,
            peak=figures.peak,
            trend=figures.trend,
            cagr_percent=figures.cagr,
            change=ChangeData.of(figures.change),
            month_over_month=ChangeData.of(figures.month_over_month),
            confidence=figures.confidence,
            anomaly_flag=AnomalyFlag.of(flag),
        )


@dataclass(frozen=True)
class Services:
    """The service table, the dearest first, and the months that its trends leave out."""

    partial_months: list[PartialMonth]
    services: list[Service]

    @classmethod
    def of(
        cls,
        table: Mapping[tuple[str, Group], trends.MonthlyFigures],
        flags: Mapping[tuple[str, Group], Flag],
        days: DateRange,
        complete: DateRange | None,
    ) -> Services:
        """Write the table, the dearest first."""
        lines = [Service.of(*key, figures, flags.get(key)) for key, figures in table.items()]
        lines.sort(key=_dearest_first)
        return cls(PartialMonth.all_of(days, complete), lines)


@dataclass(frozen=True)
class DayData:
    """What one day cost."""

    date: date
    cost: Decimal
    is_complete: bool

    @classmethod
    def of(cls, day: daily.Day | None) -> DayData | None:
        """Write a day."""
        return None if day is None else cls(day.date, day.amount, day.is_complete)


@dataclass(frozen=True)
class DailySpendData:
    """The days of one currency."""

    currency: str
    total: Decimal
    complete_days: int
    average_per_day: Decimal | None
    peak_day: DayData | None
    lowest_day: DayData | None
    day_over_day: ChangeData | None
    trend: trends.Trend | None
    weekday_average: Decimal | None
    weekend_average: Decimal | None
    services: int
    services_for_80_percent: int
    days: list[DayData]

    @classmethod
    def of(cls, spend: daily.DailySpend) -> DailySpendData:
        """Write the days of one currency."""
        return cls(
            currency=spend.currency,
            total=spend.total,
            complete_days=spend.complete_days,
            average_per_day=spend.average,
            peak_day=DayData.of(spend.peak),
            lowest_day=DayData.of(spend.lowest),
            day_over_day=ChangeData.of(spend.day_over_day),
            trend=spend.trend,
            weekday_average=spend.weekday_average,
            weekend_average=spend.weekend_average,
            services=spend.services,
            services_for_80_percent=spend.services_for_most,
            days=[DayData(day.date, day.amount, day.is_complete) for day in spend.days],
        )


def _dearest_first(service: Service) -> tuple[Decimal, str, str, str]:
    names = (service.service_name or "", service.provider_name or "")
    return (-service.total, *names, service.currency)
