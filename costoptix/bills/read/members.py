"""The members of a zip, unpacked in bounded steps.

``zipfile`` takes in the whole directory of an archive, and of bzip2 and lzma whatever a few
kilobytes unpack to: 1,458 bytes took 1.9 GB. Here every step yields a megabyte at most.
"""

from __future__ import annotations

import bz2
import copy
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from typing import Protocol

BLOCK = 1 << 20
MAX_DIRECTORY_BYTES = 6 << 20
"""Of 1,000 members a directory has 0.1 MB; one of 100,000 fits, to be refused with its number."""
_LZMA_MEMORY = 80 << 20
"""For a dictionary of 64 MB, the largest that packers make unless they are told to."""
_LZMA_HEADER_BYTES = 4  # the version of what packed it, and how long its properties are
_LZMA_PROPERTIES_BYTES = 5
_UNKNOWN_SIZE = b"\xff" * 8
_HAS_END_MARK = 0x02
_PACKED_BYTES = 64 << 10


class TooManyMembers(Exception):
    """The directory of an archive is too large to be read."""


class _Unpacker(Protocol):
    """What bzip2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class ArchiveFile(io.FileIO):
    """The file of an archive, of which no more is read at once than a directory may have."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most ``size`` bytes.

        Raises:
            TooManyMembers: it is asked for more than a directory may have.
        """
        if size is not None and size > MAX_DIRECTORY_BYTES:
            raise TooManyMembers
        return super().read(-1 if size is None else size) or b""


def blocks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield what a member unpacks to, ``BLOCK`` bytes at most each time.

    Raises:
        zipfile.BadZipFile: it is damaged, or not as large as the archive says.
        OSError | EOFError | lzma.LZMAError | NotImplementedError: as ``zipfile`` has them.
    """
    size = checksum = 0
    for block in _unpacked(archive, member):
        size += len(block)
        checksum = zlib.crc32(block, checksum)
        yield block
    if size != member.file_size or checksum != member.CRC:
        raise zipfile.BadZipFile(f"{member.filename} is not what the archive says")


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    if member.compress_type == zipfile.ZIP_BZIP2:
        yield from _stepwise(bz2.BZ2Decompressor(), _packed(archive, member))
    elif member.compress_type == zipfile.ZIP_LZMA:
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_LZMA_MEMORY)
        yield from _stepwise(unpacker, _lzma_alone(archive, member))
    else:  # deflate and stored members are read in bounded steps by zipfile
        with archive.open(member) as file:
            while block := file.read(BLOCK):
                yield block


def _stepwise(unpacker: _Unpacker, packed: Iterator[bytes]) -> Iterator[bytes]:
    while not unpacker.eof:
        data = b""
        if unpacker.needs_input:
            data = next(packed, b"")
            if not data:
                raise EOFError("the member is cut off")
        if block := unpacker.decompress(data, BLOCK):
            yield block


def _packed(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the bytes of a member as they lie in the archive."""
    raw = copy.copy(member)
    raw.compress_type, raw.file_size = zipfile.ZIP_STORED, member.compress_size
    del raw.CRC  # which is of what is unpacked
    with archive.open(raw) as file:
        while data := file.read(_PACKED_BYTES):
            yield data


def _lzma_alone(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a member as a stream of its own, which lzma reads within a limit of memory."""
    packed = _packed(archive, member)
    start = next(packed, b"")
    if start[2:_LZMA_HEADER_BYTES] != _LZMA_PROPERTIES_BYTES.to_bytes(2, "little"):
        raise zipfile.BadZipFile("the header of an lzma member is damaged")
    end = _LZMA_HEADER_BYTES + _LZMA_PROPERTIES_BYTES
    has_end = member.flag_bits & _HAS_END_MARK
    size = _UNKNOWN_SIZE if has_end else member.file_size.to_bytes(8, "little")
    yield start[_LZMA_HEADER_BYTES:end] + size + start[end:]
    yield from packed
