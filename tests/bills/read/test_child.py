"""Reading in a process of its own: same outcome, bounded, and nothing left when it dies."""

from __future__ import annotations

import errno
import re
import signal
import subprocess
import zlib
from pathlib import Path

import duckdb
import orjson
import pyarrow as pa
import pytest
from isal import isal_zlib

from costoptix import bounded
from costoptix.bills.formats import Options
from costoptix.bills.read import archives, child
from costoptix.errors import Invalid
from tests.support.bills import SAMPLE, Stage


def read(source: Path, folder: Path) -> object:
    folder.mkdir()
    return child.read(source, folder, Options(), lambda progress: None)


def test_the_child_answers_what_reading_here_answers(stage: Stage, tmp_path: Path) -> None:
    here, _ = stage(SAMPLE)
    there = read(SAMPLE, tmp_path / "there")
    assert there.lines == here.lines
    assert [scope.row_count for scope in there.scopes] == [scope.row_count for scope in here.scopes]


def test_a_refusal_crosses_as_the_same_sentence(tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(Invalid, match="not a header"):
        read(tmp_path / "sent", tmp_path / "there")


def test_s46_a_parquet_bomb_is_refused_within_the_memory_limit(tmp_path: Path) -> None:
    """A few hundred bytes that unpack to 2 GB in memory."""
    bomb = tmp_path / "bomb.parquet"
    sql = "SELECT repeat('x', 1000000) AS BilledCost, * FROM (SELECT 'a' AS EffectiveCost, "
    sql += "'a' AS BillingPeriodStart, 'a' AS ChargePeriodStart, 'a' AS ChargeCategory, "
    sql += "'a' AS ProviderName, 'a' AS ServiceName, 'USD' AS BillingCurrency), range(2000)"
    duckdb.sql(f"COPY ({sql}) TO '{bomb}' (FORMAT parquet, COMPRESSION zstd)")
    assert bomb.stat().st_size < 100_000
    with pytest.raises(Invalid, match="250 times"):
        read(bomb, tmp_path / "there")


def test_a_child_that_is_killed_is_told_from_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    popen = subprocess.Popen

    def popen_and_kill(*arguments: object, **options: object) -> subprocess.Popen[str]:
        process = popen(*arguments, **options)
        process.send_signal(signal.SIGKILL)
        return process

    monkeypatch.setattr(subprocess, "Popen", popen_and_kill)
    with pytest.raises(bounded.ChildDied, match="SIGKILL") as raised:
        read(SAMPLE, tmp_path / "there")
    assert raised.value.may_pass


def test_files_that_take_too_long_to_look_into_are_said_to(tmp_path: Path) -> None:
    files = [tmp_path / name for name in "ab"]
    for file in files:
        file.write_bytes(b"a,b\n")
    with pytest.raises(Invalid, match=r"longer than 0\.01 seconds\. Send them one by one"):
        child.group(files, seconds=0.01)


FAILURES = [
    (pa.ArrowInvalid("odd page"), "failed", "Arrow failed at it.*ArrowInvalid: odd page"),
    (pa.ArrowKeyError("x"), "failed", "Arrow failed at it.*ArrowKeyError"),
    (
        duckdb.InternalException("odd\ntrace"),
        "failed",
        "DuckDB failed at it.*InternalException: odd",
    ),
    (zlib.error("bad block"), "failed", "The reader of gzip failed at it.*bad block"),
    (isal_zlib.error("bad tree"), "failed", "The reader of gzip failed at it.*bad tree"),
    (orjson.JSONEncodeError("no"), "failed", "TypeError|JSONEncodeError"),
    (KeyError("c7"), "failed", "Cost Optix failed at it.*KeyError: 'c7'"),
    (OSError(errno.EROFS, "Read-only file system", "x"), "failed", "files: Read-only file system"),
    (pa.ArrowMemoryError("malloc"), "refused", "more memory"),
    (MemoryError(), "refused", "more memory"),
    (RuntimeError("can't start new thread"), "refused", "more memory"),
    (ImportError("libarrow.so: failed to map segment"), "refused", "more memory"),
    (duckdb.OutOfMemoryException("failed to allocate"), "refused", "more memory"),
    (OSError(errno.ENOSPC, "No space left on device"), "no_space", "no space left"),
]


@pytest.mark.parametrize(("error", "kind", "sentence"), FAILURES)
def test_whatever_fails_is_answered_with_its_own_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: str, sentence: str
) -> None:
    def fail(*_args: object, **_options: object) -> list[object]:
        raise error

    monkeypatch.setattr(archives, "expand", fail)
    request = child.Request(source=tmp_path / "sent", folder=tmp_path)
    reply = child._answer(request)
    assert re.search(sentence, getattr(reply, kind) or "")
