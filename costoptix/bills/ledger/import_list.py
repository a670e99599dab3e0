"""The list of imports: what each brought, in months and money, and what it replaced; sorted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Float, Select, SQLColumnExpression, case, cast, func, select
from sqlalchemy.orm import Session, aliased, contains_eager, defer

from costoptix.models import Import, Organization, ReconciliationLine, Source
from costoptix.money import FILE_SUMS, Amount, total
from costoptix.periods import BillingPeriod

NEWEST = "-arrived"
_METRIC = "billed_cost"
_source = aliased(Source)


@dataclass
class ListedImport:
    """An import with what it brought; sums are of billed cost, by currency."""

    row: Import
    first: BillingPeriod | None = None
    last: BillingPeriod | None = None
    stored: dict[str, Amount] = field(default_factory=dict)
    replaced: dict[str, Amount] = field(default_factory=dict)  # what was live of its months before

    @property
    def source(self) -> str | None:
        """Return the name of its source, as far as it is known."""
        return self.row.source.name if self.row.source else self.row.source_name


def list_page(
    session: Session,
    organization: Organization,
    *,
    order_by: str,
    by_source: bool,
    limit: int,
    skip: int,
) -> list[ListedImport]:
    """Return at most ``limit`` imports in an order of ``parse_order``, all but the first ``skip``.

    With ``by_source`` those of one source stand together. Sums of several currencies are in the
    order of the largest of them. Their ``options`` and ``notes`` are not loaded.
    """
    column, is_down = _COLUMNS[order_by.lstrip("-")], order_by.startswith("-")
    order = [(column.desc() if is_down else column.asc()).nulls_last(), Import.id.desc()]
    if by_source:
        order.insert(0, _SOURCE_NAME.asc().nulls_last())
    rows = session.scalars(
        select(Import)
        .outerjoin(_source, Import.source_id == _source.id)
        .options(
            contains_eager(Import.source.of_type(_source)),
            defer(Import.options, raiseload=True),
            defer(Import.notes, raiseload=True),
        )
        .where(Import.organization_id == organization.id)
        .order_by(*order)
        .limit(limit)
        .offset(skip)
    ).all()
    return _with_sums(session, rows)


def parse_order(text: str) -> str:
    """Return an order of the list: a column's name, or with a minus before it downwards.

    Raises:
        ValueError: there is no such column.
    """
    if text.removeprefix("-") not in _COLUMNS:
        raise ValueError(f"it must be one of {', '.join(_COLUMNS)}, or one of them after a minus")
    return text


def _with_sums(session: Session, rows: Sequence[Import]) -> list[ListedImport]:
    listed = {row.id: ListedImport(row) for row in rows}
    lines: defaultdict[str, list[ReconciliationLine]] = defaultdict(list)
    mine = select(ReconciliationLine).where(
        ReconciliationLine.import_id.in_(listed), ReconciliationLine.metric == _METRIC
    )
    for line in session.scalars(mine):
        lines[line.import_id].append(line)
    for import_id, of_import in lines.items():
        _add(listed[import_id], of_import)
    return list(listed.values())


def _add(listed: ListedImport, lines: Sequence[ReconciliationLine]) -> None:
    periods = sorted(
        {line.period for line in lines if line.period is not None and line.rows_kept},
        key=lambda period: (period.first, period.last),
    )
    if periods:
        listed.first, listed.last = periods[0], periods[-1]
    stored, replaced = defaultdict[str, list[Amount]](list), defaultdict[str, list[Amount]](list)
    for line in lines:
        if line.currency is not None and line.stored is not None and line.rows_kept:
            stored[line.currency].append(line.stored)
        if line.currency is not None and line.sum_before is not None:
            replaced[line.currency].append(line.sum_before)
    listed.stored = {code: total(sums, FILE_SUMS) for code, sums in sorted(stored.items())}
    listed.replaced = {code: total(sums, FILE_SUMS) for code, sums in sorted(replaced.items())}


def _of_lines(column: SQLColumnExpression[Any]) -> Select[Any]:
    return select(column).where(
        ReconciliationLine.import_id == Import.id, ReconciliationLine.metric == _METRIC
    )


def _largest_sum(amount: SQLColumnExpression[Any]) -> SQLColumnExpression[Any]:
    """Return the largest sum of one currency; only to sort by: what is shown is exact."""
    sum_ = func.sum(cast(amount, Float))
    by_currency = _of_lines(sum_).where(
        ReconciliationLine.currency.is_not(None), amount.is_not(None)
    )
    largest = by_currency.group_by(ReconciliationLine.currency).order_by(sum_.desc()).limit(1)
    return largest.correlate(Import).scalar_subquery()


_SOURCE_NAME = func.coalesce(_source.name, Import.source_name)
_FIRST_PERIOD = (
    _of_lines(func.min(ReconciliationLine.billing_period))
    .where(ReconciliationLine.rows_kept > 0)
    .correlate(Import)
    .scalar_subquery()
)
_STORED = case((ReconciliationLine.is_missing, None), else_=ReconciliationLine.sum_stored)
_COLUMNS: dict[str, SQLColumnExpression[Any]] = {
    "file_name": Import.file_name,
    "state": Import.state,
    "period": _FIRST_PERIOD,
    "billed_cost": _largest_sum(_STORED),
    "replaced": _largest_sum(ReconciliationLine.sum_before),
    "source": _SOURCE_NAME,
    "rows": Import.rows_kept,
    "arrived": Import.created_at,
}
