"""See whether an installation in use drifts: make soak MINUTES=30 (python -m bench.soak [MINUTES]).

A real installation in a temporary folder: gunicorn with the shipped settings, one worker, a
history of 50,000 charges. Two callers ask questions about costs that no cache has, one makes API
keys, and the same month of 2,000 charges comes again and again with other numbers. R26: memory,
open files, write-ahead log and p99 of the second half of the time are those of the first, after
a sixth of it to warm up, and no call fails. Ends with 1 where one of them has drifted.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.api import serve, wait_until_ready
from bench.during_import import Caller, Calls, make_installation, until, working
from bench.generate import generate

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
HISTORY_ROWS, MONTH_ROWS = 50_000, 2_000
SAMPLES = 30
BILLS = 4
"""Different ones, sent in turn: each replaces the one before, of the same source."""
MOST_GROWTH = {"memory of web, MB": 1.10, "memory of worker, MB": 1.15, "p99, ms": 1.5}
MOST_MORE = {"open files": 8, "write-ahead logs, MB": 16}


@dataclass
class Sample:
    """What one interval showed."""

    calls: int
    failures: list[str]  # in words, of the calls that failed
    values: dict[str, float]


def open_files(processes: Sequence[psutil.Process]) -> int:
    """Return how many files and sockets the processes have open."""
    number = 0
    for process in processes:
        with suppress(psutil.Error):
            number += process.num_fds()
    return number


def megabytes(processes: Sequence[psutil.Process]) -> float:
    """Return the memory that is the processes' own, as the kernel shares it out."""
    total = 0
    for process in processes:
        with suppress(psutil.Error):
            total += process.memory_full_info().pss
    return total / 1e6


def sample(data: Path, master: psutil.Process, worker: psutil.Process, calls: Calls) -> Sample:
    """Look at the processes and files once, after the calls of an interval."""
    web = [master, *master.children(recursive=True)]
    logs = sum(path.stat().st_size for path in data.glob("*-wal"))
    return Sample(
        len(calls.reads) + len(calls.writes), calls.failures,
        {
            "memory of web, MB": megabytes(web),
            "memory of worker, MB": megabytes([worker]),
            "open files": open_files([*web, worker]),
            "write-ahead logs, MB": logs / 1e6,
            "p99, ms": statistics.quantiles(calls.reads, n=100)[-1],
        },
    )  # fmt: skip


def send_bills(port: int, key: str, bills: Sequence[Path], ended: threading.Event) -> None:
    """Send a month again and again, every ten seconds."""
    caller = Caller(port, key)
    turn = 0
    while not ended.wait(10):
        body = bills[turn % len(bills)].read_bytes()
        turn += 1
        caller.call(
            "POST", "/imports?source=month", body, **{"Content-Type": "application/gzip"}
        )  # fmt: skip


def soak(minutes: float, folder: Path) -> list[Sample]:
    """Run the installation for so long; return what each interval showed."""
    history = folder / "history.csv.gz"
    generate(history, HISTORY_ROWS)
    bills = [folder / f"month{seed}.csv.gz" for seed in range(BILLS)]
    for seed, path in enumerate(bills):
        generate(path, MONTH_ROWS, seed=20 + seed)
    key = make_installation(folder / "data", history)
    samples = []
    ended = threading.Event()
    with working(folder / "data") as worker, serve("with_quota", folder / "data") as (port, web):
        wait_until_ready(port, HEALTH)
        sender = threading.Thread(target=send_bills, args=(port, key, bills, ended))
        sender.start()
        for _ in range(SAMPLES):
            deadline = time.monotonic() + minutes * 60 / SAMPLES
            calls = until(lambda until=deadline: time.monotonic() > until, port, key)
            samples.append(sample(folder / "data", web, psutil.Process(worker.pid), calls))
        ended.set()
        sender.join()
    return samples


def drifted(samples: Sequence[Sample]) -> list[str]:
    """Print each figure of the two halves; return those that have drifted."""
    steady = samples[len(samples) // 6 :]
    first, second = steady[: len(steady) // 2], steady[len(steady) // 2 :]
    bad = []
    for name in samples[0].values:
        before, after = (
            statistics.median(sample.values[name] for sample in half) for half in (first, second)
        )
        allowed = before * MOST_GROWTH[name] if name in MOST_GROWTH else before + MOST_MORE[name]
        print(f"{name:22} {before:9.1f} → {after:9.1f}   (at most {allowed:.1f})")
        if after > allowed:
            bad.append(name)
    failures = [words for sample in samples for words in sample.failures]
    print(f"calls {sum(sample.calls for sample in samples)}, failed {len(failures)}")
    for words, number in Counter(failures).most_common(5):
        print(f"  {number} × {words}")
    return [*bad, *(["calls"] if failures else [])]


def main(arguments: Sequence[str]) -> None:
    """Run it and say what drifted."""
    minutes = float(arguments[0]) if arguments else 30.0
    with tempfile.TemporaryDirectory() as name:
        bad = drifted(soak(minutes, Path(name)))
    print(f"{minutes:g} minutes: " + (f"drifted: {', '.join(bad)}" if bad else "nothing drifted"))
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main(sys.argv[1:])
