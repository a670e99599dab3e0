"""The schema comes from the migrations alone, and says what the models say.

Migrations are append-only: an installation of any day goes on, whatever comes after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import make_url

from config import Config
from costoptix.extensions import db
from tests.api.conftest import Api
from tests.support import frozen

COMPARED: Mapping[str, tuple[str, ...]] = {
    "/imports": ("id", "file_name", "source", "rows", "created_at"),
    "/budgets": ("id", "name", "amount", "currency", "period"),
    "/budgets/": ("amount", "current_spend", "utilization_percent", "state"),
    "/anomalies": ("id", "date", "service_name", "account", "actual", "expected", "low", "high",
                   "impact", "severity", "status", "note", "judged_by"),
    "/accounts": ("id", "account", "name", "billed_cost", "costs"),
}  # fmt: skip
"""What is asked again of each kind of answer; of a question of costs, all of it."""


RELEASED = {
    "0001_initial.py": "b044674db0024494f12caad3619d6fd178e5d31b871729e13ac39ff2859562d3",
    "0002_append_only_audit.py": "a957762a447198584e6e44f69f230bc6c72de94e4ddc674894eb57d3ca91bed6",
}
"""Migrations that installations have run, with their SHA-256."""


def test_a_migration_that_installations_have_run_is_never_edited() -> None:
    versions = Path(__file__).parents[1] / "migrations" / "versions"
    digests = {name: sha256((versions / name).read_bytes()).hexdigest() for name in RELEASED}
    assert digests == RELEASED


def test_models_and_migrations_agree(app: Flask) -> None:
    with app.app_context():
        check()


def test_migrations_go_down_and_up_again(app: Flask) -> None:
    """R22"""
    with app.app_context():
        downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
        upgrade()
        check()


@pytest.fixture
def installed(
    config: Config, make_app: Callable[..., Flask], tmp_path: Path, on_postgresql: bool
) -> Iterator[Flask]:
    """The application of today on the installation of 26 November 2026, not yet upgraded."""
    frozen.put_files(config)
    if not on_postgresql:
        frozen.put_database(Path(make_url(config.database_url).database or ""))
    app = make_app(now=frozen.NOW)
    with app.app_context():
        if on_postgresql:
            downgrade(revision=frozen.REVISION)
            frozen.put_rows(config.database_url, tmp_path)
        yield app


def test_an_installation_of_the_first_schema_keeps_every_total(installed: Flask) -> None:
    upgrade()
    check()
    _expect_every_total(installed)


def test_one_step_down_and_up_again_keeps_every_total(installed: Flask) -> None:
    upgrade()
    downgrade()
    upgrade()
    check()
    _expect_every_total(installed)


def test_an_upgraded_installation_goes_on_where_it_was(installed: Flask) -> None:
    """What waited for the worker is imported, and what waited for a person is decided."""
    upgrade()
    key = frozen.recorded()["Acme Cloud"]["key"]
    imports = {row["file_name"]: row for row in _call(installed, key, "/imports?limit=100")}
    assert imports["february-short.csv"]["state"] == "waiting"
    short = imports["february-short.csv"]["id"]
    _call(installed, key, f"/imports/{short}/decide", "POST", json={"decision": "replace"})
    done = installed.test_cli_runner().invoke(args=["worker", "--once"])
    assert done.exit_code == 0, done.output
    for name, rows in (("november.csv", 90), ("february-short.csv", 9)):
        details = _call(installed, key, f"/imports/{imports[name]['id']}")
        assert (details["state"], details["rows"]["kept"]) == ("live", rows)


def _call(app: Flask, key: str, path: str, method: str = "GET", **options: Any) -> Any:
    answer = Api(app.test_client(), key)(method, path, **options)
    assert answer.status_code < 300, (path, answer.text)
    return answer.json["data"]


def _expect_every_total(app: Flask) -> None:
    for name, kept in frozen.recorded().items():
        for path, data in kept["answers"].items():
            answer = _call(app, kept["key"], path)
            assert _compared(path, answer) == _compared(path, data), (name, path)


def _compared(path: str, data: Any) -> Any:
    """Leave out what may be said otherwise by a later version: the totals are not."""
    names = COMPARED.get("/budgets/" if path.endswith("/check") else path.partition("?")[0])
    if names is None:
        return data
    if isinstance(data, dict):
        return {name: data[name] for name in names}
    rows = [{name: _as_counted(row[name]) for name in names} for row in data]
    if path.startswith("/anomalies"):  # listed by their impact now; then by their days
        return sorted(rows, key=lambda row: str(row["id"]))
    return rows


def _as_counted(value: Any) -> Any:
    """Return the rows of an import as they were counted before charges were told apart."""
    return {k: v for k, v in value.items() if k != "charges"} if isinstance(value, dict) else value


def test_imports_that_repeated_live_bytes_become_duplicates_of_those(app: Flask) -> None:
    """Before, they were live imports of no rows."""
    with app.app_context():
        downgrade(revision="0002")
        with db.engine.begin() as connection:
            connection.execute(
                text("INSERT INTO organizations VALUES ('o', 'O', 'starter', :now, 'v')"),
                {"now": "2026-01-01 00:00:00"},
            )
            _import(connection, "first", "withdrawn", day=1)
            _import(connection, "again", "live", day=2, message="already imported, nothing changed")
            _import(connection, "third", "live", day=3)
            _import(
                connection, "fourth", "live", day=4, message="already imported, nothing changed"
            )
            _import(connection, "empty", "live", day=5, message="The file holds no charges.")
        upgrade()
        with db.engine.begin() as connection:
            states = connection.execute(text("SELECT id, state, repeats_id FROM imports"))
            assert {row.id: (row.state, row.repeats_id) for row in states} == {
                "first": ("withdrawn", None),
                "again": ("duplicate", "first"),
                "third": ("live", None),
                "fourth": ("duplicate", "third"),
                "empty": ("live", None),
            }
        downgrade(revision="0002")
        with db.engine.begin() as connection:
            states = connection.execute(text("SELECT id, state FROM imports"))
            assert dict(states.all())["again"] == "live"
        upgrade()
        check()


def _import(
    connection: Connection, name: str, state: str, *, day: int, message: str | None = None
) -> None:
    """Write an import as it was written before there were duplicates."""
    connection.execute(
        text(
            "INSERT INTO imports (id, organization_id, state, file_name, stored_name, size_bytes,"
            " sha256, created_by, created_at, bytes_done, rows_read, rows_kept, rows_rejected,"
            " message, options) VALUES (:id, 'o', :state, 'a.csv', :id, 1, 's', 'me', :at, 1, 0, 0,"
            " 0, :message, '{}')"
        ),
        {"id": name, "state": state, "at": f"2026-01-{day:02d} 00:00:00", "message": message},
    )
