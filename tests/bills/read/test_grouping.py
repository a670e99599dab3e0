"""Which files of a drop are the parts of one delivery, told by looking at them."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import duckdb
import pytest

from costoptix.bills.read import child, grouping
from tests.bills.bill import ORDINARY, write
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
        ((FOCUS, WIDER), [[0], [1]]),
        ((b"a,b\n1,2\n", FOCUS, b"a,b\n1,2\n"), [[0], [1], [2]]),
        ((b"", b"%PDF", b"PK\x03\x04", b"PAR1....PAR1", b"\x1f\x8b"), [[0], [1], [2], [3], [4]]),
        ((GOOGLE, GOOGLE_TOO, FOCUS), [[0, 1], [2]]),
        ((zipped(a=FOCUS), FOCUS, zipped(b=FOCUS, c=gzip.compress(REORDERED))), [[0, 1, 2]]),
        ((zipped(a=FOCUS, b=AZURE), FOCUS), [[0], [1]]),
        ((zipped(a=FOCUS, manifest_json=b"{}"), FOCUS), [[0], [1]]),
        ((zipped(a=zipped(b=FOCUS)), FOCUS), [[0], [1]]),
    ],
    ids=["one header", "formats", "another column", "no bill", "no file", "JSON lines", "zips",
         "mixed zip", "manifest", "zip in a zip"],
)  # fmt: skip
def test_files_of_one_format_and_header_belong_together(
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
