"""A process starts on a database and a lake that belong to it, or says in a line what is wrong."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from secrets import token_hex

import pytest
from flask import Flask, current_app
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from costoptix import clock, startup
from costoptix.models import Organization
from tests.api.conftest import Api, MakeKey, make_key
from tests.faults.disk import small_disk
from tests.support.lake import Charge, Lake, open_writer
from tests.support.server import ROOT, environment_for, run_flask
from tests.support.services import free_port

pytestmark = pytest.mark.sqlite

FLASK = [sys.executable, "-m", "flask", "--app", "app"]
STARTS: dict[str, Sequence[str]] = {
    "a command": [*FLASK, "org", "list"],
    "the worker": [*FLASK, "worker", "--once"],
    "the migration": [*FLASK, "db", "upgrade"],
    "serve": [*FLASK, "serve"],
    "the web server": [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app:app"],
}


@pytest.fixture
def database(tmp_path: Path, migrated: str) -> Path:
    """The database of an installation that no process has open."""
    (tmp_path / "instance").mkdir()
    return Path(shutil.copyfile(migrated, tmp_path / "instance" / "costoptix.db"))


def set_version(database: Path, version: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [version])


def content(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


def start(database: Path, command: Sequence[str], **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env=environment_for(database.parent, **({"PORT": str(free_port())} | extra)),
    )  # fmt: skip


__all__ = ["make_key"]


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line that a start ended with."""
    assert done.returncode != 0
    assert done.stderr.strip().count("\n") == 0, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    return done.stderr


@pytest.mark.parametrize("command", STARTS.values(), ids=STARTS)
def test_a_database_of_an_unknown_version_is_refused_in_a_line_and_left_as_it_is(
    database: Path, command: Sequence[str]
) -> None:
    """R21"""
    set_version(database, "9999")
    before = content(database)
    assert "version '9999'" in one_line(start(database, command))
    assert content(database) == before


def damage(database: Path) -> None:
    content = bytearray(database.read_bytes())
    content[100:] = bytes(byte ^ 0x5A for byte in content[100:])
    database.write_bytes(content)


@pytest.mark.parametrize("command", STARTS.values(), ids=STARTS)
def test_r27_a_damaged_database_is_refused_in_a_line_and_left_as_it_is(
    database: Path, command: Sequence[str]
) -> None:
    damage(database)
    before = database.read_bytes()
    assert "Restore a backup" in one_line(start(database, command))
    assert database.read_bytes() == before


@pytest.mark.parametrize("length", [100, -4096])
def test_r27_a_database_that_is_cut_is_refused_in_a_line_and_left_as_it_is(
    database: Path, length: int
) -> None:
    before = database.read_bytes()[:length]
    database.write_bytes(before)
    assert "Restore a backup" in one_line(start(database, STARTS["the migration"]))
    assert database.read_bytes() == before


@pytest.mark.parametrize("name", ["the migration", "the web server"])
def test_r27_no_new_database_is_made_beside_the_lake_of_a_lost_one(
    database: Path, name: str
) -> None:
    (database.parent / "lake" / "organization=x").mkdir(parents=True)
    database.write_bytes(b"")
    assert "is missing or empty" in one_line(start(database, STARTS[name]))
    assert database.stat().st_size == 0
    database.unlink()


@pytest.mark.parametrize("name", ["a command", "the web server"])
def test_r28_a_data_folder_that_is_read_only_is_said_in_a_line(tmp_path: Path, name: str) -> None:
    with small_disk(tmp_path / "instance", 8):
        (tmp_path / "instance").chmod(0o700)
        mount = ["mount", "-o", "remount,ro", str(tmp_path / "instance")]
        subprocess.run(mount, check=True)
        said = one_line(start(tmp_path / "instance" / "costoptix.db", STARTS[name]))
    assert "COSTOPTIX_DATA_DIR" in said
    assert "Read-only file system" in said


