"""Which anomalies there are: listed, narrowed, and as flags beside the services they are of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from costoptix.anomalies.episodes import DIMENSIONS
from costoptix.anomalies.recording import series_of
from costoptix.costs.asking import Ask
from costoptix.costs.query import ACCOUNT, DEFAULT_ORDER, CostQuery, parse_account
from costoptix.drafts import Draft
from costoptix.errors import Invalid
from costoptix.figures.breakdown import Group
from costoptix.models import Anomaly, AnomalyStatus, DetectionRun, Organization, Severity
from costoptix.periods import DateRange, Granularity, Preset, parse_day, resolve_preset

_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True)
class AnomalyFilters:
    """Which anomalies are asked for; the values of one field OR, and an empty one is any.

    Days are inclusive: an anomaly is wanted when one of its days lies among them.
    """

    statuses: tuple[AnomalyStatus, ...] = ()
    severities: tuple[Severity, ...] = ()
    accounts: tuple[str, ...] = ()  # slug:sub_account_id
    service_names: tuple[str, ...] = ()
    first_day: date | None = None
    last_day: date | None = None


class AnomalyFiltersDraft(Draft):
    """What lists of anomalies are asked by, on pages and in the API alike."""

    severity: list[Severity] = Field(default=[], description="Only of this severity; repeatable.")
    account: list[str] = Field(
        default=[],
        description="slug:sub_account_id, for example aws:123456789012; repeatable.",
    )
    service_name: list[str] = Field(default=[], description="Only of this service; repeatable.")
    range: Preset | None = Field(
        default=None, description="A range that moves with the calendar, instead of the two dates."
    )
    start_date: str | None = Field(default=None, description="First day, UTC, inclusive.")
    end_date: str | None = Field(default=None, description="Last day, UTC, inclusive.")

    def filters(self, statuses: Sequence[AnomalyStatus], today: date) -> AnomalyFilters:
        """Return what is asked for.

        Raises:
            Invalid: an account or a day has another form, or the days are reversed.
        """
        first, last = self._days(today)
        return AnomalyFilters(
            statuses=tuple(statuses),
            severities=tuple(self.severity),
            accounts=tuple(parse_account(account, ACCOUNT) for account in self.account),
            service_names=tuple(self.service_name),
            first_day=first,
            last_day=last,
        )

    def _days(self, today: date) -> tuple[date | None, date | None]:
        if self.range is not None:
            if self.start_date or self.end_date:
                raise Invalid("range cannot be combined with start_date or end_date.")
            days = resolve_preset(self.range, today)
            return days.first, days.last
        first = parse_day(self.start_date, "start_date") if self.start_date else None
        last = parse_day(self.end_date, "end_date") if self.end_date else None
        if first and last:
            DateRange(first, last)  # refuses what is reversed or too long
        return first, last


@dataclass(frozen=True)
class Flag:
    """How many anomalies a service had, and how severe the worst of them was."""

    count: int
    severity: Severity


def list_anomalies(
    session: Session, organization: Organization, filters: AnomalyFilters | None = None
) -> Sequence[Anomaly]:
    """List the anomalies that were kept, newest first, the largest of a day first."""
    filters = filters or AnomalyFilters()
    query = select(Anomaly).where(Anomaly.organization_id == organization.id)
    if filters.statuses:
        query = query.where(Anomaly.status.in_(filters.statuses))
    if filters.severities:
        query = query.where(Anomaly.severity.in_(filters.severities))
    if filters.service_names:
        query = query.where(Anomaly.service_name.in_(filters.service_names))
    if filters.first_day is not None:
        query = query.where(Anomaly.last_day >= filters.first_day)
    if filters.last_day is not None:
        query = query.where(Anomaly.first_day <= filters.last_day)
    # Several names of one provider share a slug, so that accounts are told apart here.
    rows = [
        row
        for row in session.scalars(query).all()
        if not filters.accounts or series_of(row).account in filters.accounts
    ]
    return sorted(rows, key=lambda row: (-row.first_day.toordinal(), -abs(row.impact), row.id))


def last_run(session: Session, organization: Organization) -> DetectionRun | None:
    """Return what the last run looked at; None before the first."""
    return session.get(DetectionRun, organization.id)


def version(session: Session, organization: Organization) -> tuple[object, ...]:
    """Return what changes whenever a run ends or somebody judges, for the ETag of answers."""
    run = last_run(session, organization)
    mine = Anomaly.organization_id == organization.id
    judged = session.scalar(select(func.max(Anomaly.judged_at)).where(mine))
    return (run.finished_at if run else None, judged)


def flags(
    session: Session, organization: Organization, ask: Ask, query: CostQuery
) -> dict[tuple[str, Group], Flag]:
    """Return a flag for each of a query's groups that had anomalies, by currency and group.

    Counted is what has a day in the query's range, was not judged a false positive, and is of a
    service in an account with charges among those that the query selects. The query is grouped
    by ``episodes.DIMENSIONS`` only.
    """
    by_group: dict[tuple[str, Group], list[Anomaly]] = {}
    for row in _unusual(session, organization, ask, query):
        group = tuple(getattr(row, name) for name in query.group_by)
        by_group.setdefault((row.currency, group), []).append(row)
    return {key: _flag(rows) for key, rows in by_group.items()}


def _flag(rows: Sequence[Anomaly]) -> Flag:
    worst = max((row.severity for row in rows), key=_RANK.__getitem__)
    return Flag(len(rows), worst)


def _unusual(
    session: Session, organization: Organization, ask: Ask, query: CostQuery
) -> Iterator[Anomaly]:
    days = query.date_range
    judged_right = tuple(
        status for status in AnomalyStatus if status is not AnomalyStatus.FALSE_POSITIVE
    )
    filters = AnomalyFilters(judged_right, first_day=days.first, last_day=days.last)
    rows = list_anomalies(session, organization, filters)
    if not rows or not (query.filters or query.exclusions):
        yield from rows
        return
    by_series = replace(
        query, granularity=Granularity.TOTAL, group_by=DIMENSIONS, order_by=DEFAULT_ORDER
    )
    chosen = {(row.currency, row.group) for row in ask(by_series).rows}
    for row in rows:
        if (row.currency, tuple(getattr(row, name) for name in DIMENSIONS)) in chosen:
            yield row
