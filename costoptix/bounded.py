"""Heavy work in a process of its own: low priority, bounded memory, and it dies alone.

The parent writes one line to the child's input and keeps it open: when it closes, the parent is
gone and the child ends. The child answers in lines of text.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TypeVar

NICENESS = 15
"""So that answers beside an import take at most a twelfth longer (measured: p95 1.05 to 1.08)."""
ADDRESS_SPACE_BYTES = 4 << 30
"""A last wall behind the limits that DuckDB is given, which are what normally refuses. It is
of the address space, which Linux bounds, and of which libraries reserve more than they use."""
_ROOT = Path(__file__).resolve().parents[1]

Answer = TypeVar("Answer")


class ChildDied(Exception):
    """The child ended without an answer: killed, or a defect of ours (its trace is in the log)."""


def ask(
    module: str, request: str, read: Callable[[str], Answer | None], *, seconds: float | None = None
) -> Answer:
    """Run a module in a child process on one line of text and return its answer.

    ``read`` is called with each line that the child writes; what it makes of one, unless that is
    None, is the answer, and the child ends. One that takes longer than ``seconds`` is killed.

    Raises:
        ChildDied: there was no answer.
    """
    with _child(module, seconds) as (to_child, from_child):
        with contextlib.suppress(BrokenPipeError):
            to_child.write(request + "\n")
            to_child.flush()
        for line in from_child:
            answer = read(line)
            if answer is not None:
                return answer
    raise ChildDied("the child process ended without an answer")


@contextlib.contextmanager
def _child(module: str, seconds: float | None) -> Iterator[tuple[IO[str], IO[str]]]:
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    )
    assert child.stdin is not None  # noqa: S101 - asked for above
    assert child.stdout is not None  # noqa: S101
    limit = None if seconds is None else threading.Timer(seconds, child.kill)
    try:
        if limit is not None:
            limit.start()
        yield child.stdin, child.stdout
    finally:
        if limit is not None:
            limit.cancel()
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        child.kill()
        child.stdout.close()
        child.wait()


def begin() -> str:
    """Bound this process, have it end with its parent, and return the line that it is asked."""
    os.nice(NICENESS)
    _limit_memory()
    request = sys.stdin.readline()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    return request


def say(line: str) -> None:
    """Write one line to the parent."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _limit_memory() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = ADDRESS_SPACE_BYTES
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)  # root could raise what its operator has set
    with contextlib.suppress(ValueError, OSError):  # not every system can
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)
