"""The demo is lived in: people, keys, budgets, judgements and what else a team leaves behind.

All of it is made once, as of the days on which it would have happened. What somebody deletes
afterwards stays deleted: which parts were made is kept. Calls of keys go on with the days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import NamedTuple

import orjson
from sqlalchemy.orm import Session

from config import Config
from costoptix import queue
from costoptix.access import sessions
from costoptix.access.permissions import Caller
from costoptix.anomalies import service as anomalies
from costoptix.clock import utc_now, utc_today
from costoptix.costs.answers import CostStore
from costoptix.database import writing
from costoptix.demo import (
    acme,
    life_budgets,
    life_channel,
    life_findings,
    life_imports,
    life_keys,
    life_people,
    life_tags,
    life_views,
)
from costoptix.failures import reason
from costoptix.models import Organization, SetupState, User
from costoptix.queue import Claim

PAUSE = timedelta(seconds=3)
"""So long a job waits for bills that are still on their way."""


class _Company(NamedTuple):
    """The demo as its parts are made: ``maya`` is its other admin, or who stands in for her."""

    session: Session
    organization: Organization
    admin: User
    maya: Caller
    config: Config
    hold: Callable[[], None]


def run(session: Session, claim: Claim, config: Config) -> None:
    """Do the job: make what can be made, and come again while bills are on their way.

    Raises:
        LeaseLost: another worker has the job now.
    """
    organization = session.get(Organization, claim.organization_id)
    hold = partial(queue.hold, session, claim)
    if organization is not None and not settle(session, organization, config, hold):
        queue.enqueue(
            session, acme.LIFE_KIND, {}, organization_id=organization.id, run_at=utc_now() + PAUSE
        )


def settle(
    session: Session,
    organization: Organization,
    config: Config,
    hold: Callable[[], None] = lambda: None,
) -> bool:
    """Make what is missing; return whether that is all, as it is once every bill is in.

    Done again it makes nothing twice. ``hold`` may raise to make nothing more.
    """
    demo = acme.find(session)
    if demo is None or demo[0].id != organization.id:
        return True
    if "people" not in _made(session, organization):
        life_people.settle(session, organization)
        _keep_made(session, organization, "people")
    company = _company(session, *demo, config, hold)
    _make(company, _AT_ONCE)
    life_keys.count_calls(session, organization, config)
    if life_imports.are_coming(session, organization):
        return False
    life_imports.date_them(session, organization)
    _make(company, _AFTER_BILLS)
    return True


def _company(
    session: Session,
    organization: Organization,
    admin: User,
    config: Config,
    hold: Callable[[], None],
) -> _Company:
    maya = life_people.find(session, organization, "maya") or admin
    return _Company(session, organization, admin, sessions.caller_of(maya, ""), config, hold)


def _make(company: _Company, parts: Mapping[str, Callable[[_Company], None]]) -> None:
    """Make the parts that were not made yet; one that fails is nothing to the others."""
    made = _made(company.session, company.organization)
    for name, make in parts.items():
        if name not in made:
            company.hold()
            try:
                make(company)
            except Exception as error:
                company.session.rollback()
                reason(error, f"the {name} of the demo")
            else:
                _keep_made(company.session, company.organization, name)


def _keys(company: _Company) -> None:
    life_keys.settle(company.session, company.organization)


def _views(company: _Company) -> None:
    life_views.settle(company.session, company.organization, company.maya, company.admin)


def _tags(company: _Company) -> None:
    life_tags.settle(company.session, company.organization, company.maya)


def _copy(company: _Company) -> None:
    session, organization = company.session, company.organization
    life_imports.bring_copy(session, organization, company.maya, company.config)


def _findings(company: _Company) -> None:
    """Detect here: the job of the last bill may not have run yet."""
    session, organization = company.session, company.organization
    with CostStore(company.config.lake_dir, company.config.temp_dir) as store:
        anomalies.run(session, organization, store, company.hold)
    life_findings.settle(session, organization, acme.story_of(organization))


def _webhook(company: _Company) -> None:
    life_channel.settle(company.session, company.organization, company.config)


def _budgets(company: _Company) -> None:
    session, organization = company.session, company.organization
    last = utc_today() - timedelta(days=1)
    with CostStore(company.config.lake_dir, company.config.temp_dir) as store:
        life_budgets.settle(session, organization, company.maya, store, last)


_AT_ONCE = {"keys": _keys, "views": _views, "tags": _tags}
_AFTER_BILLS = {
    "copy": _copy,
    "findings": _findings,
    "webhook": _webhook,
    "budgets": _budgets,
}


def _made(session: Session, organization: Organization) -> frozenset[str]:
    """Return which parts were made."""
    row = session.get(SetupState, _name(organization))
    return frozenset() if row is None else frozenset(orjson.loads(row.value))


def _keep_made(session: Session, organization: Organization, part: str) -> None:
    with writing(session):
        parts = sorted(_made(session, organization) | {part})
        session.merge(SetupState(name=_name(organization), value=orjson.dumps(parts).decode()))


def _name(organization: Organization) -> str:
    return f"demo_life:{organization.id}"
