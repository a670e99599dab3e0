"""PostgreSQL and Redis servers of the test run's own, on free loopback ports.

They are started from the binaries that the machine has, so that a test may stop, hang or fill
them; nothing that runs already is touched.
"""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.support import programs

GET_POSTGRESQL = "PostgreSQL is missing: apt install postgresql"
GET_REDIS = "Redis is missing: apt install redis-server"


def free_port() -> int:
    """Return a loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    """Wait until something accepts connections on the port."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with code {process.returncode}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


def postgresql_programs() -> Path | None:
    """Return the folder of the newest PostgreSQL server's programs, or None."""
    initdb = programs.find("initdb")
    if initdb is not None:
        return Path(initdb).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return folders[-1].parent if folders else None


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a PostgreSQL server with a folder of its own; yields its URL (no database).

    The folder is not one of pytest's: those are shut for other accounts, anew whenever another
    run starts, and the server of a run as root has another account.
    """
    with tempfile.TemporaryDirectory(prefix="postgresql-") as name:
        folder, account = Path(name), _server_account()
        if account is not None:
            os.chown(folder, *account)
        options = {"user": account[0], "group": account[1], "extra_groups": []} if account else {}
        yield from _serve_postgresql(folder, options)


def _serve_postgresql(folder: Path, options: dict[str, Any]) -> Iterator[str]:
    programs, data, port = postgresql_programs(), folder / "data", free_port()
    assert programs is not None
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8"],
        check=True, stdout=subprocess.DEVNULL, cwd=folder, **options,
    )  # fmt: skip
    command = [programs / "postgres", "-D", data, "-p", str(port), "-k", "", "-h", "127.0.0.1"]
    settings = ["-c", "fsync=off", "-c", "max_connections=200", "-c", "log_min_messages=panic"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command + settings, stdout=log, stderr=log, cwd=folder, **options
        )
        try:
            wait_for_port(port, process)
            _wait_until_ready(port)
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _wait_until_ready(port: int, seconds: float = 60) -> None:
    """Wait until it answers: it listens a while before it lets anybody in."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _server_account() -> tuple[int, int] | None:
    """PostgreSQL refuses to run as root: name another account then."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("postgres")
    return entry.pw_uid, entry.pw_gid


def redis_program() -> str | None:
    """Return the Redis server's program, or None."""
    return programs.find("redis-server")


@contextmanager
def redis(folder: Path, port: int | None = None) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a Redis server that keeps only what SAVE has it write; yields its URL and its process."""
    port = port or free_port()
    settings = {"--port": port, "--bind": "127.0.0.1", "--save": "", "--dir": folder}
    program = redis_program()
    assert program is not None
    command = [program, *(str(part) for pair in settings.items() for part in pair)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, process)
        yield f"redis://127.0.0.1:{port}/0", process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait(10)
