"""Files that are small and unpack to much: of every container that is read."""

from __future__ import annotations

import gzip
import io
import zipfile
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from pyarrow import parquet

from tests.bills.bill import write

MANIFEST = "manifest.json"
HEADER = write([{}]).split(b"\n")[0] + b"\n"


@cache
def zeros(megabytes: int) -> bytes:
    return b"0" * (megabytes << 20)


def zipped(method: int, members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


@cache
def zipped_bomb(method: int, name: str = "a.csv") -> bytes:
    """A zip of one member of 300 MB, or of a manifest of as many beside a bill."""
    bill = {} if name == "a.csv" else {"bill.csv": write([{}])}
    return zipped(method, bill | {name: zeros(300)})


def lying_manifest(method: int) -> bytes:
    """A zip whose directory says that its manifest of 300 MB has 100 bytes."""
    content = bytearray(zipped_bomb(method, MANIFEST))
    entry = content.rindex(b"PK\x01\x02")  # of the directory; the unpacked size is at 24
    content[entry + 24 : entry + 28] = (100).to_bytes(4, "little")
    return bytes(content)


def greedy_lzma() -> bytes:
    """A zip whose member asks for a dictionary of 4 GB."""
    content = bytearray(zipped(zipfile.ZIP_LZMA, {"a.csv": zeros(16)}))
    properties = content.index(b"a.csv") + len("a.csv") + 4  # version and length come before
    content[properties + 1 : properties + 5] = b"\xff" * 4
    return bytes(content)


def many_names() -> bytes:
    """A zip whose manifest, of less than 4 MB, names half a million files."""
    keys = ",".join(f'"{number:x}"' for number in range(500_000))
    document = b'{"reportKeys": [' + keys.encode() + b"]}"
    return zipped(zipfile.ZIP_DEFLATED, {"bill.csv": write([{}]), MANIFEST: document})


def entries(number: int) -> bytes:
    """A zip of so many empty members."""
    packed = zipped(zipfile.ZIP_STORED, {"0" * 7: b""})
    start, end = packed.rindex(b"PK\x01\x02"), packed.rindex(b"PK\x05\x06")
    directory = packed[start:end] * number
    tail = bytearray(packed[end:])
    tail[12:16] = len(directory).to_bytes(4, "little")  # its counts go on to say one
    return packed[:start] + directory + bytes(tail)


def zip_in_zip() -> bytes:
    """A zip of a zip of 300 MB."""
    return zipped(zipfile.ZIP_DEFLATED, {"a.zip": zipped_bomb(zipfile.ZIP_DEFLATED)})


def gzips_in_a_zip() -> bytes:
    """A zip of a gzip file that holds 300 MB, packed twice."""
    return zipped(zipfile.ZIP_DEFLATED, {"a.csv.gz": gzip.compress(HEADER + zeros(300))})


def many_gzips() -> bytes:
    """Gzip files joined end to end, that unpack to nothing."""
    return gzip.compress(b"") * 200_000


def long_line() -> bytes:
    """A header, and one line of 60 MB."""
    return gzip.compress(HEADER + zeros(60), 9)


def never_closed() -> bytes:
    """A quote that never closes, with millions of line ends behind it."""
    return gzip.compress(HEADER + b'"' + b"\n" * (20 << 20), 1)


def long_json() -> bytes:
    return gzip.compress(b'{"billing_account_id": "' + zeros(60) + b'"}\n')


def long_header() -> bytes:
    return gzip.compress(b"BilledCost," + zeros(60))


def wide_header() -> bytes:
    return gzip.compress(b"BilledCost" + b"," * (60 << 20))


COLUMNS = (
    "EffectiveCost", "BillingPeriodStart", "ChargePeriodStart", "ChargeCategory", "ProviderName",
    "ServiceName", "BillingAccountId",
)  # fmt: skip


def _parquet(folder: Path, select: str, options: str = "") -> bytes:
    target = folder / "bomb.parquet"
    constants = ", ".join(f"'a' AS {name}" for name in COLUMNS)
    sql = f"SELECT 'USD' AS BillingCurrency, {constants}, {select}"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY ({sql}) TO '{target}' (FORMAT parquet, COMPRESSION zstd{options})"
        )
    return target.read_bytes()


