"""S46: what unpacks to much is refused at once, in a child process that stays small."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from costoptix.bills.read.child import Reply, Request
from costoptix.bills.read.csv_pieces import PIECE_BYTES
from tests.faults import bombs
from tests.support.bills import SAMPLE
from tests.support.server import ROOT

MOST_SECONDS = 2.0
"""Of the processor: how long it takes by the clock depends on what else runs on the machine."""
MOST_MEGABYTES = 100
"""Above an ordinary import whose first piece of text is full."""

CHILD = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
from costoptix.bills.read import child
child.main()
peak = open("/proc/self/status").read().split("VmHWM:")[1].split()[0]
usage = resource.getrusage(resource.RUSAGE_SELF)
seconds = usage.ru_utime + usage.ru_stime
print(json.dumps({"megabytes": int(peak) / 1024, "seconds": seconds}), file=sys.stderr)
"""
"""The reading child, which says at its end how much memory it had at most."""


@dataclass(frozen=True)
class Measured:
    """What a child answered, and what it took."""

    reply: Reply
    megabytes: float
    seconds: float

    @property
    def sentence(self) -> str:
        """Why the file was refused, or how much of it was kept."""
        if self.reply.staged is not None:
            return f"{self.reply.staged.rows_kept} rows kept"
        return self.reply.refused or ""


def read(source: Path, folder: Path) -> Measured:
    """Read a file in the child process that imports read files in."""
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], text=True, cwd=ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as child:  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        try:
            child.stdin.write(Request(source=source, folder=folder).model_dump_json() + "\n")
            child.stdin.flush()
            *_, last = child.stdout
            taken = json.loads(child.stderr.read().splitlines()[-1])
        finally:
            child.kill()
    return Measured(Reply.model_validate_json(last), **taken)


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """An import of a small bill, which fills nothing of the buffer that pieces are read into."""
    measured = read(SAMPLE, tmp_path_factory.mktemp("ordinary") / "staging")
    assert measured.reply.staged is not None
    return measured


Bomb = Callable[[Path], bytes]

BOMBS: tuple[tuple[str, Bomb, str], ...] = (
    ("gzip", lambda _: gzip.compress(bombs.HEADER + bombs.zeros(300)), "250 times"),
    ("gzip after gzip", lambda _: bombs.many_gzips(), "gzip"),
    ("zip", lambda _: bombs.zipped_bomb(zipfile.ZIP_DEFLATED), "250 times"),
    ("zip, bzip2", lambda _: bombs.zipped_bomb(zipfile.ZIP_BZIP2), "250 times"),
    ("zip, lzma", lambda _: bombs.zipped_bomb(zipfile.ZIP_LZMA), "250 times"),
    ("lzma of 4 GB", lambda _: bombs.greedy_lzma(), "kind that is not read"),
    ("manifest", lambda _: bombs.lying_manifest(zipfile.ZIP_DEFLATED), "damaged"),
    ("manifest, bzip2", lambda _: bombs.lying_manifest(zipfile.ZIP_BZIP2), "manifest"),
    ("manifest, lzma", lambda _: bombs.lying_manifest(zipfile.ZIP_LZMA), "manifest"),
    ("manifest of many", lambda _: bombs.many_names(), "manifest"),
    ("100,000 members", lambda _: bombs.entries(100_000), "100000 files"),
    ("1,000,000 members", lambda _: bombs.entries(1_000_000), "files"),
    ("zip in zip", lambda _: bombs.zip_in_zip(), "another archive"),
    ("gzip in zip", lambda _: bombs.gzips_in_a_zip(), "250 times"),
    ("one line of CSV", lambda _: bombs.long_line(), "0 rows kept"),
    ("one quoted cell", lambda _: bombs.never_closed(), "0 rows kept"),
    ("one line of JSON", lambda _: bombs.long_json(), "longer than a row"),
    ("header", lambda _: bombs.long_header(), "header"),
    ("header of many", lambda _: bombs.wide_header(), "header"),
    ("Parquet, one text", bombs.repeated_text, "250 times"),
    ("Parquet, one text of two", bombs.repeated_odd_text, "250 times"),
    ("Parquet in zip", bombs.zipped_parquet, "250 times"),
    ("Parquet, constants", bombs.constant_columns, "250 times"),
    ("Parquet, numbers", bombs.constant_doubles, "250 times"),
    ("Parquet, page", bombs.large_page, "250 times"),
    ("Parquet, lying", bombs.lying_footer, "250 times"),
    ("Parquet, list", bombs.long_list, "250 times"),
    ("Parquet, dictionary", bombs.large_dictionary, "250 times"),
    ("Parquet, footer", bombs.large_footer, "footer"),
)


@pytest.mark.parametrize(
    ("bomb", "sentence"),
    [pytest.param(bomb, sentence, id=name) for name, bomb, sentence in BOMBS],
)
def test_s46_what_unpacks_to_much_is_refused_in_two_seconds_and_100_mb(
    tmp_path: Path, ordinary: Measured, bomb: Bomb, sentence: str
) -> None:
    source = tmp_path / "sent"
    source.write_bytes(bomb(tmp_path))
    measured = read(source, tmp_path / "staging")
    assert sentence in measured.sentence
    assert measured.megabytes <= ordinary.megabytes + (PIECE_BYTES >> 20) + MOST_MEGABYTES
    assert measured.seconds <= MOST_SECONDS
