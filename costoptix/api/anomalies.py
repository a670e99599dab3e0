"""``/anomalies``: what was unusual, people's judgements, and detection on demand.

Amounts and percentages are exact decimal strings; all amounts are sums over the days from
``date`` to ``end_date``.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Annotated, Any

from flask import g
from pydantic import AfterValidator, Field

from costoptix import queue
from costoptix.access.permissions import Permission
from costoptix.anomalies import judgements, listing, service
from costoptix.anomalies.causes import members
from costoptix.anomalies.detect import Method
from costoptix.anomalies.dispositions import Disposition, RunEpisode, rows_of, series_of
from costoptix.anomalies.drivers import Driver
from costoptix.anomalies.episodes import Series
from costoptix.anomalies.job import JOB_KIND
from costoptix.anomalies.judgements import JudgementDraft, JudgementsDraft
from costoptix.anomalies.listing import AnomalyFiltersDraft
from costoptix.anomalies.ordering import LARGEST, ORDERS, parse_order, position
from costoptix.anomalies.recording import kept_drivers
from costoptix.anomalies.service import DetectionDraft
from costoptix.api.answers import Answer
from costoptix.api.endpoint import Call, operation
from costoptix.api.paging import PageQuery, sign, unsign
from costoptix.clock import utc_now, utc_today
from costoptix.costs.accounts import account_id, given_names
from costoptix.extensions import db
from costoptix.models import Anomaly, AnomalyStatus, Organization


@dataclass(frozen=True)
class DriverData:
    """A value of a dimension that moved with an anomaly, against what was usual."""

    dimension: str
    value: str | None
    before: Decimal
    now: Decimal
    change: Decimal


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
    account_name: Annotated[str | None, Field(description="by the team; null where it gave none")]
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


@dataclass(frozen=True)
class EpisodeData(FiguresData):
    """An episode that a run found, and what became (or would become) of it."""

    id: str | None
    status: AnomalyStatus | None
    note: str
    drivers: list[DriverData] | None
    created_at: datetime.datetime | None
    disposition: Disposition


@dataclass(frozen=True)
class DetectionData:
    """A run: how it judged, over which complete days, and what it found, oldest first."""

    method: Method
    lookback_days: int
    threshold: float
    dry_run: bool
    start_date: datetime.date | None
    end_date: datetime.date | None
    series: int
    note: str  # why nothing could be judged; else ""
    below_floor: int  # how many more there are that are worth less than the organization's floor
    anomalies: list[EpisodeData]


class AnomaliesQuery(AnomalyFiltersDraft, PageQuery):
    """The filters of the list: anomalies with a day in the range; all without a range."""

    status: list[AnomalyStatus] = Field(
        default=[],
        description="Only of this status; repeatable. Without it, any but history: what was long "
        "past when it was found.",
    )
    order_by: Annotated[str, AfterValidator(parse_order)] = Field(
        default=LARGEST,
        description="A column, `-` in front for descending. `-impact` is the largest first, "
        "whether more or less was spent; what is equal elsewhere is sorted so too.",
        json_schema_extra={"enum": list(ORDERS)},
    )


@operation(
    "GET", "/anomalies", permission=Permission.READ, query=AnomaliesQuery, data=list[AnomalyData],
    summary="List the anomalies, the largest first; meta.precision says how often they were right",
)  # fmt: skip
def list_anomalies(call: Call, query: AnomaliesQuery) -> Answer:
    """List them."""
    filters = query.filters(query.status, utc_today())
    purpose = f"anomalies:{call.organization.id}:{query.order_by}"
    rows = listing.list_anomalies(
        call.session, call.organization, filters, query.order_by, limit=query.limit + 1,
        after=None if query.cursor is None else unsign(purpose, query.cursor),
    )  # fmt: skip
    listed, cursor = rows[: query.limit], None
    if len(rows) > query.limit:
        cursor = sign(purpose, position(call.session, listed[-1], query.order_by))
    data = [_anomaly(row, kept_drivers(row), None) for row in listed]
    return Answer(data, meta={"next_cursor": cursor, **_about(call)})


@operation(
    "GET", "/anomalies/<anomaly_id>", permission=Permission.READ, data=AnomalyData,
    summary="Show an anomaly with what drove it",
)  # fmt: skip
def get_anomaly(call: Call, anomaly_id: str) -> AnomalyData:
    """Show it."""
    return _details(call, service.get(call.session, call.organization, anomaly_id))


@operation(
    "PATCH", "/anomalies/<anomaly_id>", permission=Permission.WRITE, body=JudgementDraft,
    data=AnomalyData, summary="Say what an anomaly is: its status, a note, whether it is expected",
)  # fmt: skip
def judge_anomaly(call: Call, anomaly_id: str, body: JudgementDraft) -> AnomalyData:
    """Judge it."""
    row = service.get(call.session, call.organization, anomaly_id)
    judgements.judge(call.session, row, call.caller, body)
    return _details(call, row)


@operation(
    "POST", "/anomalies/judge", permission=Permission.WRITE, body=JudgementsDraft,
    data=list[AnomalyData], summary="Judge several anomalies alike: all of them or none",
)  # fmt: skip
def judge_anomalies(call: Call, body: JudgementsDraft) -> list[AnomalyData]:
    """Judge them."""
    rows = judgements.judge_all(call.session, call.organization, call.caller, body)
    return [_anomaly(row, kept_drivers(row), None) for row in rows]


@operation(
    "POST", "/anomalies/detect", permission=Permission.WRITE, body=DetectionDraft,
    data=DetectionData, summary="Detect anomalies now; nothing is kept unless dry_run is false",
)  # fmt: skip
def detect_anomalies(call: Call, body: DetectionDraft) -> DetectionData:
    """Detect them."""
    outcome = service.detect_on_demand(
        call.session, call.organization, call.caller, body, call.store
    )
    return DetectionData(
        method=outcome.settings.method,
        lookback_days=outcome.settings.lookback_days,
        threshold=outcome.settings.limit,
        dry_run=body.dry_run,
        start_date=outcome.days.first if outcome.days else None,
        end_date=outcome.days.last if outcome.days else None,
        series=outcome.series_count,
        note=outcome.note,
        below_floor=outcome.below_floor,
        anomalies=[_episode(result) for result in outcome.episodes],
    )


def _about(call: Call) -> dict[str, Any]:
    """Return how right detection was, and what the last run found beyond what the tier keeps."""
    right = judgements.precision(call.session, call.organization, utc_now())
    last = listing.last_run(call.session, call.organization)
    return {
        "precision": {
            "days": judgements.LOOKED_BACK.days,
            "right": right.right,
            "wrong": right.wrong,
            "percent": right.percent,
        },
        "detected_at": last.finished_at if last else None,
        "detection_failed_at": queue.failed_at(call.session, JOB_KIND, call.organization.id),
        "not_kept": last.further if last else [],
        "below_floor": last.below_floor if last else 0,
    }


def _details(call: Call, row: Anomaly) -> AnomalyData:
    moved = service.drivers_or_error(call.session, call.organization, row, call.store)
    return _anomaly(row, *moved)


def _anomaly(row: Anomaly, drivers: list[Driver] | None, error: str | None) -> AnomalyData:
    return AnomalyData(
        **_figures(row, series_of(row), row.first_day, row.last_day),
        parts=[_part(one, series_of(one), one.first_day, one.last_day) for one in rows_of(row)],
        id=row.id,
        status=row.status,
        is_expected=row.is_expected,
        note=row.note,
        judged_by=row.judged_by,
        judged_at=row.judged_at,
        drivers=None if drivers is None else [_driver(driver) for driver in drivers],
        drivers_error=error,
        created_at=row.created_at,
    )


def _episode(result: RunEpisode) -> EpisodeData:
    episode, row = result.episode, result.anomaly
    drivers = kept_drivers(row) if row else None
    return EpisodeData(
        **_figures(episode, episode.series, episode.days.first, episode.days.last),
        parts=[_part(one, one.series, one.days.first, one.days.last) for one in members(episode)],
        id=row.id if row else None,
        status=row.status if row else None,
        note=row.note if row else "",
        drivers=None if drivers is None else [_driver(driver) for driver in drivers],
        created_at=row.created_at if row else None,
        disposition=result.disposition,
    )


def _name(series: Series) -> str | None:
    """Return the team's name of the account; the names are read once per request."""
    if "account_names" not in g:
        session = db.session()
        own = session.get_one(Organization, g.api_key.caller.organization_id)
        g.account_names = given_names(session, own)
    names: Mapping[str, str] = g.account_names
    return names.get(account_id(series.account))


def _part(source: object, series: Series, first: datetime.date, last: datetime.date) -> PartData:
    amounts = ("actual", "expected", "low", "high", "deviation_percent", "impact")
    return PartData(
        first, last, series.provider_name, series.service_name, series.account,
        _name(series),
        **{name: getattr(source, name) for name in amounts},
    )  # fmt: skip


def _figures(
    source: object, series: Series, first: datetime.date, last: datetime.date
) -> dict[str, Any]:
    about = {
        "date": first,
        "start_date": first,
        "end_date": last,
        "provider_name": series.provider_name,
        "service_name": series.service_name,
        "account": series.account,
        "account_name": _name(series),
        "currency": series.currency,
    }
    set_apart = {*about, "parts"}
    others = (field.name for field in fields(FiguresData) if field.name not in set_apart)
    return about | {name: getattr(source, name) for name in others}


def _driver(driver: Driver) -> DriverData:
    change = driver.change
    return DriverData(driver.dimension, driver.value, change.before, change.now, change.amount)
