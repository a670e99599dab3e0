"""People: one address is one person in one organization."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from costoptix.access import audit, audit_refusals, passwords, sessions, throttle
from costoptix.access.ownership import get_own
from costoptix.access.permissions import Caller, Permission, Role, require
from costoptix.access.tiers import tier_of
from costoptix.database import writing
from costoptix.errors import Conflict, NotFound, TooManyRequests, Unauthorized, refused_field
from costoptix.models import Invitation, Organization, User

_ADDRESS = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}@[^\s@<>\"(),:;\[\]\\]{1,255}")
MAX_NAME = 200
WRONG = "The e-mail address or the password is not correct."


def normalize_address(text: str) -> str:
    """Return an e-mail address as it is kept: trimmed, in lower case.

    Raises:
        Invalid: the text does not have the form of an address.
    """
    address = text.strip().lower()
    if not _ADDRESS.fullmatch(address) or not address.isprintable():
        raise refused_field("email", "The e-mail address must have the form name@example.com.")
    return address


def normalize_name(text: str) -> str:
    """Return a person's name as it is kept: trimmed, one line; it may be empty.

    Raises:
        Invalid: it is too long or has control characters.
    """
    name = text.strip()
    if len(name) > MAX_NAME or not name.isprintable():
        raise refused_field(
            "name", f"A person's name must be one line of at most {MAX_NAME} characters."
        )
    return name


def sign_in(
    session: Session, email: str, password: str, address: str, *, browser: str = ""
) -> User:
    """Return the active person with that e-mail address and password.

    An unknown person, a wrong password and a deactivated person get the same answer, after the
    same work. ``browser`` names one in which the person was signed in before (``throttle``).

    Raises:
        Unauthorized: no such person, or not that password.
        TooManyRequests: too many tries for the account, from the address or altogether.
    """
    email = email.strip().lower()[:320]
    try:
        user = _with_password(session, email, password, address, browser)
    except TooManyRequests:
        person = session.scalar(select(User).where(User.email == email))
        audit_refusals.note(session, _known_as(person, address), "session.throttled")
        raise
    _strengthen(session, user, password)
    return user


def _with_password(session: Session, email: str, password: str, address: str, browser: str) -> User:
    with throttle.attempt(session, "sign-in", email, address, browser=browser) as tried:
        user = session.scalar(select(User).where(User.email == email))
        password_hash = passwords.dummy_hash() if user is None else user.password_hash
        session.commit()  # nothing is held while the password is hashed
        is_right = passwords.verify(password_hash, password)
        if user is None or not is_right or not user.is_active:
            audit_refusals.note(session, _known_as(user, address), "session.refused")
            raise Unauthorized(WRONG)
        tried.succeeded()
    return user


def _known_as(user: User | None, address: str) -> Caller:
    return audit_refusals.nobody(address) if user is None else sessions.caller_of(user, address)


def _strengthen(session: Session, user: User, password: str) -> None:
    """Hash the password anew where its hash is weaker than today's."""
    if passwords.is_outdated(user.password_hash):
        stronger = passwords.hash_password(password)
        with writing(session):
            user.password_hash = stronger


def has_password(user: User, password: str) -> bool:
    """Tell whether this is the person's password."""
    return passwords.verify(user.password_hash, password)


def list_of(session: Session, organization: Organization) -> list[User]:
    """Return the people of an organization by address."""
    return list(
        session.scalars(
            select(User).where(User.organization_id == organization.id).order_by(User.email)
        )
    )


def get(session: Session, organization: Organization, user_id: str) -> User:
    """Return one of the organization's people.

    Raises:
        NotFound: there is none with that id.
    """
    return get_own(session, User, organization, user_id)


def find_by_address(session: Session, email: str) -> User:
    """Return the person with that address, of whichever organization (for the operator).

    Raises:
        NotFound: there is none.
    """
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    if user is None:
        raise NotFound(f"There is no user {email!a}.")
    return user


def create(
    session: Session,
    organization: Organization,
    caller: Caller,
    *,
    email: str,
    password: str,
    role: Role,
    name: str = "",
) -> User:
    """Add a person.

    Raises:
        Invalid: the address or the password may not be one.
        Conflict: the address is in use, or the tier has no place left.
    """
    email = normalize_address(email)
    passwords.check(password, words=(email, organization.name))
    return add(
        session, organization, caller,
        email=email, password_hash=passwords.hash_password(password), role=role, name=name,
    )  # fmt: skip


def add(
    session: Session,
    organization: Organization,
    caller: Caller,
    *,
    email: str,
    password_hash: str,
    role: Role,
    name: str = "",
) -> User:
    """Add a person whose address and password were checked before.

    Raises:
        Conflict: the address is in use, or the tier has no place left.
    """
    user = User(
        organization_id=organization.id,
        email=email,
        password_hash=password_hash,
        role=role,
        name=normalize_name(name),
    )
    try:
        with writing(session):
            lock(session, organization)
            require_place(session, organization)
            session.add(user)
            session.flush()
            audit.record(
                session, caller, "user.created",
                subject=email, subject_id=user.id, after={"role": role},
            )  # fmt: skip
    except IntegrityError:
        raise Conflict("This e-mail address is already in use.") from None
    return user


