"""The other engines, each in a process of its own: bench/engines.py, by the Python they live in."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.api import ROOT

PYTHON = Path(os.environ.get("COSTOPTIX_ENGINES", ROOT / ".venv" / ".engines" / "bin" / "python"))
NAMES = ("chdb", "polars", "datafusion")


class Peer:
    """An engine that waits for the number of a question."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [PYTHON, ROOT / "bench" / "engines.py", name, folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def ask(self, number: int) -> int:
        """Ask a question; return how many rows were answered, -1 where it cannot be asked."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def open_peers(files: Iterable[str], folder: Path) -> Iterator[list[Peer]]:
    """Start every engine on hard links of the files in ``folder``; none where none is installed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for number, file in enumerate(files):
        (folder / f"{number}.parquet").hardlink_to(file)
    peers = [Peer(name, folder) for name in NAMES] if PYTHON.exists() else []
    try:
        yield peers
    finally:
        for peer in peers:
            peer.process.kill()
            peer.process.wait()
        shutil.rmtree(folder)
