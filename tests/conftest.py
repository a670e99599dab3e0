"""The cast and the stage that every test shares.

alice is the admin and bob a member of Acme Cloud; mallory is the admin of another organization.
Each test has an installation of its own: a migrated database, a call counter and a lake.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from jinja2.bccache import Bucket, BytecodeCache
from pytest_socket import socket_allow_hosts
from sqlalchemy import Dialect, Engine, event
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from xdist.remote import Producer

from config import Config
from costoptix import clock, create_app, money
from costoptix.access import passwords
from costoptix.access.permissions import Caller, Permission
from costoptix.extensions import db, quota_storage
from costoptix.models import Organization, User
from tests.support import services
from tests.support.cast import PASSWORD, PASSWORD_HASH
from tests.support.databases import Reused, new_database
from tests.support.scheduling import SuiteScheduling, longest_first

__all__ = ["PASSWORD"]

pytest_plugins = ("tests.support.bills", "tests.support.lake", "tests.support.pages")

money.fail_on_loss()

DATABASES = ("costoptix.db", "quota.db")
"""On SQLite: the files that a migrated installation has."""


@pytest.fixture(autouse=True)
def _loopback_only() -> Iterator[None]:
    """Nothing in the suite may reach another machine."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    yield
    clock.configure(None)
    passwords.configure(cheap=False)


@pytest.fixture(autouse=True, scope="session")
def _routes_compiled_once() -> Iterator[None]:
    """Compile each address once a run: a test's own application costs half as much then.

    What werkzeug compiles depends on the parts of an address alone, and is bound to its rule after.
    """
    known: dict[object, object] = {}
    compile_builder = Rule._compile_builder

    def compile_once(rule: Rule, append_unknown: bool = True) -> object:
        key = (tuple(rule._trace), tuple(rule.defaults or ()), append_unknown)
        if key not in known:
            known[key] = compile_builder(rule, append_unknown)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", compile_once)
        yield


class _CompiledTemplates(BytecodeCache):
    """What Jinja has compiled in this run; by file and content, so a changed one is compiled."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = bucket.bytecode_to_string()


_COMPILED_TEMPLATES = _CompiledTemplates()


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
    if shutil.which("redis-server") is None:
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


@pytest.fixture
def config(
    tmp_path: Path, migrated: str, request: pytest.FixtureRequest, on_postgresql: bool
) -> Iterator[Config]:
    """The configuration of this test's own installation, its database migrated and empty."""
    if not on_postgresql:
        config = make_config(tmp_path / "instance")
        for name in DATABASES:
            shutil.copyfile(Path(migrated).with_name(name), config.data_dir / name)
        yield config
        return
    database: Reused = request.getfixturevalue("database_of_tests")
    yield make_config(tmp_path / "instance", database_url=database.url, quota_url=database.url)
    database.empty()


@pytest.fixture
def make_app(config: Config) -> Iterator[Callable[..., Flask]]:
    """Start the application on this test's installation, under settings changed by name.

    What it opens is closed after the test: left to the collector, a connection to PostgreSQL
    would warn within whichever test comes later.
    """
    started: list[Flask] = []

    def start(**changes: object) -> Flask:
        app = create_app(dataclasses.replace(config, **changes))
        app.testing = True
        app.jinja_env.bytecode_cache = _COMPILED_TEMPLATES
        started.append(app)
        with app.app_context():
            if db.engine.dialect.name == "sqlite":
                event.listen(db.engine, "connect", _without_sync)
            _share_statements(db.engine)
        return app

    yield start
    for app in started:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
            quota_storage().close()


_DIALECTS: dict[str, Dialect] = {}
_STATEMENTS: dict[Any, Any] = {}


def _share_statements(engine: Engine) -> None:
    """Have this run's engines write each statement once: by itself, each would write its own.

    What SQLAlchemy has written is kept by dialect, so that they share that as well.
    """
    if engine.dialect.name not in _DIALECTS:
        engine.connect().close()  # a dialect is whole when it has seen its server
        _DIALECTS[engine.dialect.name] = engine.dialect
    engine.dialect = _DIALECTS[engine.dialect.name]
    engine.update_execution_options(compiled_cache=_STATEMENTS)


def _without_sync(connection: sqlite3.Connection, _record: object) -> None:
    """Wait for no disk: what a power cut would take is not asked of a test's database."""
    connection.execute("PRAGMA synchronous = OFF").close()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """The application on this test's installation."""
    return make_app()


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