def repeated_text(folder: Path) -> bytes:
    """One text of 1 MB in each of 2,000 rows."""
    return _parquet(folder, "repeat('x', 1000000) AS BilledCost FROM range(2000)")


def repeated_odd_text(folder: Path) -> bytes:
    """The same in a file of two columns of one name, which is read another way."""
    target = folder / "bomb.parquet"
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 2_000, pa.int32()), ["x" * 1_000_000])
    names = ("x_odd", "x_odd", "BilledCost", "BillingCurrency", *COLUMNS)
    columns = [text, *(pa.array(["a"] * 2_000) for _ in names[1:])]
    parquet.write_table(pa.table(columns, names=names), target, compression="zstd")
    return target.read_bytes()


def zipped_parquet(folder: Path) -> bytes:
    """A zip of the text of 1 MB in each of 2,000 rows."""
    return zipped(zipfile.ZIP_DEFLATED, {"a.parquet": repeated_text(folder)})


def constant_columns(folder: Path) -> bytes:
    """Three million rows of forty constant columns."""
    more = ", ".join(f"'constant {number}' AS x_{number}" for number in range(40))
    return _parquet(folder, f"'1' AS BilledCost, {more} FROM range(3000000)")


def constant_doubles(folder: Path) -> bytes:
    """Twenty million rows of a constant."""
    return _parquet(folder, "1.5::DOUBLE AS BilledCost FROM range(20000000)")


def _arrow(folder: Path, columns: dict[str, pa.Array], **options: object) -> bytes:
    target = folder / "bomb.parquet"
    rows = len(next(iter(columns.values())))
    filled = {name: pa.array(["a"] * rows) for name in ("BillingCurrency", *COLUMNS)}
    table = pa.table(filled | columns)
    parquet.write_table(table, target, compression="zstd", **options)
    return target.read_bytes()


def large_page(folder: Path) -> bytes:
    """One page, without a dictionary, of 200 texts of 2 MB."""
    texts = pa.array(["x" * 1_900_000] * 200)
    return _arrow(
        folder, {"BilledCost": texts}, use_dictionary=False, data_page_size=1 << 30,
        write_statistics=False,
    )  # fmt: skip


def lying_footer(folder: Path) -> bytes:
    """The same, whose footer says that the column has a few bytes, unpacked."""
    content = large_page(folder)
    with (folder / "bomb.parquet").open("rb") as file:
        chunk = parquet.read_metadata(file).row_group(0).column(8)
    told = _zigzag(chunk.total_uncompressed_size)
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    few = b"\x80" * (len(told) - 1) + b"\x01"
    return content[:start] + content[start:].replace(told, few)


def _zigzag(number: int) -> bytes:
    """Return a number as the footer has it: doubled, seven bits a byte."""
    number, made = 2 * number, bytearray()
    while number >= 0x80:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*made, number])


def long_list(folder: Path) -> bytes:
    """One row with a list of fifty million numbers."""
    values = pa.array(np.zeros(50_000_000, dtype=np.int64))
    lists = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)
    return _arrow(folder, {"BilledCost": pa.array(["1"]), "Tags": lists})


def large_dictionary(folder: Path) -> bytes:
    """A dictionary of 380 MB."""
    values = pa.array(["x" * 1_900_000 + str(number) for number in range(200)])
    return _arrow(folder, {"BilledCost": values}, dictionary_pagesize_limit=1 << 30)


def large_footer(folder: Path) -> bytes:
    """A footer of 40,000 row groups of one row."""
    rows = {"BilledCost": pa.array(["1"] * 40_000)}
    return _arrow(folder, rows, row_group_size=1, use_dictionary=False)
