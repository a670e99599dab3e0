"""Finds the coverage of deliveries: of those that are live in the lake, of a new one as staged.

Files are read once each, and outside the write lock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.bills.ledger.coverage import Part
from costoptix.bills.ledger.deliveries import sub_accounts_of
from costoptix.bills.read.staged import Scope, SubAccount
from costoptix.models import Delivery, DeliveryFile

if TYPE_CHECKING:
    from costoptix.lake.coverage import Coverage

logger = logging.getLogger(__name__)

_KIND, _WITHOUT = "coverage", "daily"
"""The kind of the file that holds it; the roll-up that it is made of where there is none."""


class Coverages(Protocol):
    """Where the coverage of what is compared comes from."""

    def of_scope(self, scope: Scope) -> Coverage:
        """Return that of a scope as it was read."""

    def parts_of(self, session: Session, deliveries: Iterable[Delivery]) -> list[Part]:
        """Return deliveries with their coverages, in the same order."""


class LakeCoverages:
    """Reads them from the lake and from where an import is staged."""

    def __init__(self, lake: Path, staged: Callable[[Scope, str], Path]) -> None:
        """Read from ``lake``; ``staged`` says where the file of a scope lies that has a kind."""
        self._lake = lake
        self._staged = staged
        self._read: dict[str, Coverage] = {}

    def of_scope(self, scope: Scope) -> Coverage:
        """Return that of a scope as it was read."""
        kinds = {file.kind: file.name for file in scope.files}
        name = kinds.get(_KIND) or kinds[_WITHOUT]
        if name not in self._read:
            kind = _KIND if _KIND in kinds else _WITHOUT
            self._read[name] = _coverage(kind, self._staged(scope, name))
        return self._read[name]

    def parts_of(self, session: Session, deliveries: Iterable[Delivery]) -> list[Part]:
        """Return deliveries with their coverages, in the same order."""
        every = list(deliveries)
        missing = [delivery.id for delivery in every if delivery.id not in self._read]
        files = _files(session, missing)
        for delivery in every:
            if delivery.id not in self._read:
                self._read[delivery.id] = self._of(session, delivery, files.get(delivery.id, {}))
        return [
            Part(delivery.id, delivery.delivered_at, self._read[delivery.id]) for delivery in every
        ]

    def _of(self, session: Session, delivery: Delivery, files: dict[str, str]) -> Coverage:
        """Return that of a delivery, by the best of what there is of it.

        Where its files are gone or damaged the database still has what each sub-account costs: a
        person is rather asked once too often.
        """
        for kind in (_KIND, _WITHOUT):
            if kind in files:
                try:
                    return _coverage(kind, self._lake / files[kind])
                except (OSError, ValueError) as error:  # ValueError: those of pyarrow as well
                    logger.warning("%s of delivery %s: %s", kind, delivery.id, error)
        return _of_sub_accounts(delivery, sub_accounts_of(session, delivery.id))


def _of_sub_accounts(delivery: Delivery, sub_accounts: Iterable[SubAccount]) -> Coverage:
    from costoptix.lake import coverage

    return coverage.of_sums(
        (one.currency, delivery.first_day or delivery.billing_period, one.provider_name,
         one.sub_account_id, one.billed_cost, one.effective_cost)
        for one in sub_accounts
    )  # fmt: skip


AT_ONCE = 500
"""Deliveries that one statement names: databases bound the parameters of one."""


def _files(session: Session, delivery_ids: list[str]) -> dict[str, dict[str, str]]:
    files: dict[str, dict[str, str]] = {}
    for start in range(0, len(delivery_ids), AT_ONCE):
        query = select(DeliveryFile.delivery_id, DeliveryFile.kind, DeliveryFile.path).where(
            DeliveryFile.delivery_id.in_(delivery_ids[start : start + AT_ONCE]),
            DeliveryFile.kind.in_((_KIND, _WITHOUT)),
        )
        for row in session.execute(query):
            files.setdefault(row.delivery_id, {})[row.kind] = row.path
    return files


def _coverage(kind: str, path: Path) -> Coverage:
    # Here, so that web processes, which never compare deliveries, do not load what reads Parquet.
    from costoptix.lake import coverage

    return coverage.read(path) if kind == _KIND else coverage.of_daily(path)


def coming(scope: Scope, number: int, delivered_at: datetime, coverages: Coverages) -> Part:
    """Return a scope that is staged as a part; its id is its number in words."""
    return Part(coming_id(number), delivered_at, coverages.of_scope(scope))


def coming_id(number: int) -> str:
    """Return the id of a scope that has no delivery yet."""
    return f"coming {number}"