def require_place(session: Session, organization: Organization) -> None:
    """Let pass while the tier has a place for one more active person.

    Raises:
        Conflict: it has none; the sentence names the tier and its number.
    """
    tier = tier_of(organization.tier)
    if tier.users is not None and _count(session, organization) >= tier.users:
        people = "person" if tier.users == 1 else "people"
        raise Conflict(f"The {tier.title} tier has room for {tier.users} {people}.")


def _count(session: Session, organization: Organization, *, role: Role | None = None) -> int:
    of_role = User.role == role if role else User.role.is_not(None)
    return session.scalar(
        select(func.count()).where(
            User.organization_id == organization.id, User.is_active.is_(True), of_role
        )
    ) or 0  # fmt: skip


def set_role(
    session: Session, organization: Organization, caller: Caller, user_id: str, role: Role
) -> None:
    """Make a person admin or member, from the next request on; a member's invitations end.

    Raises:
        Forbidden: the caller is not an admin.
        NotFound: no such person here.
        Conflict: the organization would have no active admin left.
    """
    with _changing(session, organization, caller, user_id) as user:
        before = user.role
        user.role = role
        if role is not Role.ADMIN:
            _end_invitations(session, user)
        audit.record(
            session, caller, "user.role_changed", subject=user.email, subject_id=user.id,
            before={"role": before}, after={"role": role},
        )  # fmt: skip


def set_active(
    session: Session, organization: Organization, caller: Caller, user_id: str, *, active: bool
) -> None:
    """Let a person in again, or end their sessions and invitations at once and keep their history.

    Raises:
        Forbidden: the caller is not an admin.
        NotFound: no such person here.
        Conflict: no active admin would be left, or the tier has no place.
    """
    with _changing(session, organization, caller, user_id) as user:
        if active and not user.is_active:
            require_place(session, organization)
        user.is_active = active
        if not active:
            _end_access(session, user)
        action = "user.activated" if active else "user.deactivated"
        audit.record(session, caller, action, subject=user.email, subject_id=user.id)


def remove(session: Session, organization: Organization, caller: Caller, user_id: str) -> None:
    """Delete a person for good; what they did stays in the audit log.

    Raises:
        Forbidden: the caller is not an admin.
        NotFound: no such person here.
        Conflict: the organization would have no active admin left.
    """
    with _changing(session, organization, caller, user_id) as user:
        audit.record(
            session, caller, "user.deleted", subject=user.email, subject_id=user.id,
            before={"role": user.role},
        )  # fmt: skip
        session.delete(user)


def change_password(
    session: Session, caller: Caller, user: User, password: str, *, keep_session: str | None = None
) -> None:
    """Give a person a new password; every other session and their open invitations end.

    Raises:
        Invalid: it may not be a password.
    """
    passwords.check(password, words=(user.email, user.organization.name))
    password_hash = passwords.hash_password(password)
    with writing(session):
        user.password_hash = password_hash
        _end_access(session, user, but=keep_session)
        audit.record(
            session, caller, "user.password_changed", subject=user.email, subject_id=user.id
        )


def rename(session: Session, caller: Caller, user: User, name: str) -> None:
    """Change how a person is called.

    Raises:
        Invalid: the name may not be one.
    """
    normalized = normalize_name(name)
    with writing(session):
        before = user.name
        user.name = normalized
        if normalized != before:
            audit.record(
                session, caller, "user.renamed", subject=user.email, subject_id=user.id,
                before={"name": before}, after={"name": normalized},
            )  # fmt: skip


def _end_access(session: Session, user: User, *, but: str | None = None) -> None:
    sessions.end_all(session, user, but=but)
    _end_invitations(session, user)


def _end_invitations(session: Session, user: User) -> None:
    for invitation in session.scalars(
        select(Invitation).where(Invitation.created_by_user_id == user.id)
    ):
        session.delete(invitation)


@contextmanager
def _changing(
    session: Session, organization: Organization, caller: Caller, user_id: str
) -> Iterator[User]:
    """Change a person under the write lock; refuse what would leave no active admin."""
    require(caller, Permission.ADMIN)
    with writing(session):
        lock(session, organization)
        user = get_own(session, User, organization, user_id, as_of_now=True)
        yield user
        session.flush()
        if _count(session, organization, role=Role.ADMIN) == 0:
            raise Conflict("The last admin cannot leave: make someone else an admin first.")


def lock(session: Session, organization: Organization) -> None:
    """Let changes to an organization's people wait for each other (a no-op on SQLite).

    Two admins who demote each other, or two invitations for the tier's last place, at once.
    """
    session.execute(
        select(Organization.id).where(Organization.id == organization.id).with_for_update()
    )
