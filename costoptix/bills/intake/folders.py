"""A folder of bills as deliveries: by its manifests, else by where the files lie.

With a manifest anywhere in it, a folder holds what complete manifests name, and nothing else: a
part that none of them names is of another delivery. Without one, a file that lies directly in the
folder is a delivery of its own, and all files of one subfolder, however deep, are the parts of one.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from costoptix.bills.intake.receive import Sent
from costoptix.bills.read import manifests
from costoptix.errors import Invalid

UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".gstmp")
"""How tools name files that are still on their way."""


@dataclass(frozen=True)
class Drop:
    """The files of one delivery, in order."""

    path: str  # of the manifest, the folder or the file, within the root; "" of files together
    files: tuple[Path, ...]
    delivered_at: datetime | None = None  # by the manifest
    row_count: int | None = None  # by the manifest
    export: str | None = None  # by the manifest

    @property
    def appearance(self) -> str:
        """Return a digest of names, sizes and times: while it stays, the files are the same."""
        seen = [(str(file), (stat := file.stat()).st_size, stat.st_mtime_ns) for file in self.files]
        return hashlib.sha256(repr(seen).encode()).hexdigest()

    @property
    def options(self) -> dict[str, str | int]:
        """Return what the import is told: when the delivery was made, its rows, its export."""
        options: dict[str, str | int] = {}
        if self.delivered_at is not None:
            options["delivered_at"] = self.delivered_at.astimezone(UTC).isoformat()
        if self.row_count is not None:
            options["row_count"] = self.row_count
        if self.export is not None:
            options["export"] = self.export
        return options

    @contextmanager
    def opened(self) -> Iterator[list[Sent]]:
        """Hold the files ready to be received; each is open only while it is read."""
        streams = [OpenedLate(file) for file in self.files]
        try:
            yield [
                Sent(stream, file.name) for stream, file in zip(streams, self.files, strict=True)
            ]
        finally:
            for stream in streams:
                stream.close()


class OpenedLate:
    """A file that is opened at the first read and closed at its end: of many, one is open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes; none at the end."""
        if self._file is None:
            self._file = self._path.open("rb")
        block = self._file.read(size)
        if not block:
            self.close()
        return block

    def close(self) -> None:
        """Close the file if it is open."""
        if self._file is not None:
            self._file.close()


def find_drops(root: Path) -> list[Drop]:
    """Return the deliveries that lie in a folder, oldest first; incomplete ones are left out."""
    files = list(_bills(root))
    named = [file for file in files if manifests.is_manifest(file.name)]
    drops = list(_by_manifest(named, root)) if named else list(_by_place(files, root))
    return sorted(drops, key=lambda drop: (drop.delivered_at or _EPOCH, drop.path))


_EPOCH = datetime.fromtimestamp(0, UTC)


def _bills(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and not name.lower().endswith(UNFINISHED):
                yield Path(folder, name)


def drops_of(paths: Sequence[Path]) -> list[Drop]:
    """Return what is meant by files and folders that are named together.

    All files are one drop, without a name, of which each kind of file is a delivery. A folder is
    one delivery, or those that its manifests name.

    Raises:
        Invalid: a folder is empty, or its manifests name files that are not there.
    """
    files = tuple(path for path in paths if not path.is_dir())
    drops = [drop for path in paths if path.is_dir() for drop in _deliveries_of(path)]
    return [Drop("", files), *drops] if files else drops


def _deliveries_of(folder: Path) -> list[Drop]:
    files = tuple(_bills(folder))
    if not any(manifests.is_manifest(file.name) for file in files):
        if not files:
            raise Invalid(f"{folder}: the folder is empty.")
        return [Drop(folder.resolve().name, files)]
    drops = find_drops(folder)
    if not drops:
        raise Invalid(f"{folder}: files that its manifest names are missing or not whole.")
    return drops


def _by_manifest(found: Iterable[Path], root: Path) -> Iterator[Drop]:
    known: set[tuple[Path, ...]] = set()
    for path in found:
        drop = read_manifest(path, root)
        if drop is not None and drop.files not in known:  # AWS writes a manifest twice
            known.add(drop.files)
            yield drop


def read_manifest(path: Path, root: Path) -> Drop | None:
    """Return the delivery that a manifest names; None when it or a file of it is not whole."""
    if path.stat().st_size > manifests.MAX_BYTES:
        return None
    try:
        said = manifests.parse(path.read_bytes())
    except Invalid:
        return None
    files = [manifests.locate(file, path, root) for file in said.files]
    whole = tuple(file for file in files if file is not None)
    if len(whole) < len(files):
        return None
    written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    name, instant = str(path.relative_to(root)), said.delivered_at or written_at
    return Drop(name, whole, instant, said.row_count, said.export)


def _by_place(files: Iterable[Path], root: Path) -> Iterator[Drop]:
    by_folder: defaultdict[str, list[Path]] = defaultdict(list)
    for file in files:
        folder, *deeper = file.relative_to(root).parts
        if deeper:
            by_folder[folder].append(file)
        else:
            yield Drop(file.name, (file,))
    for folder, parts in by_folder.items():
        yield Drop(folder, tuple(parts))
