"""Workers in processes of their own, to be killed: forked from one that has loaded everything."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from config import Config
from costoptix import create_app, worker
from costoptix.extensions import db
from tests.support.bills import judge_here

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [__name__, "costoptix.application", "costoptix.bills.read.load", "duckdb"]
)


def start(target: Callable[..., None], *arguments: object) -> ForkServerProcess:
    """Begin a function in a process of its own."""
    process = FORKS.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def work(environment: Mapping[str, str]) -> None:
    """Do what is due on an installation, as ``flask worker --once`` does, and judge here.

    A process of its own for each judgement would take longer than all that is killed.
    """
    config = Config.from_environ(environment)
    with create_app(config).app_context(), pytest.MonkeyPatch.context() as patch:
        judge_here(patch)
        engine = db.engine
        worker.run(lambda: Session(engine, expire_on_commit=False), config, once=True)
        engine.dispose()


def children(pid: int) -> list[int]:
    """Return the processes that a process has begun and that live."""
    try:
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so; what waits longer fails."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.002)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs still; one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def end(process: ForkServerProcess, seconds: float = 120) -> None:
    """Wait for the end of a process that was killed, or comes to its end by itself."""
    process.join(seconds)
    assert process.exitcode is not None, "the process does not end"
    process.close()


def finish(process: ForkServerProcess, seconds: float = 120) -> None:
    """Wait for a process that must end well."""
    process.join(seconds)
    assert process.exitcode == 0
    process.close()
