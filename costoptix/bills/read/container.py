"""What a sent file is wrapped in: plain text, gzip, Parquet or zip; text comes out in chunks.

Nothing is trusted: a file is what its first bytes say, never its name; what comes out of a
compressed file is counted while it comes and refused past ``MAX_RATIO``.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from isal import igzip_lib, isal_zlib

from costoptix.bills.read import encodings
from costoptix.errors import Invalid

CHUNK_BYTES = 1 << 20
_GZIP = isal_zlib.MAX_WBITS | 16
_DamagedGzip: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment]  # so its stub says
MAX_RATIO = 250
"""Real exports shrink 10 to 60 times under gzip; bombs a thousand times."""
MIN_ALLOWANCE = 64 << 20
"""What any file may unpack to, however small it is."""
MIN_MEMBERS = 1_000
MIN_MEMBER_BYTES = 512
"""Gzip files joined end to end have so many bytes each, on average: bgzip cuts at 64 KB of text.
At each end what was read ahead is copied, which takes minutes where a member has 20 bytes."""


class Container(StrEnum):
    """How the rows are wrapped."""

    TEXT = "text"
    GZIP = "gzip"
    PARQUET = "parquet"
    ZIP = "zip"


_EXCEL = "an Excel workbook"
_REFUSED = (
    (b"%PDF", "a PDF", "This is a PDF, not a billing file: send the CSV or Parquet export."),
    (b"\xd0\xcf\x11\xe0", _EXCEL, "This is an Excel workbook: save it as CSV (UTF-8)."),
    (b"\x89PNG", "an image", "This is an image, not a billing file."),
    (b"\xff\xd8\xff", "an image", "This is an image, not a billing file."),
    (b"GIF8", "an image", "This is an image, not a billing file."),
    (b"7z\xbc\xaf", None, "This is a 7z archive: send the files in it, or a zip."),
    (b"Rar!", None, "This is a RAR archive: send the files in it, or a zip."),
    (b"BZh", None, "This file is packed by bzip2: send it as it is, or as gzip."),
    (b"\xfd7zXZ", None, "This file is packed by xz: send it as it is, or as gzip."),
    (b"\x28\xb5\x2f\xfd", None, "This file is packed by zstd: send it as it is, or as gzip."),
)
"""How files begin that are not read; what they are, if no bill can be in them; the refusal."""
_WORKBOOK = b"[Content_Types].xml"
_WORKBOOK_BYTES = 4_096


class NoBill(Invalid):
    """The file is of a kind in which no bill is sent; ``kind`` says which."""

    def __init__(self, sentence: str, kind: str = "a file of another kind") -> None:
        super().__init__(sentence)
        self.kind = kind


def detect(path: Path) -> Container:
    """Recognize the container of a file by its first bytes.

    Raises:
        NoBill: it is empty or of a kind that holds no bill.
        Invalid: it is packed in a way that is not read.
    """
    with path.open("rb") as file:
        start = file.read(_WORKBOOK_BYTES)
    if not start:
        raise NoBill("The file is empty.", "empty")
    for magic, kind, sentence in _REFUSED:
        if start.startswith(magic):
            raise Invalid(sentence) if kind is None else NoBill(sentence, kind)
    if start.startswith(b"PAR1"):
        return Container.PARQUET
    if start.startswith(b"PK"):
        if _WORKBOOK in start:
            raise NoBill("This is an Excel workbook: save it as CSV (UTF-8).", _EXCEL)
        return Container.ZIP
    return Container.GZIP if start.startswith(b"\x1f\x8b") else Container.TEXT


class TextReader:
    """The text of a file as UTF-8, in chunks of at most ``CHUNK_BYTES``, with LF or CRLF line ends.

    ``bytes_done`` counts the bytes of the file as it was sent, for the progress.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self._path = path
        self._encoding = encoding
        self._is_gzip = detect(path) is Container.GZIP
        self._size = path.stat().st_size
        self.bytes_done = 0

    def chunks(self) -> Iterator[bytes]:
        """Yield the text.

        Raises:
            Invalid: the file is damaged, unpacks to too much, or is not text.
        """
        with self._path.open("rb") as file:
            source = self._unpacked(file) if self._is_gzip else self._plain(file)
            has_only_cr = False
            text = encodings.as_utf8(source, self._encoding, CHUNK_BYTES)
            for number, chunk in enumerate(text):
                if b"\0" in chunk:
                    raise Invalid("The file holds NUL bytes, so it is not UTF-8 text.")
                if number == 0:
                    has_only_cr = b"\r" in chunk and b"\n" not in chunk
                yield chunk.replace(b"\r", b"\n") if has_only_cr else chunk

    def _plain(self, file: BinaryIO) -> Iterator[bytes]:
        while block := file.read(CHUNK_BYTES):
            self.bytes_done += len(block)
            yield block

    def _unpacked(self, file: BinaryIO) -> Iterator[bytes]:
        allowance = max(MIN_ALLOWANCE, MAX_RATIO * self._size)
        member = isal_zlib.decompressobj(_GZIP)
        members_left = MIN_MEMBERS + self._size // MIN_MEMBER_BYTES
        try:
            while block := file.read(CHUNK_BYTES // 4):
                self.bytes_done += len(block)
                while block:
                    if member.eof:  # gzip files may be joined end to end
                        member = isal_zlib.decompressobj(_GZIP)
                        members_left -= 1
                        if not members_left:
                            raise Invalid("The gzip file is joined of too many parts.")
                    text = member.decompress(block, CHUNK_BYTES)
                    block = member.unused_data if member.eof else member.unconsumed_tail
                    allowance -= len(text)
                    if allowance < 0:
                        raise Invalid(
                            f"The file unpacks to more than {MAX_RATIO} times its size, "
                            "so it is not read further."
                        )
                    if text:
                        yield text
        except _DamagedGzip as error:
            raise Invalid("The gzip file is damaged.") from error
        if not member.eof:
            raise Invalid("The gzip file is cut off: its end is missing.")
