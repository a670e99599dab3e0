"""R22: an upgrade changes the schema whole or not at all, and loses no row and no sum.

From the installation of 26 November 2026 that tests/data/frozen keeps, grown: small in the suite, a
million rows by ``make prove``. Its lake is read as it is by tests/test_migrations.py.
"""

from __future__ import annotations

import filecmp
import random
import shutil
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from config import Config
from costoptix import create_app, startup
from costoptix.extensions import db
from tests.faults import processes
from tests.support import frozen, grown
from tests.support.proving import count, tell
from tests.support.server import environment_for

ROWS = count(2_000, 1_000_000)
PATIENCE = 1_800
pytestmark = pytest.mark.sqlite


def change(environment: Mapping[str, str], way: str) -> None:
    """Take the database one way, as ``flask db upgrade`` or ``downgrade`` does."""
    with create_app(Config.from_environ(environment)).app_context():
        (upgrade if way == "up" else downgrade)()
        inspect(db.engine)
        db.engine.dispose()


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a grown database of the first version."""
    folder = tmp_path_factory.mktemp("grown") / "instance"
    folder.mkdir(mode=0o700)
    assert grown.put_grown_database(folder / "costoptix.db", ROWS) >= ROWS
    return folder


@pytest.fixture(scope="module")
def before(old: Path) -> dict[str, tuple[int, str]]:
    """What each of its tables holds."""
    return grown.sums(old / "costoptix.db")


@dataclass
class Upgraded:
    """The same upgraded, undisturbed."""

    folder: Path
    sums: dict[str, tuple[int, str]]
    seconds: float


@pytest.fixture(scope="module")
def upgraded(old: Path, tmp_path_factory: pytest.TempPathFactory) -> Upgraded:
    path, environment = copy(old, tmp_path_factory.mktemp("upgraded") / "instance")
    seconds = run(environment, "up")
    assert version(path) == startup.newest()
    return Upgraded(path.parent, grown.sums(path), seconds)


def copy(old: Path, folder: Path) -> tuple[Path, dict[str, str]]:
    """Copy the data folder; return the path of its database, and its environment."""
    shutil.copytree(old, folder)
    return folder / "costoptix.db", environment_for(folder)


def version(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(found)


def run(environment: Mapping[str, str], way: str) -> float:
    """Do it in a process of its own to a good end; return the seconds it took."""
    begun = time.monotonic()
    processes.finish(processes.start(change, environment, way), PATIENCE)
    return time.monotonic() - begun


def test_r22_up_one_step_down_and_up_again_holds_the_same(
    before: dict[str, tuple[int, str]], upgraded: Upgraded, tmp_path: Path
) -> None:
    """R22: no table has fewer rows than before, and the second upgrade ends where the first did."""
    path, environment = copy(upgraded.folder, tmp_path / "instance")
    after = upgraded.sums
    lost = {name for name, (rows, _) in before.items() if rows > after.get(name, (0, ""))[0]}
    assert lost <= {"sqlite_sequence"}
    run(environment, "down")
    assert version(path) != startup.newest()
    run(environment, "up")
    assert grown.sums(path) == after
    rows = sum(rows for rows, _ in before.values())
    tell(
        f"R22: {rows} rows from {frozen.REVISION} up to {startup.newest()} in "
        f"{upgraded.seconds:.0f} s, one step down and up again: the same"
    )


def test_r22_a_killed_upgrade_leaves_the_old_schema_or_the_new(
    old: Path, before: dict[str, tuple[int, str]], upgraded: Upgraded, tmp_path: Path
) -> None:
    """R22: killed at any moment; what is there is whole, and the next upgrade ends well."""
    chance = random.Random(22)
    path, environment = copy(old, tmp_path / "instance")
    rows = {name: rows for name, (rows, _) in upgraded.sums.items()}
    kills, ended = 0, 0
    while kills < count(3, 20):
        process = processes.start(change, environment, "up")
        process.join(chance.uniform(0, upgraded.seconds))
        kills += process.is_alive()
        process.kill()
        processes.end(process)
        if version(path) == frozen.REVISION:
            assert is_as_before(path, old, before)
            continue
        ended += 1  # it was done: the next one begins with the old schema again
        assert {name: rows for name, (rows, _) in grown.sums(path).items()} == rows
        shutil.rmtree(path.parent)
        copy(old, path.parent)
    run(environment, "up")
    assert {name: rows for name, (rows, _) in grown.sums(path).items()} == rows
    tell(
        f"R22: {kills} upgrades of {ROWS} rows killed, each left the old schema or the new whole; "
        f"{ended} had come to their end"
    )


def is_as_before(path: Path, old: Path, before: Mapping[str, tuple[int, str]]) -> bool:
    """Tell whether a database holds what it did: to the byte, or, where not, in all its rows."""
    return filecmp.cmp(path, old / path.name, shallow=False) or grown.sums(path) == before


def test_r22_of_two_at_once_one_migrates_and_the_other_waits(old: Path, tmp_path: Path) -> None:
    """R22: as two services that are started together do; both end well."""
    path, environment = copy(old, tmp_path / "instance")
    begun = time.monotonic()
    both = [processes.start(change, environment, "up") for _ in range(2)]
    for process in both:
        processes.finish(process, PATIENCE)
    assert version(path) == startup.newest()
    tell(f"R22: two upgrades of {ROWS} rows at once, both done in {time.monotonic() - begun:.0f} s")
