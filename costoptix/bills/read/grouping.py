"""Which of several files are the parts of one delivery: those of one format and version of it.

Their headers may differ: a bill gets columns in mid-month.

Read in a child process (``child.py``) before anything is known of the files; no more of them than
their header, and nothing is stored.
"""

from __future__ import annotations

import zipfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from costoptix.bills.read import archives, contents, engine, manifests, members, recognize
from costoptix.bills.read.container import CHUNK_BYTES, Container, NoBill, detect
from costoptix.bills.read.contents import Look
from costoptix.bills.read.json_lines import is_json
from costoptix.errors import Invalid, NoSpace, is_full_disk

Key = tuple[str, ...]
"""A format's family and title, and whether a file is of JSON lines."""

NO_SPACE = "There is no space left to look into the files: free some, then send them again."
_PEEKED_BYTES = 2 * CHUNK_BYTES


def group(files: Sequence[Path], scratch: Path, encoding: str | None = None) -> list[list[int]]:
    """Return the numbers of the files (from 0) that belong together, by their first file.

    What cannot be read or recognised, and a zip with a manifest or of different files, is alone.

    Raises:
        NoSpace: the disk is full.
    """
    groups: defaultdict[Key | int, list[int]] = defaultdict(list)
    connection = engine.connect(scratch / "spill")
    look = Look(scratch, connection, encoding)
    try:
        for number, file in enumerate(files):
            groups[_key(file, look) or number].append(number)
    finally:
        connection.close()
    return list(groups.values())


def _key(file: Path, look: Look) -> Key | None:
    try:
        if detect(file) is Container.ZIP:
            return _key_of_zip(file, look)
        return _key_of_file(file, look)
    except (Invalid, MemoryError) as error:
        if error.__cause__ is not None and is_full_disk(error.__cause__):
            raise NoSpace(NO_SPACE) from error
        return None  # its import says why
    except OSError as error:
        if is_full_disk(error):
            raise NoSpace(NO_SPACE) from error
        raise


def _key_of_file(file: Path, look: Look) -> Key:
    is_parquet = detect(file) is Container.PARQUET
    header = contents.header_of(file, look)
    format_ = recognize.recognize(header, contents.ANY_CURRENCY)
    if not is_parquet and is_json(file, look.encoding):
        # A member may be missing in one file and not in another.
        return format_.family, "JSON lines"
    return format_.family, format_.title(header)


def _key_of_zip(file: Path, look: Look) -> Key | None:
    path = look.scratch / "member"
    keys = set()
    try:
        with archives.opened(file) as archive:
            shown = archives.shown(archive)
            if any(manifests.is_manifest(Path(member.filename).name) for member in shown):
                return None
            for member in shown[: archives.MAX_MEMBERS]:
                _peek(archive, member, path)
                if (key := _key_of_member(path, look)) is not None:
                    keys.add(key)
    finally:
        path.unlink(missing_ok=True)
    return keys.pop() if len(keys) == 1 else None


def _key_of_member(path: Path, look: Look) -> Key | None:
    """Return the key of a member; None where it is no bill.

    Raises:
        Invalid: it may be one, and cannot be looked into.
    """
    try:
        return _key_of_file(path, look)
    except NoBill:
        return None
    except Invalid:
        if contents.may_be_bill(path, look):
            raise
        return None


def _peek(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    """Unpack the beginning of a member; of a Parquet file all, for its columns are at its end."""
    start = b""
    for block in members.blocks(archive, member):
        start += block
        if len(start) >= _PEEKED_BYTES:
            break
    path.write_bytes(start)
    if start.startswith(b"PAR1"):
        path.unlink()
        allowance = archives.allowance(Path(str(archive.filename)).stat().st_size)
        archives.unpack(archive, member, path, allowance)
