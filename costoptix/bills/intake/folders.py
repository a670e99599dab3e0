"""A folder of bills as deliveries: by its manifests, else by where the files lie.

With a manifest anywhere in it, a folder holds what complete manifests name, and nothing else: a
part that none of them names is of another delivery. Without one, a file that lies directly in the
folder is a delivery of its own, and all files of one subfolder, however deep, are the parts of one.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from costoptix.bills.intake.receive import Sent
from costoptix.bills.intake.tree import Changed, File, Folder, Unreadable, reason, shown
from costoptix.bills.read import manifests
from costoptix.errors import Invalid

UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".gstmp")
"""How tools name files that are still on their way."""


@dataclass(frozen=True)
class GivenFile:
    """A file that a person names: it is read whatever it is, also a pipe or behind a link."""

    path: Path

    @property
    def name(self) -> str:
        """Return its last name."""
        return self.path.name

    def open(self) -> BinaryIO:
        """Open it.

        Raises:
            Unreadable: it cannot be opened.
        """
        try:
            return self.path.open("rb")
        except OSError as error:
            raise Unreadable(f"{self.path}: {error.strerror}.") from error


@dataclass(frozen=True)
class FolderDelivery:
    """The files of one delivery, in order."""

    path: str  # of the manifest, the folder or the file, within the root; "" of files together
    files: tuple[File, ...] | tuple[GivenFile, ...]
    delivered_at: datetime | None = None  # by the manifest
    row_count: int | None = None  # by the manifest
    export: str | None = None  # by the manifest

    @property
    def appearance(self) -> str:
        """Return a digest of names, sizes and times: while it stays, the files are the same."""
        looks = [file.appearance for file in self.files if isinstance(file, File)]
        return hashlib.sha256(repr(looks).encode(errors="surrogateescape")).hexdigest()

    @property
    def options(self) -> dict[str, str | int]:
        """Return what the import is given: when the delivery was made, its rows, its export.

        And whether files that are no bills may be among its own, as in a folder without a manifest.
        """
        options: dict[str, str | int] = {}
        if self.delivered_at is not None:
            options["delivered_at"] = self.delivered_at.astimezone(UTC).isoformat()
        if self.row_count is not None:
            options["row_count"] = self.row_count
        if self.export is not None:
            options["export"] = self.export
        if self.path and self.delivered_at is None and len(self.files) > 1:
            options["may_hold_others"] = True
        return options

    @contextmanager
    def opened(self) -> Iterator[list[Sent]]:
        """Hold the files ready to be received; each is open only while it is read."""
        streams = [OpenedLate(file) for file in self.files]
        try:
            yield [Sent(stream, stream.name) for stream in streams]
        finally:
            for stream in streams:
                stream.close()


class OpenedLate:
    """A file that is opened at the first read and closed at its end: of many, one is open."""

    def __init__(self, source: File | GivenFile) -> None:
        self._source = source
        self.name = source.name
        self._file: BinaryIO | None = None

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes; none at the end.

        Raises:
            Changed: the file is another than was listed.
            Unreadable: it cannot be read.
        """
        try:
            if self._file is None:
                self._file = self._source.open()
            block = self._file.read(size)
        except OSError as error:
            raise Unreadable(reason(error)) from error
        if not block:
            self.close()
        return block

    def close(self) -> None:
        """Close the file if it is open."""
        if self._file is not None:
            self._file.close()


def find_deliveries(listed: Iterable[File]) -> list[FolderDelivery]:
    """Return the deliveries among the files of a folder, oldest first.

    Incomplete ones and files that are still on their way are left out.
    """
    files = [file for file in listed if not file.name.lower().endswith(UNFINISHED)]
    named = [file for file in files if manifests.is_manifest(file.name)]
    deliveries = list(_by_manifest(named, files)) if named else list(_by_place(files))
    return sorted(deliveries, key=lambda delivery: (delivery.delivered_at or _EPOCH, delivery.path))


_EPOCH = datetime.fromtimestamp(0, UTC)


def deliveries_of(paths: Sequence[Path]) -> list[FolderDelivery]:
    """Return what is meant by files and folders that are named together.

    All files together have no name, and each kind of file among them is a delivery. A folder is
    one delivery, or those that its manifests name.

    Raises:
        Invalid: a folder is empty, holds what cannot be read, or its manifests name files that are
            not there.
    """
    files = tuple(GivenFile(path) for path in paths if not path.is_dir())
    deliveries = [delivery for path in paths if path.is_dir() for delivery in _deliveries_in(path)]
    return [FolderDelivery("", files), *deliveries] if files else deliveries


def _deliveries_in(folder: Path) -> list[FolderDelivery]:
    listing = Folder(folder.absolute()).listing()
    for path, sentence in listing.unreadable.items():
        raise Invalid(f"{shown(str(folder / path))}: {sentence}")
    files = tuple(f for f in listing.files if not f.name.lower().endswith(UNFINISHED))
    if not any(manifests.is_manifest(file.name) for file in files):
        if not files:
            raise Invalid(f"{folder}: the folder is empty.")
        return [FolderDelivery(folder.resolve().name, files)]
    deliveries = find_deliveries(files)
    if not deliveries:
        raise Invalid(f"{folder}: files that its manifest names are missing or not whole.")
    return deliveries


def _by_manifest(named: Iterable[File], files: Iterable[File]) -> Iterator[FolderDelivery]:
    by_path = {str(file.path): file for file in files}
    seen: set[object] = set()
    for file in named:
        delivery = read_manifest(file, by_path)
        if delivery is not None and delivery.files not in seen:  # AWS writes a manifest twice
            seen.add(delivery.files)
            yield delivery


def read_manifest(file: File, by_path: Mapping[str, File]) -> FolderDelivery | None:
    """Return the delivery that a manifest names; None when it or a file of it is not whole."""
    if file.size_bytes > manifests.MAX_BYTES:
        return None
    try:
        with file.open() as content:
            manifest = manifests.parse(content.read())
    except (Invalid, Changed, Unreadable, OSError):
        return None
    located = manifests.locate(manifest.files, str(file.path), by_path)
    parts = tuple(by_path[path] for path in located.values() if path is not None)
    if not _are_whole(located, by_path):
        return None
    written_at = datetime.fromtimestamp(file.modified_ns / 1e9, UTC)
    instant = manifest.delivered_at or written_at
    return FolderDelivery(str(file.path), parts, instant, manifest.row_count, manifest.export)


def _are_whole(
    located: Mapping[manifests.NamedFile, str | None], by_path: Mapping[str, File]
) -> bool:
    return all(
        path is not None and named.size_bytes in (None, by_path[path].size_bytes)
        for named, path in located.items()
    )


def _by_place(files: Iterable[File]) -> Iterator[FolderDelivery]:
    by_folder: defaultdict[str, list[File]] = defaultdict(list)
    for file in files:
        folder, *deeper = file.path.parts
        if deeper:
            by_folder[folder].append(file)
        else:
            yield FolderDelivery(file.name, (file,))
    for folder, parts in by_folder.items():
        yield FolderDelivery(folder, tuple(parts))