@pytest.mark.parametrize("name", ["the web server", "serve"])
def test_an_address_that_cannot_be_listened_on_is_said_in_a_line(database: Path, name: str) -> None:
    """An address of documentation, which no machine has; and a port in use."""
    refusal = one_line(start(database, STARTS[name], HOST="192.0.2.1"))
    assert "HOST: 192.0.2.1 cannot be listened on" in refusal
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refusal = one_line(start(database, STARTS[name], PORT=port))
    assert f"Something else listens on port {port}" in refusal
    assert "another port with PORT" in refusal


@pytest.mark.parametrize("name", ["the web server", "a command"])
@pytest.mark.parametrize(
    "counter", ["sqlite:////proc/quota.db", "redis://127.0.0.1:1/0?colour=red"]
)
def test_a_counter_that_cannot_be_opened_ends_the_start_in_a_line(
    database: Path, name: str, counter: str
) -> None:
    """Else each web process would end, and be started again, for ever."""
    if counter.startswith("redis"):
        pytest.importorskip("redis", reason="pip install -r requirements-redis.txt")
    done = start(database, STARTS[name], COSTOPTIX_QUOTA_URL=counter)
    assert "COSTOPTIX_QUOTA_URL" in one_line(done)


def test_r6_a_start_on_a_full_disk_says_so_and_tells_nobody_to_move_the_counter(
    tmp_path: Path, migrated: str
) -> None:
    """R6: moved away, the day's counts would be lost for want of space alone."""
    with small_disk(tmp_path / "instance", 8) as disk:
        disk.path.chmod(0o700)
        database = Path(shutil.copyfile(migrated, disk.path / "costoptix.db"))
        (disk.path / "secret_key").write_text(token_hex(32))
        disk.fill()
        done = start(database, [*FLASK, "doctor", "--json"])
        sentence = one_line(done)
        (check,) = json.loads(done.stdout)["checks"]
    assert "Free some space on its disk" in sentence
    assert "move it away" not in sentence
    assert check["troubles"][0]["sentence"] in sentence


@pytest.mark.parametrize("name", ["a#b", "a b", "a'b"])
def test_a_data_folder_may_have_any_name_that_is_taken(tmp_path: Path, name: str) -> None:
    """What a URI gives a meaning stood in the name of a database; its backup was of another."""
    environment = environment_for(tmp_path / name)
    assert run_flask(environment, "db", "upgrade").returncode == 0
    done = run_flask(environment, "backup", str(tmp_path / "backup.tar"))
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == [name]


def test_r27_a_damaged_call_counter_is_said_in_a_line(database: Path) -> None:
    counter = database.with_name("quota.db")
    counter.write_bytes(b"not a database at all" * 400)
    assert "the call counter" in one_line(start(database, STARTS["a command"]))
    assert counter.read_bytes().startswith(b"not a database")
    done = start(database, [*FLASK, "doctor", "--json"])
    assert "the call counter" in one_line(done)
    (check,) = json.loads(done.stdout)["checks"]
    assert check["check"] == "environment"
    assert "COSTOPTIX_QUOTA_URL" in check["troubles"][0]["sentence"]


@pytest.mark.parametrize("name", ["the migration", "the web server"])
def test_nothing_starts_on_a_restore_that_was_cut_short(database: Path, name: str) -> None:
    (database.parent / startup.UNFINISHED_RESTORE).write_text("{}")
    assert "run flask --app app restore FILE again" in one_line(start(database, STARTS[name]))


