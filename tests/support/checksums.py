"""What the database holds, to tell whether anything changed."""

from __future__ import annotations

import hashlib

from sqlalchemy import text
from sqlalchemy.orm import Session

from costoptix.models import Base
from tests.support.pages import latest


def checksums(session: Session) -> dict[str, str]:
    """Everything in the database but when sessions and keys were last seen."""
    latest(session)
    found = {}
    for table in Base.metadata.sorted_tables:
        columns = [column.name for column in table.columns if column.name not in (
            "last_seen_at", "last_used_at")]  # fmt: skip
        listed = ", ".join(f'"{name}"' for name in columns)
        rows = session.execute(text(f'SELECT {listed} FROM "{table.name}"')).all()
        found[table.name] = hashlib.sha256(repr(sorted(map(repr, rows))).encode()).hexdigest()
    session.rollback()
    return found
