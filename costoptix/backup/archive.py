"""The archive: one tar file, written and read as a stream.

Parquet is compressed already, so the tar is not; the database is compressed before it comes in.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, cast

from pydantic import ValidationError

from costoptix.backup.manifest import (
    FORMAT,
    HEADER,
    MANIFEST,
    POSTGRESQL,
    QUOTA,
    SQLITE,
    BackupHeader,
    BackupManifest,
    FileEntry,
)
from costoptix.errors import Conflict, Invalid
from costoptix.models import new_id
from costoptix.version import __version__

CHUNK = 1 << 20
MOST_JSON = 1 << 30
"""Bytes of a manifest: far beyond what a million files need."""

_NAME = re.compile(r"(?:lake|uploads)(?:/[A-Za-z0-9=_. -]{1,200}){1,12}")
_SINGLE = frozenset({SQLITE, POSTGRESQL, QUOTA})
CUT = "{file} is cut short or altered: {reason}. Nothing was changed."

Report = Callable[[int], None]
"""Is called with the number of bytes that were just copied."""


class _HashingFile:
    """Hashes what passes: on its way into a file, or out of it."""

    def __init__(self, file: IO[bytes], report: Report | None = None) -> None:
        self._file = file
        self._report = report
        self._digest = hashlib.sha256()
        self.size = 0
        self.is_abandoned = False  # what tarfile writes when it is collected has no file any more

    def write(self, content: bytes) -> int:
        if self.is_abandoned:
            return len(content)
        self._note(content)
        return self._file.write(content)

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self._note(content)
        return content

    @property
    def hexdigest(self) -> str:
        return self._digest.hexdigest()

    def _note(self, content: bytes) -> None:
        self._digest.update(content)
        self.size += len(content)
        if self._report is not None:
            self._report(len(content))


class ArchiveWriter:
    """Writes one archive; as a context beside its place, where it gets its name when it is whole.

    ``entries`` are what it holds so far; ``sha256`` is of the whole file, once it is closed.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.entries: list[FileEntry] = []
        self.sha256 = ""
        self._partial = file.with_name(f".{file.name}.{new_id()}.partial")

    def __enter__(self) -> ArchiveWriter:
        _remove_abandoned(self.file)
        descriptor = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._raw = os.fdopen(descriptor, "wb", buffering=CHUNK)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._hashing = _HashingFile(self._raw)
        self._tar = tarfile.open(
            fileobj=cast("IO[bytes]", self._hashing), mode="w|", format=tarfile.PAX_FORMAT
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._hashing.is_abandoned = True
            with suppress(OSError):  # of a full disk: what is in the buffer has no place
                self._raw.close()
            self._partial.unlink(missing_ok=True)

    def add_text(self, name: str, text: str) -> None:
        """Add what a backup says of itself."""
        content = text.encode()
        self._tar.addfile(_member(name, len(content)), io.BytesIO(content))

    def add(self, name: str, path: Path, report: Report | None = None) -> FileEntry:
        """Copy a file in, and return what came in."""
        with path.open("rb") as file:
            hashing = _HashingFile(file, report)
            size = os.fstat(file.fileno()).st_size
            self._tar.addfile(_member(name, size), cast("IO[bytes]", hashing))
        entry = FileEntry(name=name, size_bytes=hashing.size, sha256=hashing.hexdigest)
        self.entries.append(entry)
        return entry

    def _finish(self) -> None:
        self._tar.close()
        self._raw.flush()
        os.fsync(self._raw.fileno())
        self._partial.rename(self.file)
        sync_folder(self.file.parent)
        self.sha256 = self._hashing.hexdigest


class ArchiveReader:
    """Reads an archive from its beginning to its end, once."""

    def __init__(self, file: Path, tar: tarfile.TarFile) -> None:
        self._file = file
        self._tar = tar
        self.header = self._read_header()

    def unpack(self, folder: Path, report: Report | None = None) -> BackupManifest:
        """Copy every file into ``folder`` and return the manifest, which all of them fit.

        Raises:
            Invalid: the archive is cut short, or a file is not what the manifest says.
        """
        entries: list[FileEntry] = []
        while (member := self._next()) is not None:
            if member.name == MANIFEST:
                return self._checked(member, entries)
            entries.append(self._copy(member, folder, report))
        raise self._cut("its end is missing")

    def _read_header(self) -> BackupHeader:
        member = self._next()
        if member is None or member.name != HEADER:
            raise _no_backup(self._file)
        try:
            header = BackupHeader.model_validate_json(self._content(member))
        except ValidationError:
            raise self._cut("its header cannot be read") from None
        if header.format > FORMAT:
            raise Conflict(
                f"{self._file} was made by Cost Optix {header.version}, newer than this version "
                f"({__version__}), which cannot read it. Nothing was changed."
            )
        return header

    def _checked(self, member: tarfile.TarInfo, entries: list[FileEntry]) -> BackupManifest:
        try:
            manifest = BackupManifest.model_validate_json(self._content(member))
        except ValidationError:
            raise self._cut("its manifest cannot be read") from None
        expected = {entry.name: entry for entry in manifest.files}
        for entry in entries:
            if expected.pop(entry.name, None) != entry:
                raise self._cut(f"{entry.name} is not what was backed up")
        if expected:
            raise self._cut(f"{next(iter(expected))} is missing")
        return manifest

    def _copy(self, member: tarfile.TarInfo, folder: Path, report: Report | None) -> FileEntry:
        """Write one file; its name is one of ours, so that none comes to lie elsewhere."""
        name = member.name
        is_named_well = name in _SINGLE or (
            _NAME.fullmatch(name) is not None and not {".", ".."} & set(name.split("/"))
        )
        if not member.isfile() or not is_named_well:
            raise self._cut(f"{name[:100]!a} is no file of a backup")
        target = folder / name
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            out = target.open("xb")
        except (FileExistsError, NotADirectoryError):
            raise self._cut(f"{name} stands twice in it, as a file or a folder") from None
        with out:
            hashing = _HashingFile(out, report)
            for content in self._chunks(member):
                hashing.write(content)
        return FileEntry(name=name, size_bytes=hashing.size, sha256=hashing.hexdigest)

    def _content(self, member: tarfile.TarInfo) -> bytes:
        if member.size > MOST_JSON:
            raise self._cut("it says too much of itself")
        return b"".join(self._chunks(member))

    def _chunks(self, member: tarfile.TarInfo) -> Iterator[bytes]:
        try:
            file = self._tar.extractfile(member)
            size = 0
            while file is not None and (content := file.read(CHUNK)):
                size += len(content)
                yield content
        except tarfile.TarError as error:
            raise self._cut(str(error)) from None
        if size != member.size:
            raise self._cut(f"{member.name} ends too early")

    def _next(self) -> tarfile.TarInfo | None:
        try:
            return self._tar.next()
        except (tarfile.TarError, ValueError, EOFError) as error:
            raise self._cut(str(error)) from None

    def _cut(self, reason: str) -> Invalid:
        return Invalid(CUT.format(file=self._file, reason=reason))


@contextmanager
def reading(file: Path) -> Iterator[ArchiveReader]:
    """Open an archive; its header is read and understood.

    Raises:
        Invalid: it is no backup, or cannot be read.
        Conflict: it was made by a newer version.
    """
    try:
        raw = file.open("rb", buffering=CHUNK)
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror or error}.") from None
    with raw:
        try:
            tar = tarfile.open(fileobj=raw, mode="r|")  # noqa: SIM115 - closed below
        except (tarfile.TarError, EOFError):
            raise _no_backup(file) from None
        with tar:
            yield ArchiveReader(file, tar)


def sync_folder(folder: Path) -> None:
    """Make what was renamed in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _no_backup(file: Path) -> Invalid:
    return Invalid(f"{file} is not a backup of Cost Optix. Nothing was changed.")


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o600
    return member


def _remove_abandoned(file: Path) -> None:
    """Remove what backups to this file have left that were killed: no process holds its lock."""
    for path in file.parent.glob(f".{file.name}.*.partial"):
        with suppress(OSError), path.open("rb") as partial:
            fcntl.flock(partial, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
