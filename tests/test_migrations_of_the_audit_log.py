"""What was written before entries were chained is chained as it was found."""

from __future__ import annotations

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text
from sqlalchemy.orm import Session

from costoptix.access import audit, audit_chain
from costoptix.access.permissions import Caller
from costoptix.database import writing
from costoptix.extensions import db
from costoptix.models import AuditEntry, Organization, User


def test_entries_of_before_are_chained_and_later_ones_follow(
    app: Flask, session: Session, acme: Organization, alice: User, admin: Caller
) -> None:
    acme_id = acme.id
    session.close()
    downgrade(revision="0020")
    for number, (owner, actor, after) in enumerate(
        [
            (acme_id, "alice@example.com", '{"name": "\\u00dcber", "of": [1.50, null]}'),
            (None, "somebody@example.com", None),
            (acme_id, "CI (cc_abcdefgh…)", None),
            ("gone", "command line", "null"),
            (acme_id, "worker", None),
        ]
    ):
        session.execute(
            text(
                "INSERT INTO audit_entries (organization_id, at, actor, address, action, subject, "
                "after) VALUES (:owner, :at, :actor, '', 'old', '', :after)"
            ),
            {"owner": owner, "at": f"2026-01-0{number + 1} 00:00:00.000001", "actor": actor,
             "after": after},
        )  # fmt: skip
    session.commit()
    session.close()
    upgrade()
    with writing(session):
        audit.record(session, admin, "new")
    rows = session.query(AuditEntry).filter_by(organization_id=acme_id).order_by(AuditEntry.number)
    assert [row.actor_kind for row in rows] == ["person", "key", "system", "person"]
    chains = audit_chain.verify_all(session)
    assert sorted(chain.number for chain in chains) == [1, 1, 4]
    assert [chain.faults for chain in chains] == [[]] * 3
    db.session.remove()
