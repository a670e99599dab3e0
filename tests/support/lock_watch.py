"""The write lock is held shortly: what every test of the suite is also a test of.

While a ``writing`` block is open, no file is touched, no process started, no network used, no
password hashed, DuckDB is not asked, and at most 1,000 rows are fetched. Whatever else a test is
about, it fails when something that it runs does one of these.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from costoptix.bills.read import engine as reading_engine
from costoptix.costs.engine import Engine as CostEngine
from costoptix.database import is_writing
from tests.support.fetched import count_rows

MOST_ROWS = 1_000
ROOT = str(Path(__file__).parents[2] / "costoptix")

_SLOW = frozenset({
    "open", "os.listdir", "os.scandir", "os.mkdir", "os.remove", "os.rename", "os.rmdir",
    "os.truncate", "shutil.rmtree", "shutil.move", "shutil.copyfile", "tempfile.mkstemp",
    "subprocess.Popen", "os.posix_spawn", "os.fork", "os.exec", "os.system",
    "socket.connect", "socket.getaddrinfo", "socket.sendto", "urllib.Request",
})  # fmt: skip
_OF_PYTHON = (".py", ".pyc", ".so", ".pyi")
"""What an import opens, and a traceback: once, if at all. So are time zones: psycopg's UTC."""

_seen: list[str] = []
_fetched: dict[int, int] = {}


def _note(what: str) -> None:
    frames = ((frame.f_code, line) for frame, line in traceback.walk_stack(None))
    ours = [(code, line) for code, line in frames if code.co_filename.startswith(ROOT)]
    if ours and not ours[0][0].co_filename.endswith("/clock.py"):  # a test can put it in a file
        names = (f"{Path(code.co_filename).stem}.{code.co_name}:{line}" for code, line in ours[:6])
        _seen.append(f"{what} in {' < '.join(names)}")


def taken() -> list[str]:
    """Return what was noted so far in this test, which then does not fail for it."""
    noted = list(_seen)
    _seen.clear()
    return noted


def _audit(name: str, arguments: tuple[Any, ...]) -> None:
    if name not in _SLOW or not is_writing():
        return
    if name == "open" and (
        str(arguments[0]).endswith(_OF_PYTHON) or "/zoneinfo/" in str(arguments[0])
    ):
        return
    _note(f"{name}({arguments[0] if arguments else ''})")


def _watched(function: Callable[..., Any], what: str) -> Callable[..., Any]:
    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        if is_writing():
            _seen.append(what)
        return function(*arguments, **named)

    return call


def _count_rows(connection: Any, _record: object) -> None:
    count_rows(connection, lambda: _count(id(connection)))


def _count(connection_id: int) -> None:
    if is_writing():
        _fetched[connection_id] = _fetched.get(connection_id, 0) + 1
        if _fetched[connection_id] == MOST_ROWS + 1:
            _note(f"more than {MOST_ROWS:,} rows fetched")


def _begin(_session: Session, _transaction: object, connection: Any) -> None:
    _fetched.pop(id(connection.connection.driver_connection), None)


@pytest.fixture(autouse=True, scope="session")
def _lock_watch() -> Iterator[None]:
    """Watch from the first test on; an audit hook stays."""
    sys.addaudithook(_audit)
    event.listen(Engine, "connect", _count_rows)
    event.listen(Session, "after_begin", _begin)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("hash", "verify"):
            watched = _watched(getattr(PasswordHasher, name), "a password is hashed")
            patch.setattr(PasswordHasher, name, watched)
        patch.setattr(CostEngine, "read", _watched(CostEngine.read, "DuckDB is asked"))
        patch.setattr(
            reading_engine, "connect", _watched(reading_engine.connect, "DuckDB is opened")
        )
        yield


@pytest.fixture(autouse=True)
def _lock_is_held_shortly() -> Iterator[None]:
    """Fail the test within which something slow was done under the write lock."""
    _seen.clear()
    yield
    assert not _seen, "done while the write lock was held:\n" + "\n".join(sorted(set(_seen)))
