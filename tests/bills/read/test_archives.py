"""Several files, one delivery; archives are unpacked no further than they may."""

from __future__ import annotations

import gzip
import io
import time
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from config import Config
from costoptix import queue
from costoptix.access.permissions import Caller
from costoptix.bills.intake import receive
from costoptix.bills.ledger import importer, listing, outcomes
from costoptix.bills.read import archives
from costoptix.bills.read.load import load
from costoptix.errors import Invalid
from costoptix.models import Import, Organization
from tests.bills.bill import ORDINARY, write
from tests.support.bills import Stage, TakeIn

MANIFEST = b"""{"blobs": [
    {"blobName": "bills/export/part-1.csv"}, {"blobName": "bills/export/part-2.csv"},
    {"blobName": "bills/export/empty.csv"}]}"""


LACKING = write([{}], [name for name in ORDINARY if name != "ChargeCategory"])
NO_HEADER = write([{}]).split(b"\n", 1)[1]
CUT_OFF = gzip.compress(write([{}]))[:-9]
LATIN = write([{"ResourceId": "Büro"}]).decode().encode("cp1252")
UTF_16 = write([{}]).decode().encode("utf-16-le")


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def with_symlink(target: str) -> bytes:
    packed = io.BytesIO()
    link = zipfile.ZipInfo("link.csv")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", write([{}]))
        archive.writestr(link, target)
    return packed.getvalue()


def lying(content: bytes, says: int) -> bytes:
    """A zip whose directory tells another size of its one member than it unpacks to."""
    packed = zipped({"a.csv": content})
    entry = packed.rindex(b"PK\x01\x02")  # of the directory; the unpacked size is at 24
    return packed[: entry + 24] + says.to_bytes(4, "little") + packed[entry + 28 :]


def billed(staged) -> Decimal:
    return sum(line.sum_stored for line in staged.lines if line.metric == "billed_cost")


def test_the_members_of_a_zip_are_the_parts_of_one_delivery(stage: Stage) -> None:
    members = {
        "export/part-1.csv": write([{"BilledCost": "1"}]),
        "export/part-2.csv": write([{"BilledCost": "2"}]),
        "export/manifest.json": MANIFEST,
        "export/stale-part-3.csv": write([{"BilledCost": "4"}]),
        "__MACOSX/part-1.csv": b"junk",
        "export/empty.csv": b"",
    }
    staged, _ = stage(zipped(members))
    assert (staged.rows_read, billed(staged), len(staged.scopes)) == (2, 3, 1)


def test_what_a_manifest_does_not_name_is_named_in_a_note(stage: Stage) -> None:
    manifest = b'{"blobs": [{"blobName": "bills/part-1.csv"}]}'
    members = {"part-1.csv": write([{}]), "part-2.csv": write([{}]), "manifest.json": manifest}
    staged, _ = stage(zipped(members))
    assert staged.rows_kept == 1
    assert staged.notes == ("These files were not read: part-2.csv (not named by the manifest).",)


def test_empty_members_of_gzip_are_nothing(stage: Stage) -> None:
    first, rest = write([{}, {}]).split(b"\n", 1)
    parts = [b"", first + b"\n", b"", rest, b""]
    staged, _ = stage(b"".join(gzip.compress(part) for part in parts))
    assert staged.rows_kept == 2


def test_s46_a_path_in_a_member_s_name_writes_nowhere_else(tmp_path: Path, stage: Stage) -> None:
    content = zipped({"../../escaped.csv": write([{}]), "/etc/escaped.csv": write([{}])})
    staged, _ = stage(content)
    assert staged.rows_read == 2
    assert not list(tmp_path.rglob("escaped*"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (zipped({"a.zip": zipped({"a.csv": b"a"})}), "another archive"),
        (zipped({f"{n}.csv": b"a" for n in range(1001)}), "1001 files"),
        (zipped({}), "no billing file"),
        (zipped({"a.pdf": b"%PDF-1", ".b": b"x"}), r"no billing file.*a.pdf \(a PDF\), 1 hidden"),
        (zipped({"a.txt": b"Hello", "b.csv": b"x,y\n1,2\n"}), "no billing file.*a.txt .*, b.csv"),
        (zipped({"a.csv": write([{}])})[:-30], "damaged"),
        # Both take seconds to make, and this module is read by every process of a run.
        (lambda: zipped({"a.csv": b"0" * (300 << 20)}), "250 times"),
        (lambda: zipped(dict.fromkeys(map(str, range(100_000)), b"")), "100000 files"),
        (lying(write([{}] * 50), says=300), "damaged"),
        (lying(write([{}] * 50), says=1 << 31), "damaged"),
        (zipped({"a\\b.csv": write([{}]), "a/b.csv": write([{}])}), "same name"),
        (zipped({"a.csv": write([{}]), "b.csv": LACKING}), "b.csv: The header is nearest to FOCUS"),
        (zipped({"a.csv": write([{}]), "b.csv": NO_HEADER}), "b.csv: This is not a billing file"),
        (zipped({"a.csv": write([{}]), "b.csv.gz": CUT_OFF}), "b.csv.gz: The gzip file is cut off"),
        (
            zipped({"a.csv": write([{}]), "b": b"PAR1 no\4\0\0\0PAR1"}),
            "b: The Parquet file is damaged",
        ),
        (zipped({"a.csv": write([{}]), "b": LATIN}), "b: The file is not UTF-8 and looks like cp"),
        (zipped({"a.csv": write([{}]), "b": UTF_16}), "b: .* looks like utf-16-le"),
        (zipped({"a.csv": write([{}]), "b.7z": b"7z\xbc\xaf\x27\x1c"}), "7z archive"),
        (zipped({"part-1.csv": write([{}]), "manifest.json": MANIFEST}), "part-2.csv, which is"),
        (zipped({"a.csv": write([{}]), "a-Manifest.json": b"{}"}), "names no files"),
        (zipped({"a.csv": write([{}]), "_manifest.json": b"\xff"}), "cannot be read"),
        (
            zipped(
                {
                    "part-1.csv": write([{}]),
                    "part-2.csv": b"",
                    "empty.csv": b"",
                    "1/manifest.json": MANIFEST,
                    "2/manifest.json": b'{"blobs": [{"blobName": "part-1.csv"}]}',
                }
            ),
            "several deliveries",
        ),
    ],
    ids=[
        "nested",
        "many",
        "empty",
        "no bill",
        "no bill in text",
        "damaged",
        "bomb",
        "100,000 members",
        "smaller than it says",
        "larger than it says",
        "one name twice",
        "columns lacking",
        "header lacking",
        "part of gzip",
        "damaged Parquet",
        "cp1252",
        "UTF-16",
        "7z",
        "incomplete",
        "nothing named",
        "not a manifest",
        "several",
    ],
)
def test_s46_a_zip_that_is_no_bill_is_refused_at_once(
    stage: Stage, content: bytes | Callable[[], bytes], sentence: str
) -> None:
    packed = content if isinstance(content, bytes) else content()
    started = time.process_time()
    with pytest.raises(Invalid, match=sentence):
        stage(packed)
    assert time.process_time() - started < 10


