"""Invitations: a link lives no longer than the right of who made it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from costoptix.access import invitations, users
from costoptix.access.permissions import Caller, Permission, Role, command_line
from costoptix.database import writing
from costoptix.errors import NotFound
from costoptix.models import Organization, User
from tests.support.cast import PASSWORD

Loss = Callable[[Session, Organization, Caller, User], None]

LOSSES: dict[str, Loss] = {
    "demoted": lambda s, o, c, u: users.set_role(s, o, c, u.id, Role.MEMBER),
    "deactivated": lambda s, o, c, u: users.set_active(s, o, c, u.id, active=False),
    "removed": lambda s, o, c, u: users.remove(s, o, c, u.id),
    "with a new password": lambda s, _, c, u: users.change_password(s, c, u, f"new {PASSWORD}"),
}


@pytest.fixture
def carol(session: Session, acme: Organization, bob: User) -> Caller:
    """Bob as a second admin of acme."""
    with writing(session):
        bob.role = Role.ADMIN
    return Caller(acme.id, Permission.ADMIN, bob.email, user_id=bob.id)


def invite(session: Session, organization: Organization, maker: Caller, role: Role) -> str:
    return invitations.create(session, organization, maker, email="dave@example.com", role=role)


def accept(session: Session, token: str) -> User:
    return invitations.accept(session, token, name="Dave", password=PASSWORD, address="")


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("role", list(Role))
def test_s5_an_invitation_dies_with_its_makers_right(
    session: Session, acme: Organization, admin: Caller, carol: Caller, bob: User, loss: Loss,
    role: Role,
) -> None:  # fmt: skip
    token = invite(session, acme, carol, role)
    assert invitations.find(session, token).role == role
    loss(session, acme, admin, bob)
    assert invitations.list_of(session, acme) == []
    with pytest.raises(NotFound):
        invitations.find(session, token)
    with pytest.raises(NotFound):
        accept(session, token)


def test_s29_an_invitation_makes_nobody_more_than_its_maker_is_when_it_is_used(
    session: Session, acme: Organization, carol: Caller, bob: User
) -> None:
    """However the maker came to be a member: here by a hand in the database."""
    token = invite(session, acme, carol, Role.ADMIN)
    with writing(session):
        bob.role = Role.MEMBER
    assert invitations.list_of(session, acme) == []
    with pytest.raises(NotFound):
        accept(session, token)


def test_an_invitation_stays_dead_when_its_maker_is_an_admin_again(
    session: Session, acme: Organization, admin: Caller, carol: Caller, bob: User
) -> None:
    token = invite(session, acme, carol, Role.ADMIN)
    users.set_role(session, acme, admin, bob.id, Role.MEMBER)
    users.set_role(session, acme, admin, bob.id, Role.ADMIN)
    with pytest.raises(NotFound):
        accept(session, token)


def test_the_operators_invitation_is_as_good_as_an_admins(
    session: Session, acme: Organization, alice: User
) -> None:
    token = invite(session, acme, command_line(acme.id), Role.ADMIN)
    assert [each.email for each in invitations.list_of(session, acme)] == ["dave@example.com"]
    assert accept(session, token).role == Role.ADMIN
