"""Rules of tags of an organization: made, listed, deleted, and what is refused.

A rule is in force with the transaction that makes it, and undone by the one that deletes it: both
renew the data version, by which every answer is remembered.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import delete as delete_rows
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from costoptix import events
from costoptix.access import audit
from costoptix.access.ownership import get_own
from costoptix.access.permissions import Caller, Permission, require
from costoptix.database import writing
from costoptix.errors import Conflict
from costoptix.lake.live import hold_data_version, renew_data_version
from costoptix.models import Anomaly, CleanedName, CleaningRule, Organization, new_id
from costoptix.tags.drafts import RuleDraft

MAX_RULES = 1_000
MAX_ALL_NAMES = 5_000
"""How many values and keys all rules of an organization are about."""


def add_rule(
    session: Session, organization: Organization, caller: Caller, draft: RuleDraft
) -> CleaningRule:
    """Make a rule; from its transaction on every answer goes by it.

    Raises:
        Forbidden: the caller may only read.
        Conflict: another rule is about one of its names; it would lead in a circle; the key is
            itself renamed, or has rules of its own; or there are as many rules as there may be.
    """
    require(caller, Permission.WRITE)
    rule_id = new_id()
    try:
        with writing(session):
            hold_data_version(session, organization.id)
            check(session, organization, draft)
            rule = CleaningRule(
                id=rule_id, organization_id=organization.id, key=draft.key, to=draft.to,
                created_by=caller.label, names=list(_names(organization, draft)),
            )  # fmt: skip
            session.add(rule)
            session.flush()
            _changed(session, organization, caller, "tag_rule.created", rule, after=written(rule))
    except IntegrityError:  # two at once, where the lock did not part them
        raise _taken(draft.names[0], draft.key) from None
    return rule


def delete_rule(session: Session, organization: Organization, caller: Caller, rule_id: str) -> None:
    """Delete a rule: answers are again what they were without it.

    Raises:
        Forbidden: the caller may only read.
        NotFound: there is none of that id, or it is another organization's.
    """
    require(caller, Permission.WRITE)
    with writing(session):
        rule = get_rule(session, organization, rule_id)
        before = written(rule)
        session.execute(delete_rows(CleanedName).where(CleanedName.rule_id == rule.id))
        session.execute(delete_rows(CleaningRule).where(CleaningRule.id == rule.id))
        _changed(session, organization, caller, "tag_rule.deleted", rule, before=before)


def get_rule(session: Session, organization: Organization, rule_id: str) -> CleaningRule:
    """Return a rule of the organization.

    Raises:
        NotFound: there is none of that id, or it is another organization's.
    """
    return get_own(session, CleaningRule, organization, rule_id)


def check(session: Session, organization: Organization, draft: RuleDraft) -> None:
    """Let pass what can be a rule beside those that there are.

    Raises:
        Conflict: as ``add_rule``.
    """
    mine = CleaningRule.organization_id == organization.id
    if _count(session, select(func.count()).where(mine)) >= MAX_RULES:
        raise Conflict(f"There are {MAX_RULES:,} rules of tags, as many as there may be.")
    names = select(func.count()).where(CleanedName.organization_id == organization.id)
    if _count(session, names) + len(draft.names) > MAX_ALL_NAMES:
        raise Conflict(
            f"All rules of tags together may name {MAX_ALL_NAMES:,} values and keys; this would"
            " be more."
        )
    for name in draft.names:
        if _follower(session, organization, draft.key, name) is not None:
            raise _taken(name, draft.key)
    _require_no_circle(session, organization, draft)
    _require_last_key(session, organization, draft)


def _require_no_circle(session: Session, organization: Organization, draft: RuleDraft) -> None:
    steps: list[str] = [draft.to]
    while (name := _follower(session, organization, draft.key, steps[-1])) is not None:
        steps.append(name)
        if name in draft.names:
            circle = " to ".join([name, *steps])
            raise Conflict(
                f"With the other rules this would rename in a circle: {circle}.",
                field="to", reason=f"with the other rules it would lead in a circle: {circle}",
            )  # fmt: skip


def _require_last_key(session: Session, organization: Organization, draft: RuleDraft) -> None:
    """Have rules of values stand at the name that their key is called by, and there only."""
    if draft.key is not None:
        called = _follower(session, organization, None, draft.key)
        if called is not None:
            reason = f"{draft.key} is renamed to {called}; make the rule for {called}"
            raise Conflict(f"{reason}.", field="key", reason=reason)
        return
    with_values = select(CleaningRule.key).where(
        CleaningRule.organization_id == organization.id, CleaningRule.key.in_(draft.names)
    )
    key = session.scalar(with_values.limit(1))
    if key is not None:
        reason = f"there are rules for values of {key}; delete these first"
        raise Conflict(f"T{reason[1:]}.", field="from", reason=reason)


def _follower(
    session: Session, organization: Organization, key: str | None, name: str
) -> str | None:
    """Return what takes the place of a name; None where no rule is about it."""
    return session.scalar(
        select(CleaningRule.to)
        .join(CleanedName, CleanedName.rule_id == CleaningRule.id)
        .where(
            CleanedName.organization_id == organization.id,
            CleanedName.digest == _digest(key, name),
        )
    )


def _count(session: Session, statement: Any) -> int:
    count: int = session.execute(statement).scalar_one()
    return count


def _names(organization: Organization, draft: RuleDraft) -> list[CleanedName]:
    return [
        CleanedName(
            position=position, organization_id=organization.id, name=name,
            digest=_digest(draft.key, name),
        )
        for position, name in enumerate(draft.names)
    ]  # fmt: skip


def _digest(key: str | None, name: str) -> str:
    return hashlib.sha256(json.dumps([key, name]).encode()).hexdigest()


def _taken(name: str, key: str | None) -> Conflict:
    what = f"the key {name}" if key is None else f"the value {name} of {key}"
    reason = f"there is already a rule for {what}"
    return Conflict(f"T{reason[1:]}.", field="from", reason=reason)


def written(rule: CleaningRule) -> dict[str, Any]:
    """Write what a rule says, as the API takes it."""
    return {"key": rule.key, "from": [name.name for name in rule.names], "to": rule.to}


def _changed(
    session: Session,
    organization: Organization,
    caller: Caller,
    action: str,
    rule: CleaningRule,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Have everything that depends on tags answered, and judged, anew."""
    renew_data_version(session, organization.id)
    events.data_changed(session, organization.id)
    kept_drivers = Anomaly.organization_id == organization.id, Anomaly.drivers.is_not(None)
    # What drives an anomaly is named by tags: it is worked out anew when somebody looks at it.
    session.execute(update(Anomaly).where(*kept_drivers).values(drivers=None))
    subject = f"keys to {rule.to}" if rule.key is None else f"{rule.key} to {rule.to}"
    audit.record(
        session, caller, action, subject=subject, subject_id=rule.id, before=before, after=after
    )
