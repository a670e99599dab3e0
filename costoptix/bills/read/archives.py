"""The files of one delivery: several files, or the members of a zip.

Several files are a folder of the uploads: files named ``0``, ``1`` … and ``NAMES``, which holds
their names as they were sent.
"""

from __future__ import annotations

import contextlib
import errno
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import orjson

from costoptix.bills.read import manifests
from costoptix.bills.read.container import MAX_RATIO, MIN_ALLOWANCE, Container, NoBill, detect
from costoptix.bills.read.manifests import Manifest
from costoptix.bills.read.members import ArchiveFile, TooManyMembers, blocks
from costoptix.errors import Invalid

NAMES = "names.json"
HIDDEN = "hidden"
MAX_MEMBERS = 1_000
MAX_ENTRIES = 10 * MAX_MEMBERS  # folders and hidden files among them
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, UnicodeDecodeError, NotImplementedError,
    RuntimeError, EOFError,
)  # fmt: skip
"""What a zip raises that is damaged, encrypted or of a kind that is not read."""
MAX_PACKED_TWICE = 4
"""How much smaller a zip makes a gzip file, at most: what was packed once does not shrink again."""


@dataclass(frozen=True)
class DeliveryPart:
    """One file to read, and its name for people."""

    path: Path
    name: str
    manifest: Manifest | None = None  # of its zip
    is_unnamed: bool = False  # one of a zip or folder in which no manifest says what is a bill
    other: str | None = None  # what it is instead of a bill: it is not read


def expand(source: Path, folder: Path, *, may_hold_others: bool = False) -> list[DeliveryPart]:
    """Return the files that ``source`` is or holds; zips are unpacked into ``folder``.

    Of zips these are also files that are no bills, as far as that is to be seen so early.

    Raises:
        Invalid: a zip is damaged, unpacks to too much or holds another archive.
    """
    if not source.is_dir():
        return list(_members(DeliveryPart(source, source.name), folder))
    names = orjson.loads((source / NAMES).read_bytes())
    sent = [
        DeliveryPart(source / str(number), name, is_unnamed=may_hold_others)
        for number, name in enumerate(names)
    ]
    return [part for file in sent for part in _members(file, folder)]


def _members(file: DeliveryPart, folder: Path) -> Iterator[DeliveryPart]:
    try:
        container = detect(file.path)
    except NoBill as error:
        if not file.is_unnamed:
            raise
        yield replace(file, other=error.kind)
        return
    if container is not Container.ZIP:
        yield file
        return
    target = folder / "members"
    target.mkdir(exist_ok=True)
    with opened(file.path) as archive:
        yield from _unpack(archive, file.path.stat().st_size, target)


