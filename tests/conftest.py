"""The cast and the stage that every test shares.

alice is the admin and bob a member of Acme Cloud; mallory is the admin of another organization.
Each test finds an installation as a new one is: a migrated database, a call counter and a lake.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from hypothesis import HealthCheck, settings
from pytest_socket import socket_allow_hosts
from sqlalchemy.orm import Session
from xdist.remote import Producer

from config import Config
from costoptix import clock, create_app, money
from costoptix.access import passwords
from costoptix.access.permissions import Caller, Permission
from costoptix.extensions import db
from costoptix.models import Organization, User
from tests.support import services
from tests.support.cast import PASSWORD, PASSWORD_HASH
from tests.support.databases import Reused, new_database
from tests.support.installation import Installation, close_app, start_app, state_of_app
from tests.support.scheduling import SuiteScheduling, longest_first

__all__ = ["PASSWORD"]

pytest_plugins = (
    "tests.support.bills", "tests.support.lake", "tests.support.lock_watch",
    "tests.support.look_ups", "tests.support.pages",
)  # fmt: skip

money.fail_on_loss()

ROOM_FOR_FOLDERS = 4 << 30
"""Bytes: several times what a run has at once."""

# A busy machine is slow at making examples; that is no fault of what they are made for.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _loopback_only() -> Iterator[None]:
    """Nothing in the suite may reach another machine."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    yield
    clock.configure(None)
    passwords.configure(cheap=False)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A PostgreSQL server of this run's own: its URL without a database."""
    if services.postgresql_programs() is None:
        pytest.skip(services.GET_POSTGRESQL)
    with services.postgresql() as url:
        yield url


@pytest.fixture
def postgresql_database(postgresql_server: str) -> Iterator[str]:
    """An empty database on that server: its URL."""
    with new_database(postgresql_server) as url:
        yield url


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis server of this run's own: its URL."""
    if services.redis_program() is None:
        pytest.skip(services.GET_REDIS)
    with services.redis(tmp_path_factory.mktemp("redis")) as (url, _process):
        yield url


def make_config(data_dir: Path, **changes: object) -> Config:
    """Return the configuration of a test installation in ``data_dir``."""
    environment = {"COSTOPTIX_DATA_DIR": str(data_dir), "COSTOPTIX_TESTING": "1"}
    environment["COSTOPTIX_CHEAP_PASSWORDS"] = "1"
    return dataclasses.replace(Config.from_environ(environment), **changes)


@pytest.fixture(scope="session")
def on_postgresql() -> bool:
    """Tell whether this run keeps its state on PostgreSQL (``make test-postgresql``)."""
    return os.environ.get("TEST_DATABASE") == "postgresql"


@pytest.fixture(scope="session")
def migrated(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, on_postgresql: bool
) -> Iterator[str]:
    """A migrated database to copy: a SQLite file, or the URL of a PostgreSQL database."""
    folder = tmp_path_factory.mktemp("migrated")
    if not on_postgresql:
        _migrate(make_config(folder))
        yield str(folder / "costoptix.db")
        return
    with new_database(request.getfixturevalue("postgresql_server")) as url:
        _migrate(make_config(folder, database_url=url))
        yield url


def _migrate(config: Config) -> None:
    app = create_app(config)
    with app.app_context():
        upgrade()
        db.engine.dispose()


@pytest.fixture(scope="session")
def database_of_tests(migrated: str) -> Iterator[Reused]:
    """On PostgreSQL: the database that this run's tests use one after the other."""
    with Reused(migrated) as database:
        yield database


@pytest.fixture(scope="session")
def installation(
    tmp_path_factory: pytest.TempPathFactory,
    migrated: str,
    request: pytest.FixtureRequest,
    on_postgresql: bool,
) -> Iterator[Installation]:
    """The installation that this run's tests use one after the other."""
    folder = tmp_path_factory.mktemp("installation") / "instance"
    if not on_postgresql:
        yield Installation(make_config(folder), migrated=Path(migrated))
        return
    url = request.getfixturevalue("database_of_tests").url
    yield Installation(make_config(folder, database_url=url, quota_url=url))


