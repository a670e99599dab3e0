"""How often detection was right: of what people closed lately, by method and kind of service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from costoptix.anomalies.episodes import METRIC
from costoptix.costs.asking import Ask
from costoptix.costs.query import CostQuery
from costoptix.failures import reason
from costoptix.figures.breakdown import amount_of
from costoptix.figures.trends import share
from costoptix.lake.providers import canonical_value
from costoptix.models import Anomaly, AnomalyStatus, Organization
from costoptix.money import Amount
from costoptix.periods import MAX_RANGE_DAYS, DateRange, month_end, month_start

LOOKED_BACK = timedelta(days=90)
"""The period over which precision is computed."""

_SERVICE = ("provider_name", "service_name")
_RIGHT, _WRONG = AnomalyStatus.RESOLVED, AnomalyStatus.FALSE_POSITIVE


@dataclass(frozen=True)
class Precision:
    """Of the anomalies closed within ``LOOKED_BACK``, how many were right."""

    right: int  # resolved
    wrong: int  # false positives

    @property
    def count(self) -> int:
        """Return how many were closed."""
        return self.right + self.wrong

    @property
    def percent(self) -> Decimal | None:
        """Return the share that was right; None when none was closed."""
        return share(Decimal(self.right), Decimal(self.count))


@dataclass(frozen=True)
class PrecisionPart:
    """How right one method was with one kind of service, None where the bills name no kind."""

    method: str
    service_category: str | None
    precision: Precision


@dataclass(frozen=True)
class Precisions:
    """How right detection was with everything, and part by part, the most closed first."""

    whole: Precision
    parts: tuple[PrecisionPart, ...]


@dataclass(frozen=True)
class _Closed:
    """How many anomalies of a service a method found that were closed alike."""

    method: str
    service: tuple[str | None, ...]
    status: AnomalyStatus
    count: int
    first_day: date
    last_day: date


def precisions(session: Session, organization: Organization, ask: Ask, now: datetime) -> Precisions:
    """Count what was last judged within ``LOOKED_BACK`` of ``now`` and is closed."""
    closed = _closed(session, organization, now)
    kinds = _kinds_or_none(ask, closed) if closed else {}
    by_part: dict[tuple[str, str | None], list[_Closed]] = defaultdict(list)
    for row in closed:
        by_part[row.method, kinds.get(row.service)].append(row)
    parts = [PrecisionPart(*key, _precision(rows)) for key, rows in by_part.items()]
    parts.sort(key=lambda p: (-p.precision.count, p.method, p.service_category or ""))
    return Precisions(_precision(closed), tuple(parts))


def _precision(closed: Iterable[_Closed]) -> Precision:
    counts = {_RIGHT: 0, _WRONG: 0}
    for row in closed:
        counts[row.status] += row.count
    return Precision(counts[_RIGHT], counts[_WRONG])


def _closed(session: Session, organization: Organization, now: datetime) -> list[_Closed]:
    names = (Anomaly.provider_name, Anomaly.service_name)
    query = (
        select(
            Anomaly.method, *names, Anomaly.status, func.count(Anomaly.id),
            func.min(Anomaly.first_day), func.max(Anomaly.last_day),
        )
        .where(
            Anomaly.organization_id == organization.id,
            Anomaly.judged_at > now - LOOKED_BACK,
            Anomaly.status.in_((_RIGHT, _WRONG)),
        )
        .group_by(Anomaly.method, *names, Anomaly.status)
    )  # fmt: skip
    return [
        _Closed(row[0], (canonical_value("provider_name", row[1]), row[2]), *row[3:])
        for row in session.execute(query)
    ]


def _kinds_or_none(
    ask: Ask, closed: Sequence[_Closed]
) -> Mapping[tuple[str | None, ...], str | None]:
    """Return what ``_kinds`` does; where the bills cannot be added up, no service has a kind."""
    try:
        return _kinds(ask, closed)
    except Exception as error:
        reason(error, "the kinds of services")
        return {}


def _kinds(ask: Ask, closed: Iterable[_Closed]) -> Mapping[tuple[str | None, ...], str | None]:
    """Return the category of each service: of several that in which it cost the most."""
    last = month_end(max(row.last_day for row in closed))
    first = month_start(min(row.first_day for row in closed))
    first = max(first, month_start(last - timedelta(days=MAX_RANGE_DAYS - 32)))
    query = CostQuery(DateRange(first, last), group_by=(*_SERVICE, "service_category"))
    kinds: dict[tuple[str | None, ...], tuple[Amount, str | None]] = {}
    for row in ask(query).rows:
        *service, kind = row.group
        size = abs(amount_of(row, METRIC) or Amount(0))
        if tuple(service) not in kinds or size > kinds[tuple(service)][0]:
            kinds[tuple(service)] = (size, kind)
    return {service: kind for service, (_, kind) in kinds.items()}
