"""Whoever has cost questions about one organization asks them through here."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.orm import Session

from costoptix.costs import report
from costoptix.costs.answers import CostReport, CostStore
from costoptix.costs.query import CostQuery
from costoptix.models import Organization


class Ask(Protocol):
    """Answers a query for one organization, with at most ``limit`` rows (all when None)."""

    def __call__(self, query: CostQuery, limit: int | None = None) -> CostReport:
        """Return the report."""


def asker(session: Session, organization: Organization, store: CostStore) -> Ask:
    """Return what answers queries for an organization."""

    def ask(query: CostQuery, limit: int | None = None) -> CostReport:
        return report.run(session, organization, query, store, limit=limit)

    return ask
