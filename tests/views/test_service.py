"""Views: kept, shared, changed, deleted, and by whom."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import drafts
from costoptix.access import users
from costoptix.access.permissions import ActorKind, Caller, Permission, command_line
from costoptix.errors import Conflict, CostOptixError, Forbidden, Invalid, NotFound
from costoptix.models import AuditEntry, Organization, SavedView, User
from costoptix.views import service
from costoptix.views.drafts import ViewChange, ViewDraft

QUESTION = "range=last_6_months&granularity=monthly&group_by=service_name"


@pytest.fixture
def member(bob: User) -> Caller:
    return Caller(bob.organization_id, Permission.READ, bob.email, user_id=bob.id)


@pytest.fixture
def key(acme: Organization) -> Caller:
    return Caller(acme.id, Permission.WRITE, "ci", api_key_id="key", kind=ActorKind.KEY)


def keep(
    session: Session, organization: Organization, caller: Caller, name: str = "Teams", **values: Any
) -> SavedView:
    draft = drafts.read(ViewDraft, {"name": name, "question": QUESTION} | values)
    return service.create(session, organization, caller, draft)


def change(
    session: Session, organization: Organization, caller: Caller, view: SavedView, **values: Any
) -> SavedView:
    changed = drafts.read(ViewChange, values)
    return service.change(session, organization, caller, view.id, changed)


def test_a_personal_view_is_there_for_its_person_alone(
    session: Session, acme: Organization, admin: Caller, member: Caller, key: Caller
) -> None:
    view = keep(session, acme, member)
    assert service.get(session, acme, member, view.id) is view
    assert view.shared is False
    for other in (admin, key, command_line(acme.id)):
        with pytest.raises(NotFound):
            service.get(session, acme, other, view.id)
        with pytest.raises(NotFound):
            change(session, acme, other, view, name="Mine")
        with pytest.raises(NotFound):
            service.delete(session, acme, other, view.id)


def test_a_strangers_view_is_not_there(
    session: Session, acme: Organization, elsewhere: Organization, admin: Caller, mallory: User
) -> None:
    view = keep(session, acme, admin, shared=True)
    stranger = Caller(elsewhere.id, Permission.ADMIN, mallory.email, user_id=mallory.id)
    with pytest.raises(NotFound):
        service.get(session, elsewhere, stranger, view.id)
    assert service.get_shared(session, elsewhere, view.id) is None


def test_what_is_shared_is_changed_by_its_owner_and_admins(
    session: Session, acme: Organization, admin: Caller, member: Caller, key: Caller
) -> None:
    view = keep(session, acme, admin, shared=True)
    with pytest.raises(Forbidden):
        change(session, acme, member, view, name="Mine")
    with pytest.raises(Forbidden):
        service.delete(session, acme, member, view.id)
    demoted = Caller(acme.id, Permission.READ, admin.label, user_id=admin.user_id)
    assert change(session, acme, demoted, view, name="Ours").name == "Ours"
    assert change(session, acme, key, view, name="Teams").name == "Teams"
    with pytest.raises(Invalid):
        change(session, acme, key, view, shared=False)
    reader = Caller(acme.id, Permission.READ, "reader", api_key_id="other", kind=ActorKind.KEY)
    with pytest.raises(Forbidden):
        service.delete(session, acme, reader, view.id)
    service.delete(session, acme, key, view.id)
    assert session.query(SavedView).count() == 0


def test_a_member_keeps_views_and_shares_none(
    session: Session, acme: Organization, member: Caller
) -> None:
    with pytest.raises(Forbidden, match="Sharing"):
        keep(session, acme, member, shared=True)
    view = keep(session, acme, member)
    with pytest.raises(Forbidden, match="Sharing"):
        change(session, acme, member, view, shared=True)
    assert session.scalars(select(SavedView)).one().shared is False


def test_only_its_owner_takes_a_view_back(
    session: Session, acme: Organization, admin: Caller, key: Caller
) -> None:
    view = keep(session, acme, key)
    assert view.shared is True
    with pytest.raises(Invalid, match="shared"):
        keep(session, acme, key, "Own", shared=False)
    with pytest.raises(Forbidden, match="owner"):
        change(session, acme, admin, view, shared=False)
    own = keep(session, acme, admin, "Own", shared=True)
    assert change(session, acme, admin, own, shared=False).shared is False


def test_no_two_views_that_a_person_sees_get_one_name(
    session: Session, acme: Organization, elsewhere: Organization, admin: Caller, member: Caller
) -> None:
    keep(session, acme, member, "Teams")
    keep(session, acme, admin, "Teams", shared=True)  # what another keeps is not told
    for caller in (admin, member):
        with pytest.raises(Conflict, match="There is already a view called Teams"):
            keep(session, acme, caller, "Teams")
    other = keep(session, acme, member, "Other")
    with pytest.raises(Conflict):
        change(session, acme, member, other, name="Teams")
    assert keep(session, elsewhere, command_line(elsewhere.id), "Teams").name == "Teams"


def test_of_two_who_change_a_view_at_once_the_second_is_told(
    session: Session, acme: Organization, admin: Caller
) -> None:
    view = keep(session, acme, admin)
    assert change(session, acme, admin, view, name="First", version=1).version == 2
    with pytest.raises(Conflict, match="since you opened it"):
        change(session, acme, admin, view, name="Second", version=1)
    session.refresh(view)
    assert (view.name, view.version) == ("First", 2)
    assert change(session, acme, admin, view, name="First", version=2).version == 2  # nothing new


def test_a_persons_own_views_go_with_them_and_shared_ones_stay_marked(
    session: Session, acme: Organization, admin: Caller, member: Caller
) -> None:
    keep(session, acme, member, "Own")
    keep(session, acme, admin, "Kept", shared=True)
    leaving = keep(session, acme, member, "Shared")
    leaving.personal_to_id = None  # by an admin who is a member now
    session.commit()
    users.remove(session, acme, admin, str(member.user_id))
    session.expire_all()
    left = {view.name: view.owner_left for view in session.scalars(select(SavedView))}
    assert left == {"Kept": False, "Shared": True}


def test_every_change_is_in_the_audit_log(
    session: Session, acme: Organization, admin: Caller
) -> None:
    view = keep(session, acme, admin)
    change(session, acme, admin, view, shared=True)
    change(session, acme, admin, view, question="range=last_30_days")
    change(session, acme, admin, view, shared=False)
    service.delete(session, acme, admin, view.id)
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
    assert [entry.action for entry in entries] == [
        "view.created", "view.shared", "view.changed", "view.made_personal", "view.deleted",
    ]  # fmt: skip
    changed = entries[2]
    assert (changed.before or {})["question"] == QUESTION
    assert (changed.after or {})["question"] == "range=last_30_days"


def test_there_is_a_most_of_views(
    session: Session, acme: Organization, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_PERSONAL", 1)
    monkeypatch.setattr(service, "MOST_SHARED", 1)
    keep(session, acme, admin, "One")
    keep(session, acme, admin, "Two", shared=True)
    for shared in (False, True):
        with pytest.raises(Conflict, match="1 views already"):
            keep(session, acme, admin, "Three", shared=shared)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"name": "x" * 300}, "at most 100 characters"),
        ({"name": "a\u202eb"}, "control characters"),
        ({"name": "  "}, "must not be empty"),
        ({"question": "group_by=colour"}, "group_by must be one of"),
        ({"question": "limit=5"}, "unknown parameter 'limit'"),
        ({"question": {"group_by": 5}}, "text or a list of texts"),
        ({"question": 5}, "query string"),
        ({"question": "&".join(f"tag:a=x{n}" for n in range(501))}, "At most 500|at most 500"),
        ({"question": "service_name=" + "é" * 2048}, "At most|at most 10,000"),
        ({"columns": ["share", "<script>"]}, "must be one of spark, periods"),
        ({"columns": 5}, "list of names"),
        ({"compare": "yesterday"}, "compare"),
        ({"metric": "cost"}, "metric"),
        ({"table_order": "; drop"}, "column of the explorer"),
    ],
)
def test_what_is_wrong_is_said_in_words(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(CostOptixError, match=reason):
        drafts.read(ViewDraft, {"name": "Teams", "question": QUESTION} | values)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "Café 🚀", "n" * 100, "עברית"])
def test_a_name_is_kept_as_it_is_written(
    session: Session, acme: Organization, admin: Caller, name: str
) -> None:
    assert keep(session, acme, admin, name).name == name
