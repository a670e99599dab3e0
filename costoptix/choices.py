"""An organization's choices: its cost metric, floors of anomalies, time zone and report day.

The metric is what pages, messages and ``/analytics`` show where none is named. Time zone and report
day say when reports go out and nothing else: every day of every figure is a day in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import BeforeValidator, Field
from sqlalchemy.orm import Session

from costoptix.access import audit
from costoptix.access.permissions import Caller, Permission, require
from costoptix.anomalies import floors
from costoptix.anomalies.floors import Floors
from costoptix.database import writing
from costoptix.drafts import Draft
from costoptix.errors import Conflict
from costoptix.lake.live import renew_data_version
from costoptix.models import Organization, Weekday

LONGEST_ZONE = 64
_NO_PLACES = ("Factory", "localtime")
"""Names in time zone databases that name no place."""

_COLUMNS = {
    "metric": "metric",
    "anomaly_floor": "anomaly_floors",
    "time_zone": "time_zone",
    "report_weekday": "report_weekday",
}
"""Where each choice is kept."""

_TITLES = {
    "metric": "the cost that is shown",
    "anomaly_floor": "the floor",
    "time_zone": "the time zone",
    "report_weekday": "the report day",
}
_MOVE_FIGURES = ("metric", "anomaly_floor")
"""Choices that change what pages and answers show: they renew the data version."""


@cache
def time_zones() -> Mapping[str, str]:
    """Return the IANA names of time zones, each by itself in lower case."""
    names = sorted(available_timezones().difference(_NO_PLACES))
    return {name.lower(): name for name in names}


def _time_zone(value: object) -> str:
    name = time_zones().get(value.strip().lower()) if isinstance(value, str) else None
    if name is None:
        raise ValueError("give the IANA name of a time zone, such as Europe/Berlin or UTC")
    return name


def _weekday(value: object) -> Weekday:
    try:
        return Weekday(value.strip().lower() if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f"it must be one of {', '.join(Weekday)}") from None


DefaultMetric = Literal["billed_cost", "effective_cost"]
TimeZone = Annotated[str, BeforeValidator(_time_zone), Field(max_length=LONGEST_ZONE)]


_LEFT_OUT: Any = None
"""The default of a field that stays as it is when it is absent; null is not absent, and wrong."""


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class ChoicesDraft(Draft):
    """What shall be different; what is left out stays as it is."""

    metric: DefaultMetric = Field(
        default=_LEFT_OUT,
        json_schema_extra=_without_default,
        description="What pages, messages and `/analytics` show where no metric is named. Budgets"
        " have their own; anomalies are always of effective_cost.",
    )
    anomaly_floor: Floors = Field(
        default=_LEFT_OUT,
        json_schema_extra=_without_default,
        description="By currency, below how much an anomaly is neither kept nor told; 0 keeps all, "
        "null is the usual floor again: the larger of 0.1% of the usual daily cost and 1.00 (100 "
        "where the currency has no decimals).",
    )
    time_zone: TimeZone = Field(
        default=_LEFT_OUT,
        json_schema_extra=_without_default,
        description="IANA name of the zone by whose days reports go out. Days of costs are UTC.",
    )
    report_weekday: Annotated[Weekday, BeforeValidator(_weekday)] = Field(
        default=_LEFT_OUT,
        json_schema_extra=_without_default,
        description="The day on which weekly reports go out.",
    )

    def changes(self) -> dict[str, Any]:
        """Return what was given, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def current(organization: Organization) -> dict[str, Any]:
    """Return the choices as they are, by the names of the draft; of floors, those that are set."""
    return {name: getattr(organization, column) for name, column in _COLUMNS.items()}


def change(
    session: Session,
    organization: Organization,
    caller: Caller,
    draft: ChoicesDraft,
    seen: Mapping[str, Any] | None = None,
) -> None:
    """Change what an organization chose, all of it or nothing.

    ``seen`` is what its admin had before their eyes, by name (of floors, the texts of those that
    were shown): what somebody else has changed meanwhile is not overwritten.

    Raises:
        Forbidden: the caller is not an admin.
        Conflict: what would be changed is not as it was seen.
    """
    require(caller, Permission.ADMIN)
    with _held(session, organization):
        before, after = current(organization), current(organization) | draft.changes()
        if draft.anomaly_floor is not None:
            after["anomaly_floor"] = floors.merged(before["anomaly_floor"], draft.anomaly_floor)
        changed = [name for name in _COLUMNS if after[name] != before[name]]
        _check_unchanged(before, changed, draft, seen or {})
        if not changed:
            return
        for name in changed:
            setattr(organization, _COLUMNS[name], after[name])
        if any(name in _MOVE_FIGURES for name in changed):
            renew_data_version(session, organization.id)
        audit.record(
            session, caller, "organization.changed",
            subject=organization.name, subject_id=organization.id,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )  # fmt: skip


@contextmanager
def _held(session: Session, organization: Organization) -> Iterator[None]:
    """Write while nobody else does: on PostgreSQL two admins would read the same row."""
    with writing(session):
        session.refresh(organization, with_for_update=True)
        yield


def _check_unchanged(
    before: Mapping[str, Any], changed: list[str], draft: ChoicesDraft, seen: Mapping[str, Any]
) -> None:
    for name in changed:
        if name not in seen:
            continue
        was = before[name]
        if name == "anomaly_floor":
            was = {currency: was.get(currency) for currency in draft.anomaly_floor}
        if was != seen[name]:
            reason = "somebody else has changed it meanwhile; save again if you still want this"
            title = _TITLES[name]
            raise Conflict(f"{title[0].upper()}{title[1:]}: {reason}.", field=name, reason=reason)
