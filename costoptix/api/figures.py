"""What ``/analytics`` answers. Amounts are exact decimal strings beside their currency.

So are percentages: ``"12.5"`` is 12.5%, null where there is nothing to compare with. Averages and
percentages are rounded to 18 places. Dates are UTC days, ranges hold both their ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from costoptix.anomalies.listing import Flag
from costoptix.api.writing import From, written
from costoptix.figures import outlook, summary, trends
from costoptix.figures.breakdown import Group
from costoptix.figures.completeness import partial_months
from costoptix.models import Severity
from costoptix.periods import DateRange, length_in_words
from costoptix.series.forecast import ForecastMethod


@dataclass(frozen=True)
class DaysData:
    """Days, both ends included."""

    start_date: Annotated[date, From("first")]
    end_date: Annotated[date, From("last")]


@dataclass(frozen=True)
class ChangeData:
    """What was, what is now, and the difference in money and in percent of what was."""

    before: Decimal
    now: Decimal
    amount: Decimal
    percent: Decimal | None


@dataclass(frozen=True)
class PartialMonth:
    """A month that the range does not hold whole, or whose bills are not complete."""

    month: date
    complete_days: int
    days: int


@dataclass(frozen=True)
class HealthData:
    """How many services are how well."""

    critical: int
    watch: int
    healthy: int


@dataclass(frozen=True)
class SpendData:
    """What a range cost in one currency: its average of complete days, its change of compared ones.

    The total is what the compared days cost now, and what those cost that are not compared.
    """

    currency: str
    total: Decimal | None
    average_per_day: Annotated[Decimal | None, From("average")]
    change: ChangeData | None
    not_compared: Decimal | None
    services_health: Annotated[HealthData | None, From("health")]


@dataclass(frozen=True)
class MonthEnd:
    """Where a month leads: eight in ten times from ``low`` to ``high``."""

    expected: Decimal | None
    low: Decimal | None
    high: Decimal | None
    method: ForecastMethod
    note: str


@dataclass(frozen=True)
class CeilingData:
    """What a month stays under with 95% confidence."""

    start_date: Annotated[date, From("month.first")]
    end_date: Annotated[date, From("month.last")]
    amount: Annotated[Decimal | None, From("ceiling.amount")]
    method: Annotated[ForecastMethod, From("ceiling.method")]
    note: Annotated[str, From("ceiling.note")]


@dataclass(frozen=True)
class Month:
    """This month in one currency."""

    currency: str
    spent: Decimal
    against_last_month: ChangeData | None  # the whole of it
    against_same_days: Annotated[ChangeData | None, From("same_days")]
    not_compared: Decimal | None
    projected: Decimal | None
    forecast: MonthEnd | None
    ceiling: CeilingData | None
    services_health: Annotated[HealthData | None, From("health")]


@dataclass(frozen=True)
class ThisMonthData:
    """This month, and the days that ``against_same_days`` and ``services_health`` compare."""

    complete: Annotated[DaysData | None, From("days")]
    compared: Annotated[DaysData | None, From("compared_days")]
    compared_with: Annotated[DaysData | None, From("earlier_days")]
    currencies: list[Month]
    health_rule: str


@dataclass(frozen=True)
class Summary:
    """The executive summary."""

    length: str
    partial_months: list[PartialMonth]
    complete: DaysData | None
    compared: Annotated[DaysData | None, From("compared_days")]
    compared_with: Annotated[DaysData | None, From("earlier")]
    currencies: Annotated[list[SpendData], From("spends")]
    this_month: ThisMonthData


@dataclass(frozen=True)
class AnomalyFlag:
    """How many anomalies a service had in the range, and how severe the worst was."""

    count: int
    severity: Severity


@dataclass(frozen=True)
class Service:
    """One service over the months of a range."""

    service_name: str | None
    provider_name: str | None
    currency: str
    total: Decimal
    average_per_month: Annotated[Decimal | None, From("average")]
    peak_month: date | None  # none of what was there only on the days compared with
    peak: Decimal | None
    trend: trends.Trend | None
    cagr_percent: Annotated[Decimal | None, From("cagr")]
    change: ChangeData | None
    month_over_month: ChangeData | None
    confidence: trends.Confidence
    anomaly_flag: AnomalyFlag | None  # false positives are not counted
    comparison: ChangeData | None  # on compared days; none unless asked for


@dataclass(frozen=True)
class Services:
    """The service table, the dearest first, and the months that its trends leave out."""

    partial_months: list[PartialMonth]
    services: list[Service]


@dataclass(frozen=True)
class DayData:
    """What one day cost."""

    date: date
    cost: Annotated[Decimal, From("amount")]
    is_complete: bool


@dataclass(frozen=True)
class DailySpendData:
    """The days of one currency."""

    currency: str
    total: Decimal
    complete_days: int
    average_per_day: Annotated[Decimal | None, From("average")]
    peak_day: Annotated[DayData | None, From("peak")]
    lowest_day: Annotated[DayData | None, From("lowest")]
    day_over_day: ChangeData | None
    trend: trends.Trend | None
    weekday_average: Decimal | None
    weekend_average: Decimal | None
    comparison: ChangeData | None  # on compared days; none unless asked for
    services: int
    services_for_80_percent: Annotated[int, From("services_for_most")]
    days: list[DayData]


def partial_months_of(days: DateRange, complete: DateRange | None) -> list[PartialMonth]:
    """Write the partial months of a range."""
    return [PartialMonth(*partial) for partial in partial_months(days, complete)]


def ceiling_of(coming: outlook.Outlook | None) -> CeilingData | None:
    """Write the ceiling of the month that an outlook begins in, if it has one."""
    if coming is None or coming.month is None or coming.ceiling is None:
        return None
    return written(CeilingData, coming)


def this_month(month: summary.ThisMonth, coming: Mapping[str, outlook.Outlook]) -> ThisMonthData:
    """Write this month, the largest currency first."""
    largest_first = sorted(month.by_currency.items(), key=lambda pair: -abs(pair[1].spent))
    currencies = [_month(name, spent, coming.get(name)) for name, spent in largest_first]
    return written(ThisMonthData, month, currencies=currencies, health_rule=trends.HEALTH_RULE)


def _month(currency: str, spent: summary.MonthSoFar, coming: outlook.Outlook | None) -> Month:
    forecast = coming and coming.forecast
    ceiling = ceiling_of(coming)
    return written(Month, spent, currency=currency, forecast=forecast, ceiling=ceiling)


def range_summary(spending: summary.RangeSummary, this_month: ThisMonthData) -> Summary:
    """Write a range beside this month."""
    return written(
        Summary,
        spending,
        length=length_in_words(spending.days),
        partial_months=partial_months_of(spending.days, spending.complete),
        this_month=this_month,
    )


@dataclass(frozen=True)
class _Gone:
    """What has no charges in the range: it was there only on the days that are compared with."""

    total: Decimal = Decimal(0)
    average: None = None
    peak_month: None = None
    peak: None = None
    trend: None = None
    cagr: None = None
    change: None = None
    month_over_month: None = None
    confidence: trends.Confidence = trends.Confidence.LOW


def services(
    table: Mapping[tuple[str, Group], trends.MonthlyFigures],
    flags: Mapping[tuple[str, Group], Flag],
    changes: Mapping[tuple[str, Group], trends.Change],
    days: DateRange,
    complete: DateRange | None,
) -> Services:
    """Write the service table, the dearest first; at last what was there only before."""
    only_before = [key for key in changes if key not in table]
    lines = [
        written(
            Service,
            figures,
            service_name=group[0],
            provider_name=group[1],
            currency=currency,
            anomaly_flag=flags.get((currency, group)),
            comparison=changes.get((currency, group)),
        )
        for (currency, group), figures in (*table.items(), *((key, _Gone()) for key in only_before))
    ]
    return Services(partial_months_of(days, complete), sorted(lines, key=_dearest_first))


def _dearest_first(service: Service) -> tuple[Decimal, str, str, str]:
    names = (service.service_name or "", service.provider_name or "")
    return (-service.total, *names, service.currency)
