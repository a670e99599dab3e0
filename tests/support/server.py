"""The real server under its shipped settings, in processes of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.services import free_port, wait_for_port

ROOT = Path(__file__).parents[2]
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "COVERAGE_PROCESS_CONFIG")
"""The last is how `make coverage` counts in processes that tests start."""


@dataclass
class Server:
    """A running gunicorn."""

    url: str
    port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """End every process of the server as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def flask(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of the application on the same installation."""
        return run_flask(self.environment, *arguments, stdin=stdin)


def environment_for(data_dir: Path, **extra: str) -> dict[str, str]:
    """Return a clean environment for an installation in ``data_dir``."""
    keep = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return keep | {"COSTOPTIX_DATA_DIR": str(data_dir), "COSTOPTIX_TESTING": "1"} | extra


def run_flask(
    environment: Mapping[str, str], *arguments: str, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``flask --app app …`` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", *arguments],
        cwd=ROOT, env=dict(environment), input=stdin, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


@cache
def _migrated() -> bytes:
    """Return what the command leaves in the database of a new installation; it is run once."""
    with tempfile.TemporaryDirectory() as folder:
        done = run_flask(environment_for(Path(folder)), "db", "upgrade")
        assert done.returncode == 0, done.stderr
        return (Path(folder) / "costoptix.db").read_bytes()


def new_installation(data_dir: Path) -> None:
    """Give a data folder a migrated database, where it has none."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = data_dir / "costoptix.db"
    if not database.exists():
        database.write_bytes(_migrated())


@contextmanager
def gunicorn(data_dir: Path, *, code: Path = ROOT, **extra: str) -> Iterator[Server]:
    """Serve the installation in ``data_dir`` on a free port until the block ends.

    ``code`` is the folder of the product. A new installation gets a migrated database; it is not
    served on any other than SQLite.
    """
    port = int(extra.setdefault("PORT", str(free_port())))
    environment = environment_for(data_dir, **extra)
    new_installation(data_dir)
    log = data_dir / "server.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app:app"],
            cwd=code, env=environment, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    server = Server(f"http://127.0.0.1:{port}", port, environment, process, log)
    try:
        wait_for_port(port, process)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                server.kill()
