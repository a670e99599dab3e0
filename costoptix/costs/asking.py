"""Whoever has cost questions about one organization asks them through here."""

from __future__ import annotations

from sqlalchemy.orm import Session

from costoptix.costs import report
from costoptix.costs.breakdown import Ask
from costoptix.costs.query import CostQuery
from costoptix.costs.report import CostReport
from costoptix.costs.store import CostStore
from costoptix.models import Organization


def asker(session: Session, organization: Organization, store: CostStore) -> Ask:
    """Return what answers queries for an organization."""

    def ask(query: CostQuery, limit: int | None = None) -> CostReport:
        return report.run(session, organization, query, store, limit=limit)

    return ask
