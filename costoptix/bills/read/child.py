"""Reading bills in a bounded process of its own.

The child answers in lines of JSON: progress once a second, then what it staged or why it refused.
"""

from __future__ import annotations

import gc
import os
import tempfile
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel

from costoptix import bounded
from costoptix.bills.formats import Options
from costoptix.bills.read.staged import Progress, Staged
from costoptix.bounded import ChildDied, address_space, lacks_memory
from costoptix.errors import Invalid, NoSpace, unusable_files

BEAT_SECONDS = 1.0
GROUP_SECONDS = 20.0
"""How long a person's request waits while files are looked into: a header takes milliseconds."""
_TOO_MUCH_MEMORY = "The file needs more memory than an import may use."
LEAST_BYTES = 768 << 20
"""Of address space: below it the libraries fail before a file is read, each time in another way."""
_TOO_LOW_LIMIT = (
    "A process may use {limit} MB of memory here, and to read a file takes {least} MB at least: "
    "raise the limit (ulimit -v), then send the file again."
)
_MAKERS = {
    "pyarrow": "Arrow", "duckdb": "DuckDB", "numpy": "NumPy", "zipfile": "The reader of zip",
    "zlib": "The reader of gzip", "isal": "The reader of gzip", "igzip_lib": "The reader of gzip",
    "orjson": "The reader of JSON", "json": "The reader of JSON",
}  # fmt: skip
_SHOWN_CHARACTERS = 200


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
    failed: str | None = None


def read(
    source: Path, folder: Path, options: Options, on_progress: Callable[[Progress], None]
) -> Staged:
    """Do ``load.load`` in a child process; ``on_progress`` is called about once a second.

    Raises:
        Invalid: the file is refused; the sentence says why.
        NoSpace: the disk is full; the file may be read later.
        ChildDied: the child ended without an answer, or a library failed.
    """
    request = Request(source=source, folder=folder, options=options)
    reply = _ask(request, on_progress)
    if reply.refused is not None:
        raise Invalid(reply.refused)
    if reply.no_space is not None:
        raise NoSpace(reply.no_space)
    if reply.failed is not None or reply.staged is None:
        raise ChildDied(reply.failed or "Its process gave no answer.")
    return reply.staged


def group(
    files: Sequence[Path], seconds: float | None = None, encoding: str | None = None
) -> list[list[int]]:
    """Do ``grouping.group`` in a child process, within ``GROUP_SECONDS`` unless it is said.

    Raises:
        Invalid: the child ended without an answer, or took too long.
        NoSpace: the disk is full; the files may be looked into later.
    """
    limit = GROUP_SECONDS if seconds is None else seconds
    try:
        with tempfile.TemporaryDirectory(dir=files[0].parent) as folder:
            request = Request(
                files=list(files), folder=Path(folder), options=Options(encoding=encoding)
            )
            reply = _ask(request, _say_nothing, seconds=limit)
            if reply.failed is not None or reply.refused is not None:
                raise ChildDied(reply.failed or reply.refused or "")
    except ChildDied as error:
        raise Invalid(
            f"These files could not be looked into. {error.sentence} Send them one by one."
        ) from error
    if reply.no_space is not None:
        raise NoSpace(reply.no_space)
    return reply.groups or []


def _say_nothing(_progress: Progress) -> None:
    """Leave what is read at once without a progress."""


def _ask(
    request: Request, on_progress: Callable[[Progress], None], *, seconds: float | None = None
) -> Reply:
    def read_line(line: str) -> Reply | None:
        reply = Reply.model_validate_json(line)
        if reply.progress is None:
            return reply
        on_progress(reply.progress)
        return None

    return bounded.ask(__name__, request.model_dump_json(), read_line, seconds=seconds)


def main() -> None:
    """Answer the request on standard input."""
    gc.disable()  # the process is short, and next to nothing in it refers to itself
    _keep_memory()
    request = Request.model_validate_json(bounded.begin())
    _say(_answer(request))


def _answer(request: Request) -> Reply:
    limit = address_space()
    if limit is not None and limit < LEAST_BYTES:
        return Reply(refused=_TOO_LOW_LIMIT.format(limit=limit >> 20, least=LEAST_BYTES >> 20))
    beat = _Beat()
    try:
        return _result(request, beat)
    except Invalid as error:
        return Reply(refused=error.sentence)
    except NoSpace as error:
        return Reply(no_space=error.sentence)
    except MemoryError:
        return Reply(refused=_TOO_MUCH_MEMORY)
    except Exception as error:
        traceback.print_exc()
        if lacks_memory(f"{type(error).__name__}: {error}"):
            return Reply(refused=_TOO_MUCH_MEMORY)
        return Reply(failed=_in_words(error))
    finally:
        beat.stop()


def _result(request: Request, beat: _Beat) -> Reply:
    # The limits must hold before DuckDB starts.
    from costoptix.bills.read.grouping import group as grouped
    from costoptix.bills.read.load import load

    if request.source is None:
        return Reply(groups=grouped(request.files, request.folder, request.options.encoding))
    return Reply(staged=load(request.source, request.folder, request.options, beat.keep))


def _in_words(error: Exception) -> str:
    """Say what failed that no other part has a sentence for, and whose it is."""
    if isinstance(error, OSError) and error.errno is not None:
        return unusable_files(error)
    words = str(error).strip().partition("\n")[0][:_SHOWN_CHARACTERS]
    maker = _MAKERS.get(type(error).__module__.partition(".")[0].strip("_"), "Cost Optix")
    return f"{maker} failed at it in an unforeseen way: {type(error).__name__}: {words}."


class _Beat:
    """Sends the latest progress once a second, even when it has not changed."""

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
    bounded.say(reply.model_dump_json())


def _keep_memory() -> None:
    """Let Arrow use memory again without giving it back to the system between two pieces."""
    os.environ["MIMALLOC_PURGE_DELAY"] = "10000"  # ms; read when Arrow is imported


if __name__ == "__main__":
    main()
