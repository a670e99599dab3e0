"""Saved views of an organization: kept, changed, shared, deleted, and who may do so.

A person sees their own views and those that are shared; a key sees what is shared. Everyone keeps
personal views. To share one is for admins and for keys that may write; what is shared is changed by
its owner, by admins and by such keys. Only its owner can make it personal again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from costoptix.access import audit
from costoptix.access.permissions import Caller, Denied, Permission, require
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.errors import Conflict, NotFound, wrong_field
from costoptix.models import Organization, SavedView, new_id
from costoptix.views.drafts import ViewChange, ViewDraft

MOST_PERSONAL = 200
MOST_SHARED = 500
CHANGED_MEANWHILE = (
    "Somebody has changed this view since you opened it; look at it as it is now, and save again"
    " if you still want this."
)
_ASKED = ("question", "columns", "compare", "metric", "complete_days", "table_order")


def create(
    session: Session, organization: Organization, owner: Caller, draft: ViewDraft
) -> SavedView:
    """Keep a view for ``owner``: a person, or a key or command, of which nobody is the owner.

    Raises:
        Forbidden: the caller may not share it.
        Invalid: it is a key's, and not to be shared.
        Conflict: another view that the caller sees has the name; or there are too many.
    """
    is_shared = owner.user_id is None if draft.shared is None else draft.shared
    if is_shared:
        _require_sharing(owner)
    elif owner.user_id is None:
        raise _only_shared()
    values = draft.model_dump(exclude={"shared", "compare"})
    view = SavedView(
        id=new_id(),
        organization_id=organization.id,
        personal_to_id=None if is_shared else owner.user_id,
        owner_id=owner.user_id,
        made_by_person=owner.user_id is not None,
        compare=draft.compare.value,
        created_by=owner.label,
        **values,
    )
    with _naming(session, draft.name):
        _check_count(session, organization, view)
        _check_name(session, organization, owner, view)
        session.add(view)
        session.flush()
        _record(session, owner, "view.created", view, after=written(view))
    return view


def change(
    session: Session, organization: Organization, caller: Caller, view_id: str, changed: ViewChange
) -> SavedView:
    """Change a view: its name, what it asks, whether it is shared.

    Raises:
        NotFound: as ``get``.
        Forbidden: the caller may not change it, or not share it.
        Conflict: somebody else has changed it meanwhile; or as ``create``.
    """
    with _naming(session, changed.name or ""):
        view = _locked(session, organization, caller, view_id)
        require_changing(caller, view)
        if changed.version not in (None, view.version):
            raise Conflict(CHANGED_MEANWHILE)
        before, values = written(view), changed.changes()
        shared = values.pop("shared", view.shared)
        for name, value in values.items():
            setattr(view, name, value.value if name == "compare" else value)
        if shared != view.shared:
            _share(session, organization, caller, view, is_shared=shared)
        if (after := written(view)) == before:
            return view
        _check_name(session, organization, caller, view)
        view.version, view.updated_at = view.version + 1, utc_now()
        session.flush()
        _record(session, caller, _action(before, after), view, before=before, after=after)
    return view


def delete(session: Session, organization: Organization, caller: Caller, view_id: str) -> None:
    """Delete a view.

    Raises:
        NotFound: as ``get``.
        Forbidden: the caller may not change it.
    """
    with writing(session):
        view = _locked(session, organization, caller, view_id)
        require_changing(caller, view)
        _record(session, caller, "view.deleted", view, before=written(view))
        session.delete(view)


def get(session: Session, organization: Organization, caller: Caller, view_id: str) -> SavedView:
    """Return a view that the caller sees.

    Raises:
        NotFound: there is none, or it is another organization's, or another person's own.
    """
    view = session.scalar(select(SavedView).where(_seen(organization, caller, view_id)))
    if view is None:
        raise NotFound
    return view


def get_shared(session: Session, organization: Organization, view_id: str) -> SavedView | None:
    """Return a view that the organization shares; None where it is gone, or personal."""
    shared = (
        SavedView.id == view_id,
        SavedView.organization_id == organization.id,
        SavedView.personal_to_id.is_(None),
    )
    return session.scalar(select(SavedView).where(*shared))


def visible(organization: Organization, caller: Caller) -> ColumnElement[bool]:
    """Return the condition for the views that a caller sees."""
    is_shared = SavedView.personal_to_id.is_(None)
    seen: ColumnElement[bool] = is_shared
    if caller.user_id is not None:
        seen = or_(is_shared, SavedView.personal_to_id == caller.user_id)
    return (SavedView.organization_id == organization.id) & seen


def may_change(caller: Caller, view: SavedView) -> bool:
    """Tell whether a caller who sees a view may change and delete it."""
    is_own = caller.user_id is not None and view.owner_id == caller.user_id
    return is_own or may_share(caller)


def may_share(caller: Caller) -> bool:
    """Tell whether a caller may share views: admins, and keys that may write."""
    needed = Permission.WRITE if caller.user_id is None else Permission.ADMIN
    return caller.permission.covers(needed)


def require_changing(caller: Caller, view: SavedView) -> None:
    """Let pass who may change a view that they see.

    Raises:
        Forbidden: it is for the owner and admins; or the key may only read.
    """
    if not may_change(caller, view):
        require(caller, Permission.WRITE)  # says it in the words of keys
        raise Denied("This view is shared: only its owner and admins change it.")


def written(view: SavedView) -> dict[str, Any]:
    """Write what a view says, for the audit log."""
    return {name: getattr(view, name) for name in ("name", "shared", *_ASKED)}


def _require_sharing(caller: Caller) -> None:
    if not may_share(caller):
        if caller.user_id is None:
            require(caller, Permission.WRITE)
        raise Denied("Sharing a view is for admins; keep it for yourself, or ask one of them.")


def _share(
    session: Session, organization: Organization, caller: Caller, view: SavedView, *,
    is_shared: bool,
) -> None:  # fmt: skip
    """Show a view to everybody, or to its owner alone."""
    if is_shared:
        _require_sharing(caller)
        view.personal_to_id = None
    elif caller.user_id is None:
        raise _only_shared()
    elif view.owner_id != caller.user_id:
        raise Denied("Only its owner can make a view personal again; others can delete it.")
    else:
        view.personal_to_id = view.owner_id
    _check_count(session, organization, view)


def _only_shared() -> Exception:
    return wrong_field("shared", "a view that a key makes is shared, since a key is nobody's own")


def _locked(
    session: Session, organization: Organization, caller: Caller, view_id: str
) -> SavedView:
    """Return a view that nobody else changes until the commit."""
    locked = select(SavedView).where(_seen(organization, caller, view_id)).with_for_update()
    view = session.scalar(locked, execution_options={"populate_existing": True})
    if view is None:
        raise NotFound
    return view


def _seen(organization: Organization, caller: Caller, view_id: str) -> ColumnElement[bool]:
    return (SavedView.id == view_id) & visible(organization, caller)


def _check_count(session: Session, organization: Organization, view: SavedView) -> None:
    """Refuse one more view where there are enough of its kind."""
    is_alike: ColumnElement[bool] = SavedView.personal_to_id.is_(None)
    most, whose = MOST_SHARED, "The organization shares"
    if view.personal_to_id is not None:
        is_alike = SavedView.personal_to_id == view.personal_to_id
        most, whose = MOST_PERSONAL, "You have"
    others = (SavedView.organization_id == organization.id) & (SavedView.id != view.id) & is_alike
    with session.no_autoflush:
        count = session.scalar(select(func.count()).where(others)) or 0
    if count >= most:
        raise Conflict(f"{whose} {most} views already; delete one first.")


def _check_name(
    session: Session, organization: Organization, caller: Caller, view: SavedView
) -> None:
    """Refuse a name that another view has which the caller sees.

    What somebody keeps for themselves is not told by this: their name may come twice in their
    list, where the two are marked as personal and shared.
    """
    others = visible(organization, caller) & (SavedView.id != view.id)
    with session.no_autoflush:
        named = session.scalar(select(SavedView.id).where(others, SavedView.name == view.name))
    if named is not None:
        raise _taken(view.name)


def _taken(name: str) -> Conflict:
    reason = f"there is already a view called {name}"
    return Conflict(f"T{reason[1:]}.", field="name", reason=reason)


def _action(before: dict[str, Any], after: dict[str, Any]) -> str:
    if before["shared"] != after["shared"]:
        return "view.shared" if after["shared"] else "view.made_personal"
    return "view.changed"


def _record(
    session: Session, caller: Caller, action: str, view: SavedView, *,
    before: dict[str, Any] | None = None, after: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    audit.record(
        session, caller, action, subject=view.name, subject_id=view.id, before=before, after=after
    )


@contextmanager
def _naming(session: Session, name: str) -> Iterator[None]:
    """Write, or say that another view has the name: two may take it at the same time."""
    try:
        with writing(session):
            yield
    except IntegrityError:
        raise _taken(name) from None
