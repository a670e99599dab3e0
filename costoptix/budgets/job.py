"""The job "check_budgets": after every change of the data or of a budget, and nightly."""

from __future__ import annotations

from functools import partial

from sqlalchemy.orm import Session

from config import Config
from costoptix import queue
from costoptix.budgets import service
from costoptix.budgets.crossings import tell_crossings
from costoptix.budgets.standings import budgets_of, keep_all, organizations_due
from costoptix.costs.answers import CostStore
from costoptix.models import Organization
from costoptix.queue import Claim

JOB_KIND = service.JOB_KIND
ASKED_TOGETHER = 1000
"""For so many budgets at once it is asked whether they are crossed."""

REMEMBERED_ROWS = 20_000
"""Answers for budgets that ask the same; more would only be held and not be asked again."""


def run(session: Session, claim: Claim, config: Config) -> None:
    """Raise the crossings of an organization's budgets, then keep how the budgets stand.

    Crossings come first: they need no forecast. A second run raises nothing new.

    Raises:
        LeaseLost: another worker has the job now; nothing more is kept.
    """
    organization = session.get(Organization, claim.organization_id)
    if organization is None:
        return
    with CostStore(config.lake_dir, config.temp_dir, REMEMBERED_ROWS) as store:
        for budgets in budgets_of(session, organization, ASKED_TOGETHER):
            tell_crossings(session, organization, budgets, store)
        keep_all(session, organization, store, partial(queue.hold, session, claim))


def make_due(session: Session) -> None:
    """Have the budgets judged wherever one stands as of older data or of a day that is over."""
    for organization_id in organizations_due(session):
        queue.enqueue_once(session, JOB_KIND, organization_id)
