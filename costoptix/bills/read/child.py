"""Reading bills in a process of its own: low priority, bounded memory, and it dies alone.

The parent writes one request to the child's input and keeps it open: when it closes, the parent
is gone and the child ends. The child answers in lines of JSON: progress once a second, then what
it staged or why it refused.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from pydantic import BaseModel

from costoptix.bills.formats import Options
from costoptix.bills.read.staged import Progress, Staged
from costoptix.errors import Invalid, NoSpace

NICENESS = 15
ADDRESS_SPACE_BYTES = 4 << 30
"""A last wall behind DuckDB's own limit (bills/engine.py), which is what normally refuses."""
BEAT_SECONDS = 1.0
_TOO_MUCH_MEMORY = "The file needs more memory than an import may use."
_ROOT = Path(__file__).resolve().parents[3]


class Request(BaseModel):
    """What the child is to do."""

    source: Path | None = None
    folder: Path
    options: Options = Options()
    files: list[Path] = []  # to be grouped


class Reply(BaseModel):
    """One line of the child's output; the last one is not progress."""

    progress: Progress | None = None
    staged: Staged | None = None
    groups: list[list[int]] | None = None
    refused: str | None = None
    no_space: str | None = None


class ReaderDied(Exception):
    """The child ended without an answer: killed, or a defect of ours (its trace is in the log)."""


def read(
    source: Path, folder: Path, options: Options, on_progress: Callable[[Progress], None]
) -> Staged:
    """Do ``load.load`` in a child process; ``on_progress`` is called about once a second.

    Raises:
        Invalid: the file is refused; the sentence says why.
        NoSpace: the disk is full; the file may be read later.
        ReaderDied: the child ended without an answer.
    """
    request = Request(source=source, folder=folder, options=options)
    reply = _ask(request, on_progress)
    if reply.refused is not None:
        raise Invalid(reply.refused)
    if reply.no_space is not None:
        raise NoSpace(reply.no_space)
    if reply.staged is None:
        raise _died()
    return reply.staged


def group(files: Sequence[Path]) -> list[list[int]]:
    """Do ``grouping.group`` in a child process.

    Raises:
        Invalid: the child ended without an answer.
    """
    try:
        with tempfile.TemporaryDirectory(dir=files[0].parent) as folder:
            reply = _ask(Request(files=list(files), folder=Path(folder)), _say_nothing)
    except ReaderDied as error:
        raise Invalid("One of these files cannot be looked into: send them one by one.") from error
    return reply.groups or []


def _say_nothing(_progress: Progress) -> None:
    """Leave what is read at once without a progress."""


def _ask(request: Request, on_progress: Callable[[Progress], None]) -> Reply:
    with _child() as (to_child, from_child):
        to_child.write(request.model_dump_json() + "\n")
        to_child.flush()
        for line in from_child:
            reply = Reply.model_validate_json(line)
            if reply.progress is None:
                return reply
            on_progress(reply.progress)
    raise _died()


def _died() -> ReaderDied:
    return ReaderDied("the process that reads bills ended without an answer")


@contextlib.contextmanager
def _child() -> Iterator[tuple[IO[str], IO[str]]]:
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    )
    assert child.stdin is not None  # noqa: S101 - asked for above
    assert child.stdout is not None  # noqa: S101
    try:
        yield child.stdin, child.stdout
    finally:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        child.kill()
        child.stdout.close()
        child.wait()


def main() -> None:
    """Answer the request on standard input."""
    gc.disable()  # the process is short, and next to nothing in it refers to itself
    os.nice(NICENESS)
    _limit_memory()
    _keep_memory()
    request = Request.model_validate_json(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _say(_answer(request))


def _answer(request: Request) -> Reply:
    # The limits must hold before DuckDB starts.
    from costoptix.bills.read.grouping import group as grouped
    from costoptix.bills.read.load import load

    if request.source is None:
        return Reply(groups=grouped(request.files, request.folder))
    beat = _Beat()
    try:
        return Reply(staged=load(request.source, request.folder, request.options, beat.keep))
    except Invalid as error:
        return Reply(refused=error.sentence)
    except NoSpace as error:
        return Reply(no_space=error.sentence)
    except MemoryError:
        return Reply(refused=_TOO_MUCH_MEMORY)
    finally:
        beat.stop()


class _Beat:
    """Says the latest progress once a second, also while nothing new is to be said."""

    def __init__(self) -> None:
        self._latest = Progress(bytes_done=0, rows_read=0)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def keep(self, progress: Progress) -> None:
        self._latest = progress

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(BEAT_SECONDS):
            _say(Reply(progress=self._latest))


def _say(reply: Reply) -> None:
    sys.stdout.write(reply.model_dump_json() + "\n")
    sys.stdout.flush()


def _limit_memory() -> None:
    with contextlib.suppress(ValueError, OSError):  # not every system can
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))


def _keep_memory() -> None:
    """Let Arrow use memory again without giving it back to the system between two pieces."""
    os.environ["MIMALLOC_PURGE_DELAY"] = "10000"  # ms; read when Arrow is imported


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
