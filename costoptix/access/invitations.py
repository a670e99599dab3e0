"""Invitations: a link that lets one person join an organization, once, within seven days."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.orm import Session

from costoptix.access import audit, passwords, sessions, users
from costoptix.access.ownership import get_own
from costoptix.access.permissions import Caller, Permission, Role, require
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.errors import Conflict, NotFound
from costoptix.models import Invitation, Organization, User

LIFE = timedelta(days=7)
GONE = "This invitation has been used, withdrawn or has expired. Ask for a new one."


def create(
    session: Session, organization: Organization, caller: Caller, *, email: str, role: Role
) -> str:
    """Invite a person and return the link's token, which is not kept.

    An older invitation of the same address is void from now on.

    Raises:
        Forbidden: the caller is not an admin.
        Invalid: the address does not have the form of one.
        Conflict: the address is in use, or the tier has no place left.
    """
    require(caller, Permission.ADMIN)
    email = users.normalize_address(email)
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        organization_id=organization.id,
        token_digest=sessions.digest(token),
        email=email,
        role=role,
        created_by_user_id=caller.user_id,
        expires_at=utc_now() + LIFE,
    )
    with writing(session):
        users.require_place(session, organization)
        if session.scalar(select(User.id).where(User.email == email)) is not None:
            raise Conflict("This e-mail address is already in use.")
        same = (Invitation.organization_id == organization.id) & (Invitation.email == email)
        session.execute(delete(Invitation).where(same))
        session.add(invitation)
        audit.record(session, caller, "invitation.created", subject=email, after={"role": role})
    return token


def list_of(session: Session, organization: Organization) -> list[Invitation]:
    """Return the invitations that can still be used, the newest first."""
    return list(
        session.scalars(
            select(Invitation)
            .where(Invitation.organization_id == organization.id, _is_good())
            .order_by(Invitation.created_at.desc(), Invitation.id)
        )
    )


def withdraw(
    session: Session, organization: Organization, caller: Caller, invitation_id: str
) -> None:
    """Make an invitation void.

    Raises:
        Forbidden: the caller is not an admin.
        NotFound: there is no such invitation here.
    """
    require(caller, Permission.ADMIN)
    with writing(session):
        invitation = get_own(session, Invitation, organization, invitation_id)
        audit.record(session, caller, "invitation.withdrawn", subject=invitation.email)
        session.delete(invitation)


def find(session: Session, token: str) -> Invitation:
    """Return the invitation of that token without using it.

    Raises:
        NotFound: it was used, withdrawn, has expired or never was, or its maker is no admin now.
    """
    invitation = session.scalar(
        select(Invitation)
        .where(Invitation.token_digest == sessions.digest(token), _is_good())
        .execution_options(populate_existing=True)
    )
    if invitation is None:
        raise NotFound(GONE)
    return invitation


def _is_good() -> ColumnElement[bool]:
    """Write the condition that an invitation can be used now.

    Asked anew at each use: whoever made it must still be an admin, and so at least what it makes.
    Demotion deletes it; this holds however the maker came to be a member. The operator's has no
    maker.
    """
    admins = select(User.id).where(
        User.organization_id == Invitation.organization_id,
        User.role == Role.ADMIN,
        User.is_active.is_(True),
    )
    made_by = Invitation.created_by_user_id
    return and_(Invitation.expires_at > utc_now(), or_(made_by.is_(None), made_by.in_(admins)))


def accept(session: Session, token: str, *, name: str, password: str, address: str) -> User:
    """Use an invitation: add its person and make it void, in one transaction.

    Raises:
        NotFound: as ``find``.
        Invalid: the password may not be one.
        Conflict: the address came into use meanwhile, or the tier has no place left.
    """
    invitation = find(session, token)
    organization, email = invitation.organization, invitation.email
    passwords.check(password, words=(email, organization.name))
    session.commit()  # nothing is held while the password is hashed
    password_hash = passwords.hash_password(password)
    caller = Caller(organization.id, Permission.READ, email, address=address)
    with writing(session):
        users.lock(session, organization)
        invitation = find(session, token)
        session.delete(invitation)
        return users.add(
            session, organization, caller,
            email=email, password_hash=password_hash, role=Role(invitation.role), name=name,
        )  # fmt: skip
