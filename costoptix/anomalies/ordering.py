"""How lists of anomalies are sorted, in SQL, and where a page of one ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, String, and_, case, cast, func, literal, or_, select
from sqlalchemy import type_coerce as coerced
from sqlalchemy.orm import Session

from costoptix.models import Anomaly, Severity

SIZE: ColumnElement[float] = func.abs(cast(Anomaly.impact, Float))
"""The impact, whether more or less was spent. For sorting only: exact decimals are text in the
database, which sorts as text."""

RANK: Mapping[Severity, int] = {severity: rank for rank, severity in enumerate(Severity)}
BY_SEVERITY: ColumnElement[int] = case(dict(RANK), value=Anomaly.severity)

_BEYOND_MEASURE = 1e300
"""Where a deviation sorts that nothing was expected of."""

AnomalyPosition = tuple[Any, float, str]
"""Where a page of a list ended: what it is sorted by, the size, the id."""


@dataclass(frozen=True)
class _Column:
    """What a list can be sorted by, and how its values are read back from a cursor."""

    value: Any  # an SQL expression
    read: Callable[[Any], Any] = lambda value: value


def _amount(column: Any) -> _Column:
    return _Column(cast(column, Float))


def _text(column: Any) -> _Column:
    return _Column(func.coalesce(coerced(column, String), ""))


_COLUMNS = {
    "impact": _Column(SIZE),
    "date": _Column(Anomaly.first_day, date.fromisoformat),
    "end_date": _Column(Anomaly.last_day, date.fromisoformat),
    "actual": _amount(Anomaly.actual),
    "expected": _amount(Anomaly.expected),
    "deviation_percent": _Column(
        func.coalesce(cast(Anomaly.deviation_percent, Float), _BEYOND_MEASURE)
    ),
    "severity": _Column(BY_SEVERITY),
    "status": _text(Anomaly.status),
    "service_name": _text(Anomaly.service_name),
    "provider_name": _text(Anomaly.provider_name),
    "account": _text(Anomaly.sub_account_id),
    "currency": _text(Anomaly.currency),
    "method": _text(Anomaly.method),
    "created_at": _Column(Anomaly.created_at, datetime.fromisoformat),
}
ORDERS = tuple(f"{sign}{name}" for name in _COLUMNS for sign in ("-", ""))
"""What a list may be sorted by; ``-`` is descending. What is equal goes by size, then by id."""

LARGEST = "-impact"


def parse_order(text: str) -> str:
    """Return an order if it is one.

    Raises:
        ValueError: it is none; the sentence lists them.
    """
    if text not in ORDERS:
        raise ValueError(f"it must be one of {', '.join(_COLUMNS)}, with - in front for descending")
    return text


def sorting(order: str) -> tuple[ColumnElement[Any], ...]:
    """Return what a list in this order is sorted by; the order is total."""
    value = _column(order).value
    return value.desc() if _is_descending(order) else value.asc(), SIZE.desc(), Anomaly.id.asc()


def position(session: Session, anomaly: Anomaly, order: str) -> AnomalyPosition:
    """Return where in a list an anomaly stands, as the database computes it; for JSON."""
    columns = select(_column(order).value, SIZE).where(Anomaly.id == anomaly.id)
    value, size = session.execute(columns).one()
    return value.isoformat() if isinstance(value, date) else value, float(size), anomaly.id


def is_after(after: AnomalyPosition, order: str) -> ColumnElement[bool]:
    """Return the condition of what comes behind a position."""
    column = _column(order)
    written, size, anomaly_id = after
    last = literal(column.read(written), column.value.type)
    beyond = column.value < last if _is_descending(order) else column.value > last
    last_size = literal(size)
    is_smaller = or_(last_size > SIZE, and_(last_size == SIZE, Anomaly.id > anomaly_id))
    return or_(beyond, and_(column.value == last, is_smaller))


def _column(order: str) -> _Column:
    return _COLUMNS[order.removeprefix("-")]


def _is_descending(order: str) -> bool:
    return order.startswith("-")
