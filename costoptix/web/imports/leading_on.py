"""Where the page of an import leads: to its costs, and to the findings and budgets it touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for
from flask_login import current_user
from sqlalchemy.orm import Session

from costoptix.anomalies import listing as anomalies
from costoptix.anomalies.listing import AnomalyFilters
from costoptix.bills.ledger import brought
from costoptix.budgets.touching import touched
from costoptix.clock import utc_today
from costoptix.models import OPEN_STATUSES, Budget, Import
from costoptix.periods import BillingPeriod, DateRange
from costoptix.written import range_title

_ACCOUNTS_NAMED = 20
"""More of them are no filter: the address would be longer than what it leaves out."""
_BUDGETS_SHOWN = 5


@dataclass(frozen=True)
class LeadingOn:
    """What an import that counts leads to."""

    title: str  # "See September 2024's costs"
    costs: str  # the address of the explorer with its days and accounts
    findings: str  # the address of the list of open findings of these days
    finding_count: int
    budgets: Sequence[Budget]
    is_first: bool  # no other import counts yet: what to do next is said step by step


def leading_on(session: Session, row: Import) -> LeadingOn | None:
    """Return where an import leads; None where nothing of it counts."""
    organization = current_user.organization
    live = brought.live_part(session, organization, row)
    if live is None:
        return None
    accounts = sorted(live.accounts) if len(live.accounts) <= _ACCOUNTS_NAMED else []
    first, last = live.first.first, min(live.last.last, utc_today())
    start, end = first.isoformat(), max(first, last).isoformat()
    filters = AnomalyFilters(
        statuses=OPEN_STATUSES, accounts=tuple(accounts), first_day=first, last_day=last
    )
    return LeadingOn(
        _title(live.first, live.last),
        url_for(
            "web.costs", start_date=start, end_date=end, group_by="service_name", account=accounts
        ),
        url_for("web.anomalies", start_date=start, end_date=end, account=accounts),
        anomalies.count_anomalies(session, organization, filters),
        touched(session, organization, live.accounts, _BUDGETS_SHOWN),
        is_first=brought.is_only(session, organization, row),
    )


def _title(first: BillingPeriod, last: BillingPeriod) -> str:
    if first == last and first.is_month:
        return f"See {first.first:%B %Y}'s costs"
    if first.is_month and last.is_month:
        return f"See the costs of {first.first:%B %Y} – {last.first:%B %Y}"
    return f"See the costs of {range_title(DateRange(first.first, last.last))}"
