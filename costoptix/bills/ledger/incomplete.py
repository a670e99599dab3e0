"""Months of which some of a provider's datasets are not here, and which cost lacks what.

What a dataset lacks without another one is said by the format (Azure: by ``formats/azure.py``).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.bills.ledger.delivery_periods import overlapping
from costoptix.bills.read import recognize
from costoptix.models import Delivery, DeliveryState
from costoptix.periods import BillingPeriod


@dataclass(frozen=True)
class Incomplete:
    """A live billing period of one billing account that lacks another dataset."""

    source_id: str
    billing_account_id: str
    billing_period: BillingPeriod
    dataset: str  # the one that is here
    sentence: str  # which cost lacks what


@dataclass
class _DatasetsOfMonth:
    """The datasets of one billing account and month of a source."""

    family: str | None = None
    present: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)  # live, with charges that no other dataset has

    @property
    def lacking(self) -> dict[str, str]:
        datasets = recognize.datasets_of(self.family)
        return {} if datasets is None else datasets.lacking(self.present, self.shown)


def incomplete(
    session: Session, organization_id: str, first: date, last: date
) -> tuple[Incomplete, ...]:
    """Return the live periods with a day from ``first`` to ``last`` that lack a dataset.

    Where the charges of the one that is here show no dataset, the other one would say the same.
    """
    deliveries = select(
        Delivery.source_id, Delivery.billing_account_id, Delivery.billing_period,
        Delivery.billing_period_last, Delivery.family, Delivery.dataset,
        Delivery.dataset_shown_by, Delivery.is_live,
    ).where(
        Delivery.organization_id == organization_id,
        Delivery.state != DeliveryState.WITHDRAWN,
        Delivery.dataset.is_not(None),
        *overlapping(first, last),
    )  # fmt: skip
    months: defaultdict[tuple[str, str, BillingPeriod], _DatasetsOfMonth] = defaultdict(
        _DatasetsOfMonth
    )
    for row in session.execute(deliveries):
        period = BillingPeriod.stored(row.billing_period, row.billing_period_last)
        month = months[row.source_id, row.billing_account_id, period]
        month.family = row.family
        month.present.add(row.dataset)
        if row.is_live and row.dataset_shown_by is not None:
            month.shown.add(row.dataset)
    return tuple(
        Incomplete(*scope, dataset, sentence)
        for scope, month in sorted(months.items(), key=lambda item: item[0][::-1])
        for dataset, sentence in month.lacking.items()
    )
