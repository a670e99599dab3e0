"""Which files of a drop are the parts of one delivery, told by looking at them."""

from __future__ import annotations

import gzip
import io
import os
import signal
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from costoptix.bills.read import child, grouping
from costoptix.errors import Invalid, NoSpace
from tests.bills.bill import ORDINARY, write
from tests.faults.disk import small_disk
from tests.support.bills import DATA

FOCUS = write([{"BilledCost": "1"}])
AZURE = (DATA / "azure" / "EA_ActualCost_Small.csv").read_bytes()
AMORTIZED = (DATA / "azure" / "EA_AmortizedCost_Small.csv").read_bytes()
REORDERED = write([{"BilledCost": "2"}], sorted(name.upper() for name in ORDINARY))
WIDER = write([{"BilledCost": "3"}], [*ORDINARY, "x_More"])
JSON = b'{"billing_account_id": "a", "service": {}, "sku": {}, "usage_start_time": "", "cost": 1, '
GOOGLE = JSON + b'"credits": [], "invoice": {"month": "202603"}, "currency": "USD"}\n'
GOOGLE_TOO = (
    JSON + b'"credits": [], "invoice": {"month": "202603"}, "currency": "USD", "tags": []}\n'
)


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_json", ".json"), content)
    return packed.getvalue()


def parquet(path: Path) -> bytes:
    duckdb.sql(f"COPY (SELECT * FROM read_csv('{path}', all_varchar = true)) TO '{path}.parquet'")
    return Path(f"{path}.parquet").read_bytes()


def groups(folder: Path, *contents: bytes) -> list[list[int]]:
    files = []
    for number, content in enumerate(contents):
        files.append(folder / str(number))
        files[-1].write_bytes(content)
    found = grouping.group(files, folder)
    assert {path.name for path in folder.iterdir()} == {file.name for file in files}
    return found


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        ((FOCUS, REORDERED, gzip.compress(FOCUS)), [[0, 1, 2]]),
        ((FOCUS, AZURE, FOCUS, AMORTIZED), [[0, 2], [1, 3]]),
        ((FOCUS, WIDER), [[0, 1]]),
        ((b"a,b\n1,2\n", FOCUS, b"a,b\n1,2\n"), [[0], [1], [2]]),
        ((b"", b"%PDF", b"PK\x03\x04", b"PAR1....PAR1", b"\x1f\x8b"), [[0], [1], [2], [3], [4]]),
        ((GOOGLE, GOOGLE_TOO, FOCUS), [[0, 1], [2]]),
        ((zipped(a=FOCUS), FOCUS, zipped(b=FOCUS, c=gzip.compress(REORDERED))), [[0, 1, 2]]),
        ((zipped(a=FOCUS, b=AZURE), FOCUS), [[0], [1]]),
        ((zipped(a=FOCUS, b=b"%PDF", c=b"see below"), FOCUS), [[0, 1]]),
        ((zipped(a=FOCUS, manifest_json=b"{}"), FOCUS), [[0], [1]]),
        ((zipped(a=zipped(b=FOCUS)), FOCUS), [[0], [1]]),
    ],
    ids=["one format", "formats", "another column", "no bill", "no file", "JSON lines", "zips",
         "mixed zip", "zip of a bill and others", "manifest", "zip in a zip"],
)  # fmt: skip
def test_files_of_one_format_belong_together(
    tmp_path: Path, contents: tuple[bytes, ...], expected: list[list[int]]
) -> None:
    assert groups(tmp_path, *contents) == expected


def test_a_parquet_file_has_the_header_of_its_text(tmp_path: Path) -> None:
    source = tmp_path / "bill.csv"
    source.write_bytes(FOCUS)
    packed = parquet(source)
    folder = tmp_path / "drop"
    folder.mkdir()
    assert groups(folder, FOCUS, packed, zipped(a=packed)) == [[0, 1, 2]]


def test_a_currency_that_a_file_lacks_does_not_part_it(tmp_path: Path) -> None:
    without = write([{}], [name for name in ORDINARY if name != "BillingCurrency"])
    assert groups(tmp_path, without, without + b"\n") == [[0, 1]]


def test_it_is_looked_at_in_a_process_of_its_own(tmp_path: Path) -> None:
    for number, content in enumerate((FOCUS, AZURE, REORDERED)):
        (tmp_path / str(number)).write_bytes(content)
    files = [tmp_path / str(number) for number in range(3)]
    assert child.group(files) == [[0, 2], [1]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "2"]


def test_files_that_take_long_to_look_into_are_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "0").write_bytes(FOCUS)
    os.mkfifo(tmp_path / "1")  # nobody writes to it
    monkeypatch.setattr(child, "GROUP_SECONDS", 2.0, raising=False)
    with ended_after(20), pytest.raises(Invalid, match="one by one"):
        child.group([tmp_path / "0", tmp_path / "1"])


@contextmanager
def ended_after(seconds: int) -> Iterator[None]:
    """Break what waits longer than that."""

    def stop(_number: int, _frame: object) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_a_disk_that_fills_up_while_files_are_looked_into_is_said_as_that(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=4) as disk:
        packed = parquet_of_many_rows(tmp_path)
        (disk.path / "0").write_bytes(zipped(a=packed))
        (disk.path / "1").write_bytes(FOCUS)
        disk.fill(leave=64 << 10)
        with pytest.raises(NoSpace):
            child.group([disk.path / "0", disk.path / "1"])
        assert sorted(path.name for path in disk.path.iterdir()) == ["0", "1", "ballast"]


def parquet_of_many_rows(folder: Path) -> bytes:
    """A file of a megabyte, that a zip must be unpacked to look into."""
    target = folder / "many.parquet"
    duckdb.sql(f"COPY (SELECT uuid() AS id FROM range(30000)) TO '{target}' (FORMAT parquet)")
    return target.read_bytes()
