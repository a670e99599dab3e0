"""What each kind of job does: the one table. ``worker.py`` is the loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from config import Config
from costoptix import events, queue
from costoptix.anomalies import job as anomalies
from costoptix.bills.intake import receive
from costoptix.bills.ledger import importer
from costoptix.budgets import job as budgets
from costoptix.demo import acme
from costoptix.queue import Claim

Handler = Callable[[Session, Claim, Config], None]


def judge_anew(session: Session, claim: Claim, _config: Config) -> None:
    """Have an organization's anomalies and budgets judged: its data changed."""
    if claim.organization_id is not None:
        judge(session, claim.organization_id)


def judge(session: Session, organization_id: str, *, since: datetime | None = None) -> None:
    """Make the jobs that judge an organization due, unless they were since an instant."""
    for kind in (anomalies.JOB_KIND, budgets.JOB_KIND):
        queue.enqueue_once(session, kind, organization_id, since=since)


HANDLERS: Mapping[str, Handler] = {
    receive.JOB_KIND: importer.run,
    acme.JOB_KIND: acme.run,
    events.DATA_CHANGED: judge_anew,
    anomalies.JOB_KIND: anomalies.run,
    budgets.JOB_KIND: budgets.run,
}
