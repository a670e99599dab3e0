"""A file is what its first bytes say, and unpacks to no more than it may."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from costoptix.bills.read.container import Container, TextReader, detect
from costoptix.errors import Invalid


def text_of(path: Path) -> bytes:
    return b"".join(TextReader(path).chunks())


def sent(folder: Path, content: bytes) -> Path:
    path = folder / "sent"
    path.write_bytes(content)
    return path


def test_gzip_files_joined_end_to_end_are_one_text(tmp_path: Path) -> None:
    path = sent(tmp_path, gzip.compress(b"a,b\n") + gzip.compress(b"1,2\n"))
    assert detect(path) is Container.GZIP
    assert text_of(path) == b"a,b\n1,2\n"


def test_a_gzip_without_its_end_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(b"a,b\n" * 100_000)
    with pytest.raises(Invalid, match="cut off"):
        text_of(sent(tmp_path, whole[:-20]))


def test_a_damaged_gzip_is_refused(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(b"a,b\n" * 1000))
    whole[12:20] = b"\xff" * 8
    with pytest.raises(Invalid, match=r"damaged|cut off"):
        text_of(sent(tmp_path, bytes(whole)))


def test_s46_a_bomb_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    """300 MiB in 300 kB."""
    bomb = sent(tmp_path, gzip.compress(b"0" * (300 << 20)))
    assert bomb.stat().st_size < 400_000
    reader = TextReader(bomb)
    read = 0
    with pytest.raises(Invalid, match="250 times"):
        for chunk in reader.chunks():
            read += len(chunk)
    assert read <= 80 << 20


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\xd0\xcf\x11\xe0 ...", "Excel"),
    ],
)
def test_what_is_no_bill_is_refused_by_name(tmp_path: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        detect(sent(tmp_path, content))
