"""People and organizations: the rules below the pages and commands."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.access import invitations, organizations, passwords, users
from costoptix.access.permissions import Caller, Permission, Role
from costoptix.errors import Conflict, Forbidden, Invalid, NotFound
from costoptix.models import AuditEntry, Organization, User, UserSession
from tests.support.cast import PASSWORD


@pytest.fixture
def member(bob: User) -> Caller:
    """Bob as a caller."""
    return Caller(bob.organization_id, Permission.READ, bob.email, user_id=bob.id)


@pytest.mark.parametrize(
    "address",
    ["", "alice", "@example.com", "a@", "a b@example.com", "a@b@c", "a@x\n", "é" * 65 + "@x"],
)
def test_an_address_has_the_form_of_one(address: str) -> None:
    with pytest.raises(Invalid):
        users.normalize_address(address + " ,")


def test_an_address_is_kept_in_lower_case() -> None:
    assert users.normalize_address(" Alice@Example.COM ") == "alice@example.com"


def test_one_address_is_one_person(session: Session, elsewhere: Organization, alice: User) -> None:
    caller = Caller(elsewhere.id, Permission.ADMIN, "x")
    with pytest.raises(Conflict, match="already in use"):
        users.create(
            session, elsewhere, caller, email="ALICE@example.com", password=PASSWORD,
            role=Role.MEMBER,
        )  # fmt: skip


def test_a_member_changes_nobody(
    session: Session, acme: Organization, member: Caller, alice: User
) -> None:
    """S25: the domain says so too, whichever door asks."""
    with pytest.raises(Forbidden):
        users.set_role(session, acme, member, alice.id, Role.MEMBER)
    with pytest.raises(Forbidden):
        users.remove(session, acme, member, alice.id)
    with pytest.raises(Forbidden):
        invitations.create(session, acme, member, email="eve@example.com", role=Role.ADMIN)
    with pytest.raises(Forbidden):
        organizations.rename(session, acme, member, "Mine")


def test_a_stranger_finds_nobody(
    session: Session, elsewhere: Organization, bob: User, mallory: User
) -> None:
    caller = Caller(elsewhere.id, Permission.ADMIN, "x", user_id=mallory.id)
    with pytest.raises(NotFound):
        users.set_role(session, elsewhere, caller, bob.id, Role.ADMIN)
    with pytest.raises(NotFound):
        users.get(session, elsewhere, bob.id)


def test_a_deactivated_person_takes_no_place(
    session: Session, acme: Organization, admin: Caller, bob: User
) -> None:
    organizations.set_tier(session, acme, "starter")
    with pytest.raises(Conflict, match="Starter tier has room for 1 person"):
        users.require_place(session, acme)
    users.set_active(session, acme, admin, bob.id, active=False)
    with pytest.raises(Conflict):
        users.require_place(session, acme)
    organizations.set_tier(session, acme, "professional")
    users.set_active(session, acme, admin, bob.id, active=True)


def test_a_weak_hash_is_made_anew_at_sign_in(session: Session, alice: User) -> None:
    """S12: without the person noticing."""
    passwords.configure(cheap=False)
    alice.password_hash = passwords.PasswordHasher(1, 8192, 1).hash(PASSWORD)
    session.commit()
    users.sign_in(session, alice.email, PASSWORD, "127.0.0.1")
    session.expire_all()
    assert not passwords.is_outdated(alice.password_hash)


def test_every_change_is_audited(
    session: Session, acme: Organization, admin: Caller, bob: User
) -> None:
    users.set_role(session, acme, admin, bob.id, Role.ADMIN)
    users.set_active(session, acme, admin, bob.id, active=False)
    users.remove(session, acme, admin, bob.id)
    organizations.rename(session, acme, admin, "Acme")
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in entries] == [
        "user.role_changed", "user.deactivated", "user.deleted", "organization.renamed",
    ]  # fmt: skip
    assert entries[0].before == {"role": "member"}
    assert entries[0].after == {"role": "admin"}


def test_an_organization_goes_with_all_its_people(session: Session, alice: User) -> None:
    users.sign_in(session, alice.email, PASSWORD, "127.0.0.1")
    organizations.remove(session, alice.organization)
    assert session.scalars(select(User)).all() == []
    assert session.scalars(select(UserSession)).all() == []
    assert session.scalars(select(AuditEntry)).all() == []


def test_the_first_place_is_free_again_when_everybody_left(session: Session) -> None:
    def create() -> Organization:
        return organizations.create(
            session, name="Acme", tier="starter", email="a@example.com", password=PASSWORD,
            only_first=True,
        )[0]  # fmt: skip

    first = create()
    with pytest.raises(Conflict):
        create()
    organizations.remove(session, first)
    create()


def test_names_are_unique_and_one_line(
    session: Session, acme: Organization, elsewhere: Organization, admin: Caller
) -> None:
    with pytest.raises(Conflict):
        organizations.rename(session, acme, admin, elsewhere.name)
    for name in ("", "  ", "a\nb", "a\x00", "x" * 201):
        with pytest.raises(Invalid):
            organizations.rename(session, acme, admin, name)
    assert organizations.find(session, "Acme Cloud").id == acme.id
    assert organizations.find(session, acme.id).id == acme.id
