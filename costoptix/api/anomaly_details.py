"""One anomaly in full: drivers, day by day, what was said, what came before, what it mutes."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from costoptix.anomalies import service
from costoptix.anomalies.episodes import Series
from costoptix.anomalies.likeness import REMEMBERED, MutedPattern, likeness
from costoptix.anomalies.sentence import sentence
from costoptix.api.anomaly_data import AnomalyData, account_name, anomaly_data
from costoptix.api.endpoint import Call
from costoptix.failures import reason
from costoptix.models import Anomaly, AnomalyStatus


@dataclass(frozen=True)
class AnomalyDayData:
    """What all parts of an anomaly cost on a day, against what the days before let expect."""

    date: datetime.date
    actual: Decimal
    expected: Annotated[Decimal | None, Field(description="null: too few days before")]
    low: Decimal | None
    high: Decimal | None
    is_unusual: Annotated[bool, Field(description="true on the days of the anomaly")]


@dataclass(frozen=True)
class JudgementData:
    """What a person or key said of an anomaly."""

    judged_by: str
    judged_at: datetime.datetime
    status: AnomalyStatus
    is_expected: bool
    note: str


@dataclass(frozen=True)
class EarlierData:
    """An earlier anomaly of the same services and accounts."""

    id: str
    date: datetime.date
    end_date: datetime.date
    impact: Decimal
    status: AnomalyStatus
    is_expected: bool
    note: str
    judged_by: str | None
    would_be_muted: Annotated[
        bool, Field(description="had the anomaly that this is listed with been expected before")
    ]


@dataclass(frozen=True)
class MutedData:
    """What calling an anomaly expected mutes: deviations to one side, up to an amount."""

    provider_name: str | None
    service_name: Annotated[str | None, Field(description="of all parts together the largest's")]
    account: str
    parts: Annotated[int, Field(description="1, or all of the anomaly's together")]
    direction: Annotated[str, Field(description="`above` or `below` what was expected")]
    up_to: Decimal


@dataclass(frozen=True)
class AnomalyDetails(AnomalyData):
    """An anomaly in full."""

    sentence: str
    days: Annotated[
        list[AnomalyDayData] | None,
        Field(
            description="The days of the anomaly, 28 before and 7 after it, judged by the bills of "
            "now; null where that cannot be computed."
        ),
    ]
    judgements: Annotated[list[JudgementData], Field(description="the newest first")]
    earlier: Annotated[
        list[EarlierData],
        Field(description=f"the newest {REMEMBERED} before, the newest first"),
    ]
    mutes: Annotated[
        list[MutedData], Field(description="what `is_expected` mutes, or would mute, from then on")
    ]


def details_of(call: Call, row: Anomaly) -> AnomalyDetails:
    """Write an anomaly in full; what cannot be computed is None."""
    drivers, error = service.drivers_or_error(call.session, call.organization, row, call.store)
    like = likeness(call.session, call.organization, row)
    return AnomalyDetails(
        **vars(anomaly_data(row, drivers, error)),
        sentence=sentence(row, drivers, _account_title),
        days=_days(call, row),
        judgements=[
            JudgementData(
                judgement.actor,
                judgement.at,
                judgement.status,
                judgement.is_expected,
                judgement.note,
            )
            for judgement in row.judgements
        ],
        earlier=[_earlier(other, other.id in like.muted) for other in like.earlier],
        mutes=[_muted(pattern) for pattern in like.patterns],
    )


def _days(call: Call, row: Anomaly) -> list[AnomalyDayData] | None:
    try:
        days = service.days_of(call.session, call.organization, row, call.store)
    except Exception as error:
        reason(error, f"the days of anomaly {row.id}")
        return None
    return [
        AnomalyDayData(one.day, one.actual, one.expected, one.low, one.high, one.is_unusual)
        for one in days
    ]


def _earlier(row: Anomaly, would_be_muted: bool) -> EarlierData:
    return EarlierData(
        row.id, row.first_day, row.last_day, row.impact, row.status, row.is_expected, row.note,
        row.judged_by, would_be_muted,
    )  # fmt: skip


def _muted(pattern: MutedPattern) -> MutedData:
    largest = pattern.series[0]
    return MutedData(
        largest.provider_name,
        largest.service_name,
        largest.account,
        len(pattern.series),
        "above" if pattern.goes_up else "below",
        pattern.up_to,
    )


def _account_title(series: Series) -> str:
    return account_name(series) or series.sub_account_id or "no account"