@contextlib.contextmanager
def opened(zip_file: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive for the block.

    Raises:
        Invalid: it is damaged, which may be seen only while it is read.
    """
    try:
        with ArchiveFile(zip_file) as file, zipfile.ZipFile(file) as archive:
            yield archive
    except TooManyMembers as error:
        raise Invalid(
            f"The zip archive holds too many files: at most {MAX_MEMBERS} are read."
        ) from error
    except (*_UNREADABLE, OSError) as error:
        # An archive may say that a member lies before its start: an invalid argument. bzip2 says
        # of what it cannot read that it is an OSError, which is none of the system's.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise Invalid(
            "The zip archive is damaged, encrypted or of a kind that is not read."
        ) from error


def _unpack(archive: zipfile.ZipFile, size: int, target: Path) -> Iterator[DeliveryPart]:
    members, manifest = _bills(archive)
    if len(members) > MAX_MEMBERS:
        raise Invalid(
            f"The zip archive holds {len(members)} files; at most {MAX_MEMBERS} are read."
        )
    yield from _left_out(archive, members)
    left = allowance(size)
    for member in members:
        # A path in a member's name is for people only; the file gets a name of ours.
        path = target / str(sum(1 for _ in target.iterdir()))
        left -= unpack(archive, member, path, left)
        try:
            container = detect(path)
        except NoBill as error:
            if manifest is not None and path.stat().st_size:
                raise
            yield DeliveryPart(path, member.filename, other=error.kind)
            continue
        if container is Container.ZIP:
            raise Invalid(
                f"The zip archive holds another archive, {member.filename}: send the files in it."
            )
        _refuse_packed_twice(path, member)
        yield DeliveryPart(path, member.filename, manifest, is_unnamed=manifest is None)


def _left_out(
    archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo]
) -> Iterator[DeliveryPart]:
    """Yield the files of a zip that are hidden, or that its manifest does not name."""
    paths = {member.filename for member in members}
    for entry in archive.infolist():
        if entry.filename in paths or entry.filename.endswith("/"):
            continue
        if not _is_shown(entry):
            yield DeliveryPart(Path(), entry.filename, other=HIDDEN)
        elif not manifests.is_manifest(PurePosixPath(_path(entry)).name):
            yield DeliveryPart(Path(), entry.filename, other="not named by the manifest")


def _refuse_packed_twice(path: Path, member: zipfile.ZipInfo) -> None:
    """Refuse a gzip file that shrinks again in a zip: the allowances of both would multiply."""
    size, most = path.stat().st_size, MAX_PACKED_TWICE * max(member.compress_size, 1 << 10)
    if size > most and detect(path) is Container.GZIP:
        raise Invalid(f"The zip archive unpacks to more than {MAX_RATIO} times its size.")


def allowance(size: int) -> int:
    """Return how many bytes a zip of this size may unpack to."""
    return max(MIN_ALLOWANCE, MAX_RATIO * size)


def unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, most: int) -> int:
    """Unpack a member into a new file and return its size.

    Raises:
        Invalid: it has more than ``most`` bytes.
    """
    written = 0
    with path.open("xb") as file:
        for block in blocks(archive, member):
            written += len(block)
            if written > most:
                raise Invalid(f"The zip archive unpacks to more than {MAX_RATIO} times its size.")
            file.write(block)
    return written


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return a manifest, whatever size the directory says that it has.

    Raises:
        Invalid: it is larger than a manifest may be.
    """
    content = bytearray()
    for block in blocks(archive, member):
        content += block
        if len(content) > manifests.MAX_BYTES:
            raise Invalid("The manifest in the zip archive is too large.")
    return bytes(content)


def _bills(archive: zipfile.ZipFile) -> tuple[list[zipfile.ZipInfo], Manifest | None]:
    """Return the members that are billing files: what the manifest names, if there is one.

    Raises:
        Invalid: the manifest cannot be read or names a file that is missing; there are manifests
            of several deliveries, two files of one name, or far too many.
    """
    all_shown = shown(archive)
    members = {_path(member): member for member in all_shown}
    if len(members) < len(all_shown):
        raise Invalid("The zip archive holds two files of the same name: send them apart.")
    manifest_paths = [path for path in members if manifests.is_manifest(PurePosixPath(path).name)]
    if not manifest_paths:
        return list(members.values()), None
    # AWS writes a manifest twice.
    named = dict(_named(archive, members[path], members) for path in manifest_paths)
    if len(named) > 1:
        raise Invalid("The zip archive holds several deliveries: send them one by one.")
    paths, manifest = named.popitem()
    return [members[path] for path in paths], manifest


def _named(
    archive: zipfile.ZipFile, manifest: zipfile.ZipInfo, members: Mapping[str, zipfile.ZipInfo]
) -> tuple[tuple[str, ...], Manifest]:
    """Return the paths of the members that a manifest names, and what it says."""
    parsed = manifests.parse(_content(archive, manifest))
    named = []
    for file, path in manifests.locate(parsed.files, _path(manifest), members).items():
        if path is None:
            raise Invalid(f"The manifest names {file.key}, which is not in the zip archive.")
        if file.size_bytes not in (None, members[path].file_size):
            raise Invalid(f"The zip archive does not hold all of {file.key}, by its manifest.")
        named.append(path)
    return tuple(named), parsed


def _path(member: zipfile.ZipInfo) -> str:
    return member.filename.replace("\\", "/")


def shown(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the members that are files and not hidden.

    Raises:
        Invalid: there are far too many.
    """
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise Invalid(
            f"The zip archive holds {len(entries)} files; at most {MAX_MEMBERS} are read."
        )
    return [member for member in entries if _is_shown(member)]


def _is_shown(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(_path(member))
    is_folder = member.filename.endswith("/")  # is_dir() fails on an empty name
    return not (is_folder or path.name.startswith(".") or "__MACOSX" in path.parts)
