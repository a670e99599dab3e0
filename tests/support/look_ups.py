"""Every look-up is served by an index: what every test of the suite is also a test of.

On SQLite each statement that the product sends is explained once; a test fails when one of its
statements goes through a whole table that grows with bills, calls or people.
"""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

ROOT = str(Path(__file__).parents[2] / "costoptix")

READ_WHOLE = (f"{ROOT}/backup/", f"{ROOT}/doctor/")
"""What copies and checks whole installations, beside whoever asks for a part."""

GROWING = frozenset({
    "account_names", "anomalies", "anomaly_judgements", "api_keys", "audit_entries", "budgets",
    "deliveries", "delivery_files", "delivery_sub_accounts", "delivery_sums", "events",
    "idempotency_records", "imports", "inbox_items", "invitations", "jobs", "reconciliation_lines",
    "saved_views", "sources", "tag_rule_names", "tag_rules", "throttle_counters", "user_sessions",
    "users",
})  # fmt: skip

WHOLE = ("SELECT deliveries.is_live, sum(delivery_files.size_bytes)",)
"""Beginnings of statements that are about the whole table: /metrics, every five minutes."""

_explained: set[str] = set()
_scans: list[str] = []


def scans_of(cursor: sqlite3.Cursor, statement: str, parameters: Any) -> list[str]:
    """Return the steps of a statement's plan that go through a whole growing table."""
    cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
    found = []
    for *_, step in cursor.fetchall():
        verb, name, *how = step.split()
        table = name.rsplit("_", 1)[0] if name.rsplit("_", 1)[-1].isdigit() else name
        if verb == "SCAN" and table in GROWING and "USING" not in how:
            found.append(step)
    return found


def _explain(
    connection: Any, _cursor: object, statement: str, parameters: Any, _context: object, many: bool
) -> None:
    raw = connection.connection.driver_connection
    if many or not isinstance(raw, sqlite3.Connection) or statement in _explained:
        return
    if statement.startswith(WHOLE) or not statement.startswith(("SELECT", "UPDATE", "DELETE")):
        return
    if not _is_ours():
        return
    _explained.add(statement)
    cursor = raw.cursor()
    _scans.extend(f"{step}: {statement}" for step in scans_of(cursor, statement, parameters))
    cursor.close()


def _is_ours() -> bool:
    """Tell whether the product asks, not a test that looks at what it did."""
    frames = (frame.f_code.co_filename for frame, _ in traceback.walk_stack(None))
    ours = next((name for name in frames if "/site-packages/" not in name and name != __file__), "")
    return ours.startswith(ROOT) and not ours.startswith(READ_WHOLE)


@pytest.fixture(autouse=True, scope="session")
def _look_ups() -> Iterator[None]:
    event.listen(Engine, "before_cursor_execute", _explain)
    yield
    event.remove(Engine, "before_cursor_execute", _explain)


@pytest.fixture(autouse=True)
def _an_index_serves_each() -> Iterator[None]:
    """Fail the test within which a whole growing table was gone through, for the first time."""
    _scans.clear()
    yield
    assert not _scans, "no index serves:\n" + "\n".join(_scans)