@pytest.fixture
def config(
    installation: Installation, request: pytest.FixtureRequest, on_postgresql: bool
) -> Iterator[Config]:
    """The configuration of the installation: its database migrated and empty, as is its folder."""
    database = request.getfixturevalue("database_of_tests") if on_postgresql else None
    installation.empty()
    yield installation.config
    if database is not None:
        database.empty()


@pytest.fixture
def make_app(config: Config) -> Iterator[Callable[..., Flask]]:
    """Start another application on this test's installation, under settings changed by name.

    What it opens is closed after the test: left to the collector, a connection to PostgreSQL
    would warn within whichever test comes later.
    """
    started: list[Flask] = []

    def start(**changes: object) -> Flask:
        started.append(start_app(dataclasses.replace(config, **changes)))
        return started[-1]

    yield start
    for app in started:
        close_app(app)


@pytest.fixture(scope="session")
def shared_app(installation: Installation) -> Flask:
    """The application of this run: to make one for each test would take longer than most tests."""
    return start_app(installation.config)


@pytest.fixture
def app(
    config: Config, installation: Installation, request: pytest.FixtureRequest
) -> Iterator[Flask]:
    """The application on this test's installation.

    A test that changes the application itself is marked ``own_app``, and has one of its own; so
    has a test whose configuration is not the installation's.
    """
    if config is not installation.config or request.node.get_closest_marker("own_app"):
        yield request.getfixturevalue("make_app")()
        return
    app: Flask = request.getfixturevalue("shared_app")
    passwords.configure(cheap=config.cheap_passwords)
    before = state_of_app(app)
    yield app
    close_app(app)
    assert state_of_app(app) == before, "the test changes the application: mark it own_app"


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A database session, within the application's context."""
    with app.app_context():
        yield db.session()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser or script that nobody has signed in."""
    return app.test_client()


@pytest.fixture
def acme(session: Session) -> Organization:
    """The organization of the tests, Enterprise."""
    return _organization(session, "Acme Cloud")


@pytest.fixture
def elsewhere(session: Session) -> Organization:
    """Another organization, whose people are strangers to acme."""
    return _organization(session, "Elsewhere")


def _organization(session: Session, name: str) -> Organization:
    organization = Organization(name=name, tier="enterprise")
    session.add(organization)
    session.commit()
    return organization


def _user(session: Session, organization: Organization, name: str, role: str) -> User:
    user = User(
        organization_id=organization.id, name=name.capitalize(), role=role,
        email=f"{name}@example.com", password_hash=PASSWORD_HASH,
    )  # fmt: skip
    session.add(user)
    session.commit()
    return user


@pytest.fixture
def alice(session: Session, acme: Organization) -> User:
    """The admin of acme."""
    return _user(session, acme, "alice", "admin")


@pytest.fixture
def bob(session: Session, acme: Organization) -> User:
    """A member of acme."""
    return _user(session, acme, "bob", "member")


@pytest.fixture
def mallory(session: Session, elsewhere: Organization) -> User:
    """The admin of elsewhere: a stranger to acme."""
    return _user(session, elsewhere, "mallory", "admin")


@pytest.fixture
def admin(alice: User) -> Caller:
    """Alice as a caller of the domain."""
    return Caller(alice.organization_id, Permission.ADMIN, alice.email, user_id=alice.id)


def pytest_configure() -> None:
    """Keep the tests' folders in memory, where there is room: no test has to wait for a disk."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > ROOM_FOR_FOLDERS:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items)


@pytest.hookimpl(optionalhook=True)  # known with -n only
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SuiteScheduling | None:
    """With ``--dist loadfile``."""
    return SuiteScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI every optional service is there, so a skipped test is a failed run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("COSTOPTIX_NO_SKIPS") == "1" and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line("FAILED: tests were skipped, and COSTOPTIX_NO_SKIPS is set", red=True)
