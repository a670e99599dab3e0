"""Heavy work in a process of its own: low priority, bounded memory, and it dies alone.

The parent writes one line to the child's input and keeps it open: when it closes, the parent is
gone and the child ends. The child answers in lines of text. What it writes to its standard error
goes to the parent's, and says why it ended where it gave no answer.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar

NICENESS = 15
"""So that answers beside an import take at most a twelfth longer (measured: p95 1.05 to 1.08)."""
ADDRESS_SPACE_BYTES = 4 << 30
"""A last wall behind the limits that DuckDB is given, which are what normally refuses. It is
of the address space, which Linux bounds, and of which libraries reserve more than they use."""
_ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MIMALLOC_ARENA_RESERVE": "65536",  # KiB
}
"""What a child needs must depend on its task alone. The C library reserves 128 MB of addresses for
each thread that finds room for them: an import that ran within 700 MB failed within 880, where more
threads had got theirs before the file was read. Arrow's allocator reserves 1 GB where that fits,
which left too little of 1,480 MB. OpenBLAS takes memory for each processor."""
_ROOT = Path(__file__).resolve().parents[1]

Answer = TypeVar("Answer")


TOO_MUCH_MEMORY = "It needs more memory than this process may use."
_MEMORY_WORDS = (
    "MemoryError", "bad_alloc", "emory allocation", "llocate memory", "ut of memory",
    "Out of Memory", "failed to map segment", "start new thread", "pthread_create failed",
)  # fmt: skip
"""What Python, OpenBLAS, Arrow, DuckDB and the loader write when there is no more memory."""
_LINES_KEPT = 40
_SHOWN_CHARACTERS = 200


def lacks_memory(words: str) -> bool:
    """Tell whether an error says that there is no more memory."""
    return any(part in words for part in _MEMORY_WORDS)


class ChildDied(Exception):
    """The child ended without an answer.

    ``sentence`` says how. Where ``may_pass``, trying again may help: it was ended from outside.
    """

    def __init__(self, sentence: str, *, may_pass: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.may_pass = may_pass


def ask(
    module: str, request: str, read: Callable[[str], Answer | None], *, seconds: float | None = None
) -> Answer:
    """Run a module in a child process on one line of text and return its answer.

    ``read`` is called with each line that the child writes; what it makes of one, unless that is
    None, is the answer, and the child ends. One that takes longer than ``seconds`` is killed.

    Raises:
        ChildDied: there was no answer.
    """
    with _child(module, seconds) as child:
        with contextlib.suppress(BrokenPipeError):
            child.input.write(request + "\n")
            child.input.flush()
        for line in child.output:
            answer = read(line)
            if answer is not None:
                return answer
        raise child.death()


@dataclass
class _Child:
    """A child at work, and what it has written to its standard error last."""

    process: subprocess.Popen[str]
    input: IO[str]
    output: IO[str]
    errors: IO[str]
    seconds: float | None
    is_out_of_time: bool = False
    last_errors: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES_KEPT))

    def __post_init__(self) -> None:
        self._forwarding = threading.Thread(target=self._forward_errors, daemon=True)
        self._forwarding.start()

    def end_late(self) -> None:
        """Kill it: it took too long."""
        self.is_out_of_time = True
        self.process.kill()

    def _forward_errors(self) -> None:
        with contextlib.suppress(ValueError, OSError):  # closed meanwhile
            for line in self.errors:
                self.last_errors.append(line)
                sys.stderr.write(line)

    def close(self) -> None:
        """Close what is read from it; it has ended."""
        self.output.close()
        self._forwarding.join(1)
        with contextlib.suppress(ValueError, OSError):
            self.errors.close()

    def death(self) -> ChildDied:
        """Return why it ended; its output is at its end."""
        code = self.process.wait()
        self._forwarding.join(1)
        if self.is_out_of_time:
            return ChildDied(f"It took longer than {self.seconds:g} seconds.")
        return _death(code, "".join(self.last_errors))


def _death(code: int, errors: str) -> ChildDied:
    """Say in words how a process ended, by its exit code and the last that it wrote."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    last_line = f" ({lines[-1][:_SHOWN_CHARACTERS]})" if lines else ""
    name = signal.Signals(-code).name if code < 0 else ""
    if name != "SIGKILL" and lacks_memory(errors):
        return ChildDied(TOO_MUCH_MEMORY)
    match name:
        case "" if not code:
            return ChildDied("Its process ended without an answer.")
        case "":
            return ChildDied(f"Its process ended with an error, code {code}{last_line}.")
        case "SIGKILL":
            return ChildDied(
                "The system ended its process (SIGKILL), most often because the memory of the "
                "machine ran out.",
                may_pass=True,
            )
        case "SIGTERM" | "SIGINT" | "SIGHUP":
            return ChildDied(f"Its process was ended from outside ({name}).", may_pass=True)
        case "SIGXCPU":
            return ChildDied("It used all the processor time that it may (SIGXCPU).")
        case _:
            return ChildDied(f"Its process crashed with {name}{last_line}.")


@contextlib.contextmanager
def _child(module: str, seconds: float | None) -> Iterator[_Child]:
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        cwd=_ROOT,
        env=os.environ | _ENVIRONMENT,
    )
    assert process.stdin is not None  # noqa: S101 - asked for above
    assert process.stdout is not None  # noqa: S101
    assert process.stderr is not None  # noqa: S101
    child = _Child(process, process.stdin, process.stdout, process.stderr, seconds)
    limit = None if seconds is None else threading.Timer(seconds, child.end_late)
    try:
        if limit is not None:
            limit.start()
        yield child
    finally:
        if limit is not None:
            limit.cancel()
        with contextlib.suppress(BrokenPipeError):
            child.input.close()
        process.kill()
        process.wait()
        child.close()


def begin() -> str:
    """Bound this process, have it end with its parent, and return the line that it is asked."""
    os.nice(NICENESS)
    _limit_memory()
    request = sys.stdin.readline()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    return request


def address_space() -> int | None:
    """Return how much memory this process may use; None where there is no limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit


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