def test_r9_a_command_says_that_another_process_holds_the_database(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R9: after its patience, in a line; so for a disk that is read-only or broken."""
    for words, sentence in {
        "database is locked": "Another process holds the database",
        "attempt to write a readonly database": "cannot be written to",
        "database disk image is malformed": "is damaged",
        "disk I/O error": "does not answer (disk I/O error)",
    }.items():
        failed = OperationalError("BEGIN IMMEDIATE", {}, sqlite3.OperationalError(words))

        def fail(*_: object, failed: OperationalError = failed) -> None:
            raise failed

        monkeypatch.setattr("costoptix.cli.organizations.organizations.list_all", fail)
        done = current_app.test_cli_runner().invoke(args=["org", "list"])
        assert done.exit_code == 1
        assert done.stderr.count("\n") == 1
        assert sentence in done.stderr


def test_a_data_folder_that_cannot_be_used_is_named_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = start(tmp_path / "file" / "instance" / "costoptix.db", STARTS["a command"])
    assert "COSTOPTIX_DATA_DIR" in one_line(done)


@pytest.mark.parametrize(
    "command", [c for n, c in STARTS.items() if n not in ("the migration", "serve")]
)
def test_a_database_that_was_not_migrated_yet_is_refused_in_a_line(
    database: Path, command: Sequence[str]
) -> None:
    set_version(database, "0001")
    assert "flask --app app db upgrade" in one_line(start(database, command))
    database.unlink()
    assert "flask --app app db upgrade" in one_line(start(database, command))


@pytest.mark.parametrize("name", ["the migration", "serve"])
def test_a_migration_that_was_done_in_part_is_said_in_a_line_and_changes_nothing(
    database: Path, name: str
) -> None:
    """What a migration of ours leaves is whole; here a hand has set the version back."""
    set_version(database, "0001")
    before = content(database)
    assert "could not be migrated from 0001" in one_line(start(database, STARTS[name]))
    assert content(database) == before


@pytest.mark.parametrize("name", ["the worker", "the web server", "serve"])
def test_another_secret_key_is_said_in_a_line_and_changes_nothing(
    database: Path, name: str
) -> None:
    """S57"""
    environment = environment_for(database.parent)
    assert run_flask(environment, "worker", "--once").returncode == 0
    (database.parent / "secret_key").write_text(token_hex(32))
    before = content(database)
    assert "add it to SECRET_KEY_FALLBACKS" in one_line(start(database, STARTS[name]))
    assert content(database) == before


@pytest.fixture
def lake(app: Flask, session: Session, acme: Organization) -> Iterator[Lake]:
    clock.configure("2026-03-20T12:00:00Z")
    with open_writer() as writer:
        lake = Lake(session, app.extensions["cost_store"], writer, acme)
        lake.deliver(Charge())
        yield lake


@pytest.fixture
def api(app: Flask, lake: Lake, make_key: MakeKey) -> Api:
    return Api(app.test_client(), make_key()[1])


def test_without_the_lake_questions_of_costs_are_refused_in_words_and_the_rest_goes_on(
    app: Flask, lake: Lake, api: Api
) -> None:
    folder = app.config["COSTOPTIX"].lake_dir
    folder.rename(folder.with_name("elsewhere"))
    answer = api.get("/costs")
    assert answer.status_code == 503
    assert "missing" in answer.get_json()["error"]
    for path in ("/health", "/imports", "/budgets", "/keys"):
        assert api.get(path).status_code == 200
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_name("elsewhere").rename(folder)
    assert api.get("/costs").status_code == 200


def test_the_worker_says_that_the_lake_is_missing(app: Flask, lake: Lake) -> None:
    config = app.config["COSTOPTIX"]
    config.lake_dir.rename(config.lake_dir.with_name("elsewhere"))
    done = run_flask(environment_for(config.data_dir), "worker", "--once")
    assert done.returncode == 0
    assert f"{config.lake_dir} is missing" in done.stderr


def test_the_worker_says_that_the_lake_cannot_be_written_to(database: Path) -> None:
    with small_disk(database.parent / "lake", 1):
        mount = ["mount", "-o", "remount,ro", str(database.parent / "lake")]
        subprocess.run(mount, check=True)
        done = start(database, STARTS["the worker"])
        assert done.returncode == 0
        assert "cannot be written to (Read-only file system)" in done.stderr
