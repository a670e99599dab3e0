"""What lies below a folder: its regular files, found and opened without following a link.

Each folder and file is opened by its name within the folder that holds it, which is open already,
and never through a link: what is swapped for one between the look and the opening is not read.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

MAX_FILES = 200_000
MAX_DEPTH = 32
MAX_UNREADABLE = 100
"""Of what is not read in one folder, so much is named; the rest is counted."""
MAX_SHOWN = 600
"""Characters of a path: of longer ones the end is a digest. An index takes 2,700 bytes."""

LINK = "This is a link, and links are not followed: put the file itself in its place."
_DEVICE = "This is a device and not a file: remove it."
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISLNK, LINK),
    (stat.S_ISFIFO, "This is a pipe and not a file: remove it."),
    (stat.S_ISSOCK, "This is a socket and not a file: remove it."),
    (stat.S_ISCHR, _DEVICE),
    (stat.S_ISBLK, _DEVICE),
)
_HERE = PurePosixPath()
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Without O_NONBLOCK, to open a pipe waits until somebody writes to it."""


class Unreadable(Exception):
    """A file cannot be read now; the sentence says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Changed(Exception):
    """A file is not the one that was listed: somebody is at work in the folder."""


@dataclass(frozen=True)
class File:
    """A regular file as it was listed."""

    folder: Folder
    path: PurePosixPath  # below the folder
    size_bytes: int
    modified_ns: int
    number: tuple[int, int]  # of its device, and its own there

    @property
    def name(self) -> str:
        """Return its last name."""
        return self.path.name

    @property
    def appearance(self) -> tuple[str, int, int]:
        """Return what stays while the file is the same."""
        return str(self.folder.path / self.path), self.size_bytes, self.modified_ns

    def open(self) -> BinaryIO:
        """Open this file, and no other that has come to its place.

        Raises:
            Changed: it is another by now.
            Unreadable: it cannot be opened.
        """
        try:
            with self.folder.opened(self.path.parent) as parent:
                descriptor = os.open(self.path.name, _FILE, dir_fd=parent)
        except OSError as error:
            if isinstance(error, FileNotFoundError | NotADirectoryError):
                raise Changed from error
            raise Unreadable(reason(error)) from error
        now = os.fstat(descriptor)
        if not stat.S_ISREG(now.st_mode) or self != _file(self.folder, self.path, now):
            os.close(descriptor)
            raise Changed
        return os.fdopen(descriptor, "rb")


@dataclass
class Listing:
    """What lies below a folder."""

    files: list[File] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)  # path below the folder → why
    unnamed: int = 0  # how many more cannot be read
    changed_at: float = 0.0  # the time of the newest change, by the file system's clock

    def refuse(self, path: PurePosixPath, sentence: str) -> None:
        """Note why something cannot be read."""
        if len(self.unreadable) < MAX_UNREADABLE:
            self.unreadable["" if path == _HERE else str(path)] = sentence
        else:
            self.unnamed += 1


@dataclass(frozen=True)
class Folder:
    """A folder ``below`` a trusted one; only on the way to ``root`` are links followed."""

    root: Path
    below: PurePosixPath = _HERE

    @property
    def path(self) -> Path:
        """Return where it lies."""
        return self.root / self.below

    @contextmanager
    def opened(self, inner: PurePosixPath = _HERE) -> Iterator[int]:
        """Hold a folder in it open for the block, as a descriptor.

        Raises:
            OSError: it cannot be opened, or is or lies behind a link.
        """
        descriptor = os.open(self.root, _FOLDER)
        try:
            for name in (self.below / inner).parts:
                deeper = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = deeper
            yield descriptor
        finally:
            os.close(descriptor)

    def entries(self) -> dict[str, os.stat_result]:
        """Return what lies directly in it, by name.

        Raises:
            OSError: it cannot be opened.
        """
        return dict(self._entries(_HERE, Listing()))

    def listing(self) -> Listing:
        """List the files below it; what cannot be read is noted, and nothing is raised.

        Hidden files are not listed, and hidden folders not looked into.
        """
        listing, folders = Listing(), [_HERE]
        while folders:
            folder = folders.pop()
            try:
                for name, entry in self._entries(folder, listing):
                    listing.changed_at = max(listing.changed_at, entry.st_ctime)
                    if not name.startswith("."):
                        self._take(listing, folder / name, entry, folders)
            except OSError as error:
                listing.refuse(folder, reason(error))
            if len(folder.parts) > MAX_DEPTH or len(listing.files) > MAX_FILES:
                return _too_much(listing)
        listing.files.sort(key=_place)
        return listing

    def _entries(
        self, folder: PurePosixPath, listing: Listing
    ) -> Iterator[tuple[str, os.stat_result]]:
        with self.opened(folder) as descriptor:
            with os.scandir(descriptor) as entries:
                for entry in entries:
                    try:
                        yield entry.name, entry.stat(follow_symlinks=False)
                    except OSError as error:  # it is gone again, or the file system is at fault
                        listing.refuse(folder / entry.name, reason(error))
            # Asked last: who removes a file meanwhile is at work in the folder.
            listing.changed_at = max(listing.changed_at, os.fstat(descriptor).st_ctime)

    def _take(
        self,
        listing: Listing,
        path: PurePosixPath,
        entry: os.stat_result,
        folders: list[PurePosixPath],
    ) -> None:
        if stat.S_ISDIR(entry.st_mode):
            folders.append(path)
        elif stat.S_ISREG(entry.st_mode):
            listing.files.append(_file(self, path, entry))
        else:
            listing.refuse(path, refusal(entry) or _DEVICE)


def refusal(entry: os.stat_result) -> str | None:
    """Say why something is not read; None of a regular file or a folder."""
    return next((sentence for is_kind, sentence in _KINDS if is_kind(entry.st_mode)), None)


def reason(error: OSError) -> str:
    """Say why a file or folder cannot be read."""
    return f"This cannot be read: {error.strerror or 'the system does not say why'}."


def shown(path: str) -> str:
    """Return a path with what could disturb a page, a log or a database written as escapes.

    Two paths are never shown alike: a backslash is written twice.
    """
    text = "".join(c if c.isprintable() and c != "\\" else _escaped(c) for c in path)
    if len(text) <= MAX_SHOWN:
        return text
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()
    return f"{text[: MAX_SHOWN - len(digest) - 1]}…{digest}"


_BYTES = range(0xDC80, 0xDD00)
"""How Python writes bytes that are not UTF-8."""


def _escaped(character: str) -> str:
    if ord(character) in _BYTES:
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode()


def _file(folder: Folder, path: PurePosixPath, entry: os.stat_result) -> File:
    return File(folder, path, entry.st_size, entry.st_mtime_ns, (entry.st_dev, entry.st_ino))


def _place(file: File) -> list[tuple[bool, str]]:
    """Sort by name, the files of a folder before those of folders in it."""
    *folders, name = file.path.parts
    return [(True, folder) for folder in folders] + [(False, name)]


def _too_much(listing: Listing) -> Listing:
    """Take nothing of a folder that is listed in part: a delivery might lack its other parts."""
    sentence = (
        f"The folder has more than {MAX_FILES:,} files, or folders in folders {MAX_DEPTH} deep: "
        "remove what is old."
    )
    return Listing(unreadable={"": sentence}, changed_at=listing.changed_at)
