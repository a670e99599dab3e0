"""The demo beside an organization of one's own: opened by its admin, and removed whole."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from config import Config
from costoptix.access.permissions import Caller, Permission, require
from costoptix.bills.ledger import housekeeping
from costoptix.database import writing
from costoptix.demo import acme, coming
from costoptix.errors import Forbidden, NotFound
from costoptix.models import Organization, SetupState, User

NOT_ALONE = "Other organizations share this installation: only its operator makes the demo here."


def is_demo(session: Session, organization: Organization) -> bool:
    """Tell whether an organization is the demo's."""
    company = acme.find(session)
    return company is not None and company[0].id == organization.id


def is_open_to(session: Session, organization: Organization) -> bool:
    """Tell whether the admins of an organization may open the demo.

    They may where theirs is the only other one. The demo has every feature and no limit of calls:
    to a tenant of many it would be an organization of another tier.
    """
    company = acme.find(session)
    own = {organization.id} | ({company[0].id} if company else set())
    others = select(Organization.id).where(Organization.id.not_in(own)).limit(1)
    return session.scalar(others) is None and not is_demo(session, organization)


def enter(session: Session, organization: Organization, caller: Caller) -> tuple[User, str]:
    """Return the demo's admin, and the password where the demo was made for it, else "".

    Its bills follow in the background.

    Raises:
        Forbidden: the caller is not an admin, or other organizations share the installation.
        Conflict: an organization has the demo's name.
    """
    require(caller, Permission.ADMIN)
    if not is_open_to(session, organization):
        raise Forbidden(NOT_ALONE)
    return _found(session)


def load(session: Session) -> None:
    """Make the demo beside the organization that was just set up.

    Raises:
        Conflict: an organization has the demo's name.
    """
    _found(session)


def _found(session: Session) -> tuple[User, str]:
    company = acme.find(session)
    if company is not None:
        return company[1], ""
    made, admin, password = acme.found_company(session)
    coming.make_rest_due(session, made)
    return admin, password


def remove(session: Session, organization: Organization, caller: Caller, config: Config) -> None:
    """Delete the demo: its people, keys, bills and files.

    Raises:
        Forbidden: the caller is not an admin.
        NotFound: the organization is not the demo's.
    """
    require(caller, Permission.ADMIN)
    if not is_demo(session, organization):
        raise NotFound
    made = delete(SetupState).where(SetupState.name.endswith(f":{organization.id}"))
    housekeeping.remove_organization(session, config, organization)
    with writing(session):
        session.execute(made)  # which parts of its life were made