def test_a_zip_with_a_damaged_member_is_refused(stage: Stage) -> None:
    packed = zipped({"é.csv": write([{}] * 50)})
    for place in (30, 40):  # the member's name; what is packed, behind it
        content = packed[:place] + b"\xff" * 6 + packed[place + 6 :]
        with pytest.raises(Invalid, match="damaged"):
            stage(content)


def send(
    session: Session, acme: Organization, config: Config, operator: Caller,
    files: dict[str, bytes], **said: object,
) -> Import:  # fmt: skip
    sent = [receive.Sent(io.BytesIO(content), name) for name, content in files.items()]
    ((row, job),) = receive.receive(
        session, acme, operator, sent, name="drop", uploads_dir=config.uploads_dir,
        max_bytes=1 << 20, **said,
    )  # fmt: skip
    claimed = queue.claim(session, job.id)
    assert claimed is not None
    importer.run(session, claimed, config, read=load)
    session.refresh(row)
    return row


def test_files_sent_together_do_not_replace_each_other(
    session: Session, acme: Organization, config: Config, operator: Caller
) -> None:
    others = [{"ResourceId": f"i-{number}"} for number in range(2, 42)]
    files = {"a.csv": write([{}]), "b.csv": write([*others, {"BilledCost": "NaN"}])}
    row = send(session, acme, config, operator, files)
    assert (row.state, row.rows_kept, row.rows_rejected) == ("live", 41, 1)
    (found,) = listing.rejected(config.lake_dir, row)
    assert (found.file, found.line) == ("b.csv", 42)
    again = send(session, acme, config, operator, dict(reversed(files.items())))
    assert again.message == outcomes.ALREADY_IMPORTED


def test_a_drop_that_lacks_rows_of_its_manifest_is_refused(
    session: Session, acme: Organization, config: Config, operator: Caller
) -> None:
    said = {"options": {"row_count": 3}}
    row = send(session, acme, config, operator, {"a.csv": write([{}] * 2)}, **said)
    assert row.state == "refused"
    assert "3 rows" in str(row.error)


def test_the_manifest_s_time_decides_which_delivery_is_newer(
    session: Session, acme: Organization, config: Config, operator: Caller
) -> None:
    newer = {"options": {"delivered_at": "2026-03-05T00:00:00Z"}}
    older = {"options": {"delivered_at": "2026-03-04T00:00:00Z"}}
    first = send(session, acme, config, operator, {"a.csv": write([{}])}, **newer)
    late = send(session, acme, config, operator, {"a.csv": write([{"BilledCost": "9"}])}, **older)
    session.refresh(first)
    assert (first.state, late.state) == ("live", "older")


def test_a_drop_is_stored_under_names_of_ours(
    session: Session, acme: Organization, config: Config, operator: Caller
) -> None:
    sent = [receive.Sent(io.BytesIO(b"a"), "../../a.csv"), receive.Sent(io.BytesIO(b"b"), "b")]
    ((row, _),) = receive.receive(
        session, acme, operator, sent, name="drop", uploads_dir=config.uploads_dir, max_bytes=10
    )
    folder = config.uploads_dir / row.stored_name
    assert {path.name for path in folder.iterdir()} == {"0", "1", archives.NAMES}


def damaged(method: int) -> bytes:
    """A zip whose member is no stream of its kind from the middle on."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.writestr("a.csv", write([{"ResourceId": str(number)} for number in range(900)]))
    content = bytearray(target.getvalue())
    middle = len(content) // 2
    content[middle : middle + 64] = b"\xff" * 64
    return bytes(content)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_whose_member_is_damaged_is_refused_in_words(take_in: TakeIn, method: int) -> None:
    row = take_in(damaged(method), name="bill.zip")
    assert (row.state, "damaged" in (row.error or "")) == ("refused", True)


def test_a_member_without_a_name_is_a_file_like_any(take_in: TakeIn) -> None:
    entry = zipfile.ZipInfo("x")
    entry.filename = ""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(entry, write([{}]))
    assert take_in(target.getvalue(), name="bill.zip").state == "live"
