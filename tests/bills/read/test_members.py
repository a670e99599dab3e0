"""Members of zips come out in bounded steps, whatever they are packed with."""

from __future__ import annotations

import io
import random
import zipfile

import pytest

from costoptix.bills.read import members

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
CONTENTS = (b"", b"a", b"0" * (5 << 20), random.Random(7).randbytes(300_000))


def archive_of(method: int, content: bytes) -> zipfile.ZipFile:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("before", b"another member")
        archive.writestr("a", content)
    return zipfile.ZipFile(packed)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("content", CONTENTS, ids=["empty", "one byte", "zeros", "random"])
def test_a_member_is_what_was_packed_a_megabyte_at_a_time(method: int, content: bytes) -> None:
    archive = archive_of(method, content)
    blocks = list(members.blocks(archive, archive.getinfo("a")))
    assert b"".join(blocks) == content
    assert max(map(len, blocks), default=0) <= members.BLOCK


@pytest.mark.parametrize("method", METHODS)
def test_a_member_whose_checksum_is_another_is_refused(method: int) -> None:
    archive = archive_of(method, b"0" * 1000)
    member = archive.getinfo("a")
    member.CRC ^= 1
    with pytest.raises(zipfile.BadZipFile):
        list(members.blocks(archive, member))
