"""``/anomalies``: what was unusual, people's judgements, and detection on demand.

Amounts and percentages are exact decimal strings; all amounts are sums over the days from
``date`` to ``end_date``.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from costoptix import queue
from costoptix.access.permissions import Permission
from costoptix.anomalies import judgements, listing, service
from costoptix.anomalies.causes import members
from costoptix.anomalies.detect import Method
from costoptix.anomalies.dispositions import Disposition, RunEpisode
from costoptix.anomalies.job import JOB_KIND
from costoptix.anomalies.judgements import JudgementDraft, JudgementsDraft
from costoptix.anomalies.listing import AnomalyFiltersDraft
from costoptix.anomalies.ordering import LARGEST, ORDERS, parse_order, position
from costoptix.anomalies.precision import LOOKED_BACK, Precision, precisions
from costoptix.anomalies.recording import kept_drivers
from costoptix.anomalies.service import DetectionDraft
from costoptix.api.anomaly_data import (
    AnomalyData,
    DriverData,
    FiguresData,
    anomaly_data,
    driver_data,
    figures_of,
    part_data,
)
from costoptix.api.anomaly_details import AnomalyDetails, details_of
from costoptix.api.answers import Answer
from costoptix.api.endpoint import Call, operation
from costoptix.api.paging import PageQuery, sign, unsign
from costoptix.clock import utc_now, utc_today
from costoptix.costs.asking import asker
from costoptix.models import AnomalyStatus


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
    data = [anomaly_data(row, kept_drivers(row), None) for row in listed]
    return Answer(data, meta={"next_cursor": cursor, **_about(call)})


@operation(
    "GET", "/anomalies/<anomaly_id>", permission=Permission.READ, data=AnomalyDetails,
    summary="Show an anomaly: what drove it, day by day, what was said, what came before",
)  # fmt: skip
def get_anomaly(call: Call, anomaly_id: str) -> AnomalyDetails:
    """Show it."""
    return details_of(call, service.get(call.session, call.organization, anomaly_id))


@operation(
    "PATCH", "/anomalies/<anomaly_id>", permission=Permission.WRITE, body=JudgementDraft,
    data=AnomalyDetails,
    summary="Say what an anomaly is: its status, a note, whether it is expected",
)  # fmt: skip
def judge_anomaly(call: Call, anomaly_id: str, body: JudgementDraft) -> AnomalyDetails:
    """Judge it."""
    row = service.get(call.session, call.organization, anomaly_id)
    judgements.judge(call.session, row, call.caller, body)
    return details_of(call, row)


@operation(
    "POST", "/anomalies/judge", permission=Permission.WRITE, body=JudgementsDraft,
    data=list[AnomalyData], summary="Judge several anomalies alike: all of them or none",
)  # fmt: skip
def judge_anomalies(call: Call, body: JudgementsDraft) -> list[AnomalyData]:
    """Judge them."""
    rows = judgements.judge_all(call.session, call.organization, call.caller, body)
    return [anomaly_data(row, kept_drivers(row), None) for row in rows]


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
    last = listing.last_run(call.session, call.organization)
    return {
        "precision": _precision(call),
        "detected_at": last.finished_at if last else None,
        "detection_failed_at": queue.failed_at(call.session, JOB_KIND, call.organization.id),
        "not_kept": last.further if last else [],
        "below_floor": last.below_floor if last else 0,
    }


def _precision(call: Call) -> dict[str, Any]:
    """Return how right detection was; ``parts`` is None where it cannot be computed."""
    ask = asker(call.session, call.organization, call.store)
    right = precisions(call.session, call.organization, ask, utc_now())
    parts = [
        {"method": part.method, "service_category": part.service_category} | _counts(part.precision)
        for part in right.parts
    ]
    return {"days": LOOKED_BACK.days, **_counts(right.whole), "parts": parts}


def _counts(precision: Precision) -> dict[str, Any]:
    return {
        "right": precision.right,
        "wrong": precision.wrong,
        "count": precision.count,
        "percent": precision.percent,
    }


def _episode(result: RunEpisode) -> EpisodeData:
    episode, row = result.episode, result.anomaly
    drivers = kept_drivers(row) if row else None
    return EpisodeData(
        **figures_of(episode, episode.series, episode.days.first, episode.days.last),
        parts=[
            part_data(one, one.series, one.days.first, one.days.last) for one in members(episode)
        ],
        id=row.id if row else None,
        status=row.status if row else None,
        note=row.note if row else "",
        drivers=None if drivers is None else [driver_data(driver) for driver in drivers],
        created_at=row.created_at if row else None,
        disposition=result.disposition,
    )
