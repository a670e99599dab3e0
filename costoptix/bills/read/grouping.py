"""Which of several files are the parts of one delivery: those of one format and version of it.

Their headers may differ: a bill gets columns in mid-month.

Read in a child process (``child.py``) before anything is known of the files; no more of them than
their header, and nothing is stored.
"""

from __future__ import annotations

import itertools
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from costoptix.bills.formats import Header, Options
from costoptix.bills.read import archives, engine, manifests, members, recognize
from costoptix.bills.read.container import CHUNK_BYTES, Container, TextReader, detect
from costoptix.bills.read.csv_pieces import TextPieces
from costoptix.bills.read.json_lines import is_json
from costoptix.bills.read.json_objects import members as members_of
from costoptix.bills.read.json_objects import objects
from costoptix.bills.read.parquet_pieces import ParquetPieces
from costoptix.errors import Invalid, NoSpace, is_full_disk

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Key = tuple[str, ...]
"""A format's family and title, and whether a file is of JSON lines."""

NO_SPACE = "There is no space left to look into the files: free some, then send them again."
_PEEKED_BYTES = 2 * CHUNK_BYTES
_PEEKED_OBJECTS = 1_000
_ANY_CURRENCY = Options(currency="XXX")


def group(files: Sequence[Path], scratch: Path, encoding: str | None = None) -> list[list[int]]:
    """Return the numbers of the files (from 0) that belong together, by their first file.

    What cannot be read or recognised, and a zip with a manifest or of different files, is alone.

    Raises:
        NoSpace: the disk is full.
    """
    groups: defaultdict[Key | int, list[int]] = defaultdict(list)
    connection = engine.connect(scratch / "spill")
    look = _Look(scratch, connection, encoding)
    try:
        for number, file in enumerate(files):
            groups[_key(file, look) or number].append(number)
    finally:
        connection.close()
    return list(groups.values())


@dataclass(frozen=True)
class _Look:
    """What a look into a file needs."""

    scratch: Path
    connection: DuckDBPyConnection
    encoding: str | None


def _key(file: Path, look: _Look) -> Key | None:
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


def _key_of_file(file: Path, look: _Look) -> Key:
    if detect(file) is Container.PARQUET:
        return _key_of_header(ParquetPieces(file, look.connection).header)
    if is_json(file, look.encoding):
        family, *_ = _key_of_header(_json_header(file, look.encoding))
        return family, "JSON lines"  # a member may be missing in one file and not in another
    return _key_of_header(TextPieces(file, look.scratch, encoding=look.encoding).header)


def _key_of_header(header: Header) -> Key:
    format_ = recognize.recognize(header, _ANY_CURRENCY)
    return format_.family, format_.title(header)


def _json_header(file: Path, encoding: str | None) -> Header:
    """Return the members of the first objects; the last of them may be cut off."""
    names: dict[str, None] = {}
    try:
        for _, text in itertools.islice(objects(TextReader(file, encoding)), _PEEKED_OBJECTS):
            names.update(dict.fromkeys(members_of(text)))
    except (Invalid, ValueError) as error:
        if not names:
            raise Invalid("This is not a file of JSON objects.") from error
    return Header(tuple(names))


def _key_of_zip(file: Path, look: _Look) -> Key | None:
    path = look.scratch / "member"
    keys = set()
    try:
        with archives.opened(file) as archive:
            shown = archives.shown(archive)
            if any(manifests.is_manifest(Path(member.filename).name) for member in shown):
                return None
            for member in shown[: archives.MAX_MEMBERS]:
                _peek(archive, member, path)
                if path.stat().st_size:
                    keys.add(_key_of_file(path, look))
    finally:
        path.unlink(missing_ok=True)
    return keys.pop() if len(keys) == 1 else None


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
