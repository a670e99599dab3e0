"""What is to come: forecasts and ceilings from the complete days of a cost question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from costoptix.costs.asking import Ask
from costoptix.costs.query import CostQuery
from costoptix.figures.breakdown import amount_of
from costoptix.figures.completeness import known_part
from costoptix.figures.summary import asked_over
from costoptix.money import Amount
from costoptix.periods import DateRange, Granularity, Preset, month_range, resolve_preset
from costoptix.series.ceiling import Ceiling, value_at_risk
from costoptix.series.forecast import Forecast, Horizon, forecast

HISTORY = Preset.LAST_12_MONTHS
"""How far back a forecast looks by default."""


@dataclass(frozen=True)
class Outlook:
    """The days to come in one currency, and what their first month will hardly exceed."""

    currency: str
    history: DateRange | None  # the complete days that it was made from
    forecast: Forecast
    month: DateRange | None  # the month that ``ceiling`` is about: that of the next day
    ceiling: Ceiling | None


def outlooks(ask: Ask, query: CostQuery, metric: str, horizon: Horizon) -> dict[str, Outlook]:
    """Forecast from the complete days of a query's range, by currency."""
    whole = asked_over(query, query.date_range, metric=metric)
    report = ask(replace(whole, granularity=Granularity.DAILY))
    history = known_part(query.date_range, report)
    by_currency: dict[str, dict[date, Amount]] = {}
    for row in report.rows:
        by_day = by_currency.setdefault(row.currency, {})
        by_day[row.period_start] = amount_of(row, metric) or Amount(0)
    return {
        currency: _outlook(currency, by_day, history, horizon)
        for currency, by_day in by_currency.items()
    }


def _outlook(
    currency: str, by_day: Mapping[date, Amount], history: DateRange | None, horizon: Horizon
) -> Outlook:
    if history is None:
        return Outlook(currency, None, forecast([], horizon), None, None)
    amounts = [(day, by_day.get(day, Amount(0))) for day in history]
    month = month_range(history.after)
    return Outlook(
        currency, history, forecast(amounts, horizon), month, value_at_risk(amounts, month)
    )


def month_end(ask: Ask, query: CostQuery, metric: str, today: date) -> dict[str, Outlook]:
    """Forecast the running month of a query's costs from all of ``HISTORY``."""
    history = replace(query, date_range=resolve_preset(HISTORY, today), preset=None)
    return outlooks(ask, history, metric, Horizon.MONTH_END)
