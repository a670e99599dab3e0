"""A backup, made while the installation serves and imports.

The database first, in one moment; then the files that this moment names. From before the moment to
the end the sweep removes none of them (``pause``); files of the lake are never changed.
"""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from config import Config
from costoptix.access import secrets
from costoptix.backup import archive, snapshot, sqlite, totals
from costoptix.backup.archive import ArchiveWriter
from costoptix.backup.manifest import (
    FORMAT,
    HEADER,
    LAKE,
    MANIFEST,
    BackupHeader,
    BackupManifest,
    Total,
)
from costoptix.backup.snapshot import CopiedDelivery, LakeFile, Snapshot
from costoptix.bills.ledger import pause
from costoptix.clock import utc_now
from costoptix.costs.engine import Engine as LakeEngine
from costoptix.database import AT_ONCE, writing
from costoptix.errors import Conflict, NoSpace, is_full_disk
from costoptix.lake.files import EXPORTS
from costoptix.models import DeliveryFile, new_id
from costoptix.version import __version__

Say = Callable[[str], None]
"""Tells a person, in one line, what is done."""


@dataclass(frozen=True)
class Made:
    """A backup that is whole and in its place."""

    file: Path
    sha256: str
    size_bytes: int
    header: BackupHeader
    manifest: BackupManifest


class _Copied(NamedTuple):
    """A delivery that was copied: what it adds up to, hashes to note, and what is wrong with it."""

    totals: list[Total]
    hashes: dict[str, str]  # by the id of the file's row, of those without one
    faults: list[str]


def make(engine: Engine, config: Config, file: Path, say: Say) -> Made:
    """Write a backup of the installation to ``file``, which gets its name when it is whole.

    Raises:
        Conflict: there is something else of this name.
        NoSpace: a disk is full; nothing is left of the backup.
    """
    file = file.absolute()
    _require_place(file, config)
    try:
        with _scratch(config) as folder, pause.held(engine):
            return _make(engine, config, file, folder, say)
    except OSError as error:
        if not is_full_disk(error):
            raise
        raise NoSpace(_full(file.parent, None)) from None


def _make(engine: Engine, config: Config, file: Path, folder: Path, say: Say) -> Made:
    _require_room_for_databases(config, folder)
    taken = snapshot.take(engine, config, folder)
    header = _header(taken, config)
    say(f"The database is copied; {len(taken.files)} files of the lake follow.")
    _require_room(file.parent, sum(path.stat().st_size for _, path in taken.databases) + sum(
        one.size_bytes for one in taken.files))  # fmt: skip
    lake = LakeEngine(config.lake_dir, config.temp_dir)
    progress = _Progress(header.bytes_needed, say)
    with ArchiveWriter(file) as writer:
        writer.add_text(HEADER, header.model_dump_json())
        for name, path in taken.databases:
            writer.add(name, path)
        copied = [_copy(writer, lake, delivery, progress) for delivery in taken.deliveries]
        for name, path in taken.others:
            writer.add(name, path, progress.add)
        manifest = BackupManifest(
            files=tuple(writer.entries),
            totals=tuple(total for one in copied for total in one.totals),
            faults=tuple(fault for one in copied for fault in one.faults),
        )
        writer.add_text(MANIFEST, manifest.model_dump_json())
    lake.close()
    _note_hashes(engine, {id_: digest for one in copied for id_, digest in one.hashes.items()})
    return Made(file, writer.sha256, file.stat().st_size, header, manifest)


def _header(taken: Snapshot, config: Config) -> BackupHeader:
    others = sum(path.stat().st_size for _, path in taken.others)
    return BackupHeader(
        format=FORMAT,
        version=__version__,
        schema_revision=taken.schema_revision,
        installation_id=taken.installation_id,
        created_at=utc_now(),
        database=taken.kind,
        secret_key_fingerprint=secrets.fingerprint(config.secret_key),
        sealed=taken.sealed,
        bytes_needed=taken.unpacked_bytes + others + sum(one.size_bytes for one in taken.files),
        files=len(taken.files) + len(taken.others) + len(taken.databases),
    )


