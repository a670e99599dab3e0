"""Organizations: the tenants of an installation."""

from __future__ import annotations

import uuid

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from costoptix.access import audit, audit_pruning, passwords, users
from costoptix.access.permissions import Caller, Permission, Role, command_line, require
from costoptix.access.tiers import TIERS, Tier
from costoptix.database import writing
from costoptix.errors import Conflict, Invalid, NotFound, refused_field
from costoptix.models import Organization, SetupState, User, new_id

MAX_NAME = 200
ALREADY_SET_UP = "This installation is set up already. Please sign in."
_FIRST = "first_organization"


def normalize_name(text: str) -> str:
    """Return a name as it is kept: trimmed, one line.

    Raises:
        Invalid: it is empty, too long, has control characters or looks like an id.
    """
    name = text.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise _wrong_name(f"must be one line of 1 to {MAX_NAME} characters")
    if _looks_like_an_id(name):
        raise _wrong_name("must not look like an id: choose other words")
    return name


def _wrong_name(reason: str) -> Invalid:
    return Invalid(f"The organization's name {reason}.", field="name", reason=f"it {reason}")


def _looks_like_an_id(name: str) -> bool:
    """Tell whether a name could be taken for an id, by which commands and folders go as well."""
    try:
        uuid.UUID(name)
    except ValueError:
        return False
    return True


def parse_tier(text: str) -> Tier:
    """Return the tier of that name.

    Raises:
        Invalid: there is none; the sentence lists them.
    """
    if text not in TIERS:
        names = ", ".join(TIERS)
        raise refused_field("tier", f"The tier must be one of {names}, not {text[:40]!a}.")
    return TIERS[text]


def create(
    session: Session,
    *,
    name: str,
    tier: str,
    email: str,
    password: str,
    address: str = "",
    only_first: bool = False,
) -> tuple[Organization, User]:
    """Make an organization and its admin, both or neither.

    With ``only_first`` there must be no organization yet; of two who try at once, one does.

    Raises:
        Invalid: the name, tier, address or password may not be one.
        Conflict: the name or the address is in use, or it is not the first.
    """
    name, email, chosen = normalize_name(name), users.normalize_address(email), parse_tier(tier)
    passwords.check(password, words=(email, name))
    password_hash = passwords.hash_password(password)
    organization = Organization(id=new_id(), name=name, tier=chosen.name)
    caller = Caller(organization.id, Permission.ADMIN, email, address=address)
    try:
        with writing(session):
            if only_first:
                _claim_first(session, organization)
            session.add(organization)
            session.flush()
            audit.record(
                session, caller, "organization.created",
                subject=name, subject_id=organization.id, after={"tier": chosen.name},
            )  # fmt: skip
            admin = users.add(
                session, organization, caller,
                email=email, password_hash=password_hash, role=Role.ADMIN,
            )  # fmt: skip
    except IntegrityError:
        raise Conflict(f"There is already an organization called {name}.") from None
    return organization, admin


def _claim_first(session: Session, organization: Organization) -> None:
    """Hold the one place of the first organization; a unique row decides between two servers."""
    of_the_past = SetupState.value.not_in(select(Organization.id))
    session.execute(delete(SetupState).where(SetupState.name == _FIRST, of_the_past))
    if count(session):
        raise Conflict(ALREADY_SET_UP)
    session.add(SetupState(name=_FIRST, value=organization.id))
    try:
        session.flush()
    except IntegrityError:
        raise Conflict(ALREADY_SET_UP) from None


def count(session: Session) -> int:
    """Return how many organizations there are."""
    return session.scalar(select(func.count()).select_from(Organization)) or 0


def list_all(session: Session) -> list[tuple[Organization, int]]:
    """Return every organization with the number of its people, by name (for the operator)."""
    number = select(func.count()).where(User.organization_id == Organization.id).scalar_subquery()
    rows = session.execute(select(Organization, number).order_by(Organization.name))
    return [(organization, people) for organization, people in rows]


def find(session: Session, name_or_id: str) -> Organization:
    """Return the organization of that id, or of that name (for the operator).

    Raises:
        NotFound: there is none.
    """
    by_id = session.get(Organization, name_or_id)
    organization = by_id or session.scalar(
        select(Organization).where(Organization.name == name_or_id)
    )
    if organization is None:
        raise NotFound(f"There is no organization {name_or_id!a}.")
    return organization


def rename(session: Session, organization: Organization, caller: Caller, name: str) -> None:
    """Change the organization's name.

    Raises:
        Forbidden: the caller is not an admin.
        Invalid: the name may not be one.
        Conflict: another organization has it.
    """
    require(caller, Permission.ADMIN)
    name, before = normalize_name(name), organization.name
    try:
        with writing(session):
            organization.name = name
            session.flush()
            audit.record(
                session, caller, "organization.renamed", subject=name, subject_id=organization.id,
                before={"name": before}, after={"name": name},
            )  # fmt: skip
    except IntegrityError:
        reason = f"there is already an organization called {name}"
        raise Conflict(f"T{reason[1:]}.", field="name", reason=reason) from None


def set_tier(session: Session, organization: Organization, tier: str) -> None:
    """Put the organization on another tier, from the very next call on (for the operator).

    Raises:
        Invalid: there is no such tier.
    """
    chosen, before = parse_tier(tier), organization.tier
    with writing(session):
        organization.tier = chosen.name
        audit.record(
            session, command_line(organization.id), "organization.tier_changed",
            subject=organization.name, subject_id=organization.id,
            before={"tier": before}, after={"tier": chosen.name},
        )  # fmt: skip


def remove(session: Session, organization: Organization) -> None:
    """Delete an organization with everything that is its own (for the operator).

    Its audit log goes with it, which leaves a line in the log of the operator; the files of its
    bills are another room's (``bills.ledger.housekeeping``).
    """
    organization_id = organization.id
    with writing(session):
        session.delete(organization)
    audit_pruning.forget(session, organization_id)
