"""Which anomalies there are: listed, narrowed, and as flags beside the services they are of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from sqlalchemy import ColumnElement, and_, case, false, func, not_, or_, select
from sqlalchemy.orm import Session, selectinload

from costoptix.anomalies.episodes import DIMENSIONS, Series
from costoptix.anomalies.floors import reaches_floor
from costoptix.anomalies.ordering import (
    LARGEST,
    RANK,
    SIZE,
    AnomalyPosition,
    is_after,
    sorting,
)
from costoptix.costs.asking import Ask
from costoptix.costs.query import ACCOUNT, DEFAULT_ORDER, CostQuery, parse_account
from costoptix.drafts import Draft
from costoptix.errors import Invalid
from costoptix.figures.breakdown import Group
from costoptix.lake.providers import account_of, same_account
from costoptix.models import (
    Anomaly,
    AnomalyPart,
    AnomalyStatus,
    DetectionRun,
    Organization,
    Severity,
)
from costoptix.money import Amount
from costoptix.periods import DateRange, Granularity, Preset, parse_day, resolve_preset

MARKED = 2000
"""How many anomalies charts mark at most, the largest of a range."""


class FloorChoice(StrEnum):
    """Which anomalies by the floor of their currency; what a person has judged is above it."""

    ABOVE = "above"
    BELOW = "below"
    ANY = "any"


@dataclass(frozen=True)
class AnomalyFilters:
    """Which anomalies are asked for; the values of one field OR, and an empty one is any.

    Without statuses it is any but ``history``, which is listed only when it is asked for. Days are
    inclusive: an anomaly is wanted when one of its days lies among them.
    """

    statuses: tuple[AnomalyStatus, ...] = ()
    severities: tuple[Severity, ...] = ()
    accounts: tuple[str, ...] = ()  # slug:sub_account_id
    service_names: tuple[str | None, ...] = ()  # None: what is of no service
    currencies: tuple[str, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    floor: FloorChoice = FloorChoice.ABOVE


def _in_one_spelling(account: str) -> str:
    """Return an account as lists offer it; what is none is refused where it is read."""
    return same_account(account) if ":" in account else account


class AnomalyFiltersDraft(Draft):
    """What lists of anomalies are asked by, on pages and in the API alike."""

    severity: list[Severity] = Field(default=[], description="Only of this severity; repeatable.")
    account: list[Annotated[str, AfterValidator(_in_one_spelling)]] = Field(
        default=[],
        description="slug:sub_account_id, for example aws:123456789012; repeatable.",
    )
    service_name: list[str] = Field(default=[], description="Only of this service; repeatable.")
    range: Preset | None = Field(
        default=None, description="A range that moves with the calendar, instead of the two dates."
    )
    start_date: str | None = Field(default=None, description="First day, UTC, inclusive.")
    end_date: str | None = Field(default=None, description="Last day, UTC, inclusive.")
    floor: FloorChoice = Field(
        default=FloorChoice.ABOVE,
        description="`below` is what was kept and is worth less than the organization's floor, and "
        "what nobody has judged; `above` is what is not, `any` is all.",
    )

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
            floor=self.floor,
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
            DateRange.asked(first, last)  # refuses what is reversed or too long
        return first, last


@dataclass(frozen=True)
class Flag:
    """How many anomalies a service had, and how severe the worst of them was."""

    count: int
    severity: Severity


def list_anomalies(
    session: Session,
    organization: Organization,
    filters: AnomalyFilters | None = None,
    order: str = LARGEST,
    *,
    limit: int | None = None,
    offset: int = 0,
    after: AnomalyPosition | None = None,
) -> Sequence[Anomaly]:
    """List one page of the anomalies that were kept (all when ``limit`` is None), sorted.

    ``order`` is one of ``ordering.ORDERS``. The page begins at ``offset``, or after the position
    at which the page before ended.
    """
    conditions = _conditions(session, organization, filters or AnomalyFilters())
    if after is not None:
        conditions.append(is_after(after, order))
    query = select(Anomaly).where(*conditions).order_by(*sorting(order))
    parts = selectinload(Anomaly.parts)
    return session.scalars(query.options(parts).limit(limit).offset(offset)).all()


def worst_anomalies(
    session: Session, organization: Organization, filters: AnomalyFilters, limit: int
) -> Sequence[Anomaly]:
    """List the anomalies that matter most: the most severe first, of these the largest."""
    conditions = _conditions(session, organization, filters)
    query = select(Anomaly).where(*conditions).order_by(*sorting("-severity"))
    return session.scalars(query.limit(limit)).all()


def count_anomalies(
    session: Session, organization: Organization, filters: AnomalyFilters | None = None
) -> int:
    """Count the anomalies that were kept."""
    conditions = _conditions(session, organization, filters or AnomalyFilters())
    return session.scalar(select(func.count(Anomaly.id)).where(*conditions)) or 0


@dataclass(frozen=True)
class Mark:
    """What a chart says of an anomaly that matters."""

    anomaly_id: str
    first_day: date
    currency: str
    service_name: str | None
    impact: Amount


def marks(session: Session, organization: Organization, filters: AnomalyFilters) -> list[Mark]:
    """List what charts mark, at most the ``MARKED`` largest: no low ones and no false positives."""
    query = (
        select(
            Anomaly.id, Anomaly.first_day, Anomaly.currency, Anomaly.service_name, Anomaly.impact
        )
        .where(
            *_conditions(session, organization, filters),
            Anomaly.severity != Severity.LOW,
            Anomaly.status != AnomalyStatus.FALSE_POSITIVE,
        )
        .order_by(SIZE.desc())
        .limit(MARKED)
    )
    return [Mark(*row) for row in session.execute(query)]


def accounts_of(session: Session, organization: Organization) -> list[str]:
    """List the accounts (``slug:sub_account_id``) that have anomalies."""
    return sorted({account_of(*pair) for pair in _account_pairs(session, organization)})


def services_of(session: Session, organization: Organization) -> list[str]:
    """List the names of the services that have anomalies."""
    names: set[str | None] = set()
    for table in (Anomaly, AnomalyPart):
        mine = select(table.service_name).where(table.organization_id == organization.id)
        names.update(session.scalars(mine.distinct()))
    return sorted(name for name in names if name)


def _conditions(
    session: Session, organization: Organization, filters: AnomalyFilters
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Anomaly.organization_id == organization.id]
    if filters.statuses:
        conditions.append(Anomaly.status.in_(filters.statuses))
    else:
        conditions.append(Anomaly.status != AnomalyStatus.HISTORY)
    if filters.floor is not FloorChoice.ANY:
        above = or_(Anomaly.judged_at.is_not(None), reaches_floor(session, organization))
        conditions.append(above if filters.floor is FloorChoice.ABOVE else not_(above))
    if filters.severities:
        conditions.append(Anomaly.severity.in_(filters.severities))
    if filters.service_names:
        names = filters.service_names
        of_part = _has_part(organization, _is_any(AnomalyPart.service_name, names))
        conditions.append(or_(_is_any(Anomaly.service_name, names), of_part))
    if filters.currencies:
        conditions.append(Anomaly.currency.in_(filters.currencies))
    if filters.first_day is not None:
        conditions.append(Anomaly.last_day >= filters.first_day)
    if filters.last_day is not None:
        conditions.append(Anomaly.first_day <= filters.last_day)
    if filters.accounts:
        conditions.append(_is_of_account(session, organization, filters.accounts))
    return conditions


def _is_any(column: Any, values: Collection[str | None]) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = column.in_([one for one in values if one is not None])
    return or_(condition, column.is_(None)) if None in values else condition


def _is_of_account(
    session: Session, organization: Organization, accounts: Collection[str]
) -> ColumnElement[bool]:
    """Write a condition: names of one provider share a slug, so that they are told apart here."""
    pairs = [p for p in _account_pairs(session, organization) if account_of(*p) in accounts]
    return or_(_any_pair(Anomaly, pairs), _has_part(organization, _any_pair(AnomalyPart, pairs)))


def _any_pair(
    table: type[Anomaly] | type[AnomalyPart], pairs: Iterable[tuple[str | None, str | None]]
) -> ColumnElement[bool]:
    return or_(
        false(),
        *(
            and_(
                table.provider_name.is_not_distinct_from(provider),
                table.sub_account_id.is_not_distinct_from(number),
            )
            for provider, number in pairs
        ),
    )


def _has_part(organization: Organization, which: ColumnElement[bool]) -> ColumnElement[bool]:
    mine = AnomalyPart.organization_id == organization.id
    return Anomaly.id.in_(select(AnomalyPart.anomaly_id).where(mine, which))


def _account_pairs(
    session: Session, organization: Organization
) -> Sequence[tuple[str | None, str | None]]:
    pairs: set[tuple[str | None, str | None]] = set()
    for table in (Anomaly, AnomalyPart):
        mine = table.organization_id == organization.id
        columns = select(table.provider_name, table.sub_account_id).where(mine).distinct()
        pairs.update((provider, number) for provider, number in session.execute(columns))
    return list(pairs)


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
    flagged: dict[tuple[str, Group], Flag] = {}
    for series, flag in _flags_by_series(session, organization, ask, query):
        group = tuple(getattr(series, name) for name in query.group_by)
        before = flagged.get((series.currency, group), Flag(0, flag.severity))
        worst = max(before.severity, flag.severity, key=RANK.__getitem__)
        flagged[series.currency, group] = Flag(before.count + flag.count, worst)
    return flagged


def _flags_by_series(
    session: Session, organization: Organization, ask: Ask, query: CostQuery
) -> Iterator[tuple[Series, Flag]]:
    """Yield each series and severity with how many anomalies of it there were."""
    days = query.date_range
    filters = AnomalyFilters(first_day=days.first, last_day=days.last)
    # An anomaly of several parts flags the series of each.
    names = [
        case((AnomalyPart.id.is_(None), getattr(Anomaly, name)), else_=getattr(AnomalyPart, name))
        .label(name)
        for name in (*DIMENSIONS, "currency")
    ]  # fmt: skip
    counted = (
        select(*names, Anomaly.severity, func.count().label("flagged"))
        .select_from(Anomaly)
        .outerjoin(AnomalyPart, AnomalyPart.anomaly_id == Anomaly.id)
        .where(
            *_conditions(session, organization, filters),
            Anomaly.status != AnomalyStatus.FALSE_POSITIVE,
        )
        .group_by(*names, Anomaly.severity)
    )
    rows = session.execute(counted).all()
    chosen = None
    if rows and (query.filters or query.exclusions):
        by_series = replace(
            query, granularity=Granularity.TOTAL, group_by=DIMENSIONS, order_by=DEFAULT_ORDER
        )
        chosen = {(row.currency, row.group) for row in ask(by_series).rows}
    for row in rows:
        series = Series.spelled(
            row.provider_name, row.service_name, row.sub_account_id, row.currency
        )
        group = tuple(getattr(series, name) for name in DIMENSIONS)
        if chosen is None or (series.currency, group) in chosen:
            yield series, Flag(row.flagged, row.severity)