def _copy(
    writer: ArchiveWriter, lake: LakeEngine, delivery: CopiedDelivery, progress: _Progress
) -> _Copied:
    """Copy a delivery's files and add its charges up.

    One that is damaged is said, and the rest goes on: a backup without the others would be none.
    """
    hashes, faults = {}, []
    for file in delivery.files:
        fault, digest = _copy_file(writer, lake.path(file.path), file, progress)
        if fault:
            faults.append(fault)
        elif file.sha256 is None:
            hashes[file.id] = digest
    if faults:
        return _Copied([], hashes, faults)
    try:
        sums = totals.add_up(lake, delivery.organization_id, delivery.id, delivery.charges)
    except Exception as error:  # DuckDB's own, of a file that was damaged before it had a hash
        reason = " ".join(str(error).split())[:200]
        return _Copied([], {}, [f"The charges of delivery {delivery.id} cannot be read: {reason}"])
    return _Copied(sums, hashes, [])


def _copy_file(
    writer: ArchiveWriter, path: Path, file: LakeFile, progress: _Progress
) -> tuple[str, str]:
    """Copy one file; return what is wrong with it, or nothing, and its hash."""
    if fault := _fault_at(path):
        return f"The file {file.path} {fault}", ""
    entry = writer.add(f"{LAKE}{file.path}", path, progress.add)
    if entry.size_bytes != file.size_bytes or file.sha256 not in (None, entry.sha256):
        return f"The file {file.path} was altered", entry.sha256
    return "", entry.sha256


def _fault_at(path: Path) -> str:
    """Say why a file cannot be copied; nothing where it can."""
    try:
        if not path.is_file():
            return "is missing" if not path.exists() else "is no file"
        with path.open("rb"):
            return ""
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"


def _note_hashes(engine: Engine, hashes: dict[str, str]) -> None:
    """Keep the hashes of files that were delivered before hashes were kept."""
    items = list(hashes.items())
    for start in range(0, len(items), AT_ONCE):
        with Session(engine) as session, writing(session):
            for file_id, digest in items[start : start + AT_ONCE]:
                session.execute(
                    update(DeliveryFile)
                    .where(DeliveryFile.id == file_id, DeliveryFile.sha256.is_(None))
                    .values(sha256=digest)
                )


class _Progress:
    """Says how much is copied, at every tenth."""

    def __init__(self, whole: int, say: Say) -> None:
        self._whole, self._say = max(whole, 1), say
        self._done, self._tenths = 0, 0

    def add(self, size: int) -> None:
        self._done += size
        tenths = min(self._done * 10 // self._whole, 10)
        if tenths > self._tenths and self._whole > 10 * archive.CHUNK:
            self._tenths = tenths
            self._say(f"{tenths * 10}% of {in_words(self._whole)}")


@contextmanager
def _scratch(config: Config) -> Iterator[Path]:
    """Make a folder for the copied database; the sweep takes what a killed backup leaves."""
    folder = config.temp_dir / EXPORTS / f"backup-{new_id()}"
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _require_place(file: Path, config: Config) -> None:
    """Return where ``file`` can be written, is kept, and nothing of another kind is lost."""
    for folder in (config.lake_dir, config.uploads_dir, config.temp_dir):
        if file.parent.resolve().is_relative_to(folder.resolve()):
            raise Conflict(f"{folder} is kept tidy by Cost Optix itself: name another folder.")
    if not file.parent.is_dir():
        raise Conflict(f"The folder {file.parent} is not there: make it first.")
    if not file.exists():
        return
    is_backup = False
    if file.is_file():
        try:
            with tarfile.open(file, "r:") as tar:
                first = tar.next()
                is_backup = first is not None and first.name == HEADER
        except (tarfile.TarError, OSError, EOFError):
            is_backup = False
    if not is_backup:
        raise Conflict(f"{file} is there and is not a backup: name another file.")


def _require_room_for_databases(config: Config, folder: Path) -> None:
    files = (sqlite.file_of(config.database_url), sqlite.file_of(config.quota_url))
    _require_room(folder, sum(file.stat().st_size for file in files if file and file.exists()))


def _require_room(folder: Path, size: int) -> None:
    if shutil.disk_usage(folder).free < size:
        raise NoSpace(_full(folder, size))


def _full(folder: Path, size: int | None) -> str:
    free = shutil.disk_usage(folder).free
    needed = "" if size is None else f" The backup needs about {in_words(size)}."
    return f"There is too little space in {folder}: {in_words(free)} are free.{needed}"


def in_words(size: int) -> str:
    """Write a number of bytes for people."""
    if size < 1000:
        return f"{size} bytes"
    power = min((len(str(size)) - 1) // 3, 4)
    return f"{size / 1000**power:.1f} {('KB', 'MB', 'GB', 'TB')[power - 1]}"
