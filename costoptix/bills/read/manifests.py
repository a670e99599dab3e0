"""Manifests: what a cloud says that a delivery consists of, written after all of its files.

AWS: ``<export>-Manifest.json`` with ``dataFiles`` (Data Exports) or ``reportKeys`` (legacy CUR).
Azure: ``manifest.json`` or ``_manifest.json`` with ``blobs``. Keys are the names that the files
have in the bucket or container; a copy may begin anywhere below its root. They may be written as
in a URL: percent-encoded, ``+`` for a blank.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from urllib.parse import unquote, unquote_plus

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from costoptix.errors import Invalid

MAX_BYTES = 4 << 20
"""Of 10,000 files with keys of 300 characters each, a manifest has 3 MB."""
MAX_FILES = 10_000
_NAME = re.compile(r"(.*-|_)?manifest\.json", re.IGNORECASE)
_EXECUTED = re.compile(r"/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?)Z-")
"""AWS names the folder of each execution by its time, where it keeps them all."""


class _ManifestModel(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Blob(_ManifestModel):
    name: str = Field(alias="blobName")
    size_bytes: int | None = Field(None, alias="byteCount")


class _RunInfo(_ManifestModel):
    submitted_at: datetime | None = Field(None, alias="submittedTime")


class _Config(_ManifestModel):
    type: str | None = None


class _Document(_ManifestModel):
    report_keys: list[str] | None = Field(None, alias="reportKeys", max_length=MAX_FILES)
    data_files: list[str] | None = Field(None, alias="dataFiles", max_length=MAX_FILES)
    blobs: list[_Blob] | None = Field(None, max_length=MAX_FILES)
    row_count: int | None = Field(None, alias="dataRowCount")
    run: _RunInfo | None = Field(None, alias="runInfo")
    config: _Config | None = Field(None, alias="exportConfig")


@dataclass(frozen=True)
class NamedFile:
    """One file of a delivery: its key, and its size where the manifest says it."""

    key: str
    size_bytes: int | None = None


@dataclass(frozen=True)
class Manifest:
    """The files of one delivery, and what else is known of it."""

    files: tuple[NamedFile, ...]
    delivered_at: datetime | None
    row_count: int | None
    export: str | None  # its kind, as the manifest names it: ActualCost


def is_manifest(name: str) -> bool:
    """Tell by a file's name whether it is a manifest."""
    return _NAME.fullmatch(name) is not None


def parse(content: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        Invalid: it is none of AWS or Azure.
    """
    try:
        document = _Document.model_validate_json(content)
    except ValidationError as error:
        raise Invalid("The manifest cannot be read.") from error
    files = _files(document)
    if not files:
        raise Invalid("The manifest names no files.")
    export = None if document.config is None else document.config.type
    return Manifest(files, _delivered_at(document, files), document.row_count, export)


def _files(document: _Document) -> tuple[NamedFile, ...]:
    keys = document.report_keys or document.data_files
    if keys:
        files = [NamedFile(_without_bucket(key)) for key in keys]
    else:
        files = [NamedFile(blob.name, blob.size_bytes) for blob in document.blobs or ()]
    return tuple(dict.fromkeys(files))


def _without_bucket(key: str) -> str:
    """Return the key of ``s3://bucket/key``."""
    return key.partition("://")[2].partition("/")[2] if "://" in key else key


def _delivered_at(document: _Document, files: tuple[NamedFile, ...]) -> datetime | None:
    if document.run is not None and document.run.submitted_at is not None:
        instant = document.run.submitted_at
        return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    match = _EXECUTED.search("/" + unquote(files[0].key))
    return None if match is None else datetime.fromisoformat(match[1]).replace(tzinfo=UTC)


def locate(
    files: Sequence[NamedFile], manifest: str, paths: Container[str]
) -> dict[NamedFile, str | None]:
    """Find named files among the paths below a root, or beside their manifest; None without one.

    A path is of one name alone: what a second name would lead to is not there.
    """
    located: dict[NamedFile, str | None] = {}
    taken: set[str] = set()
    for file in files:
        path = next((path for path in _candidates(file.key, manifest) if path in paths), None)
        located[file] = None if path in taken else path
        if path is not None:
            taken.add(path)
    return located


def _candidates(key: str, manifest: str) -> Iterator[str]:
    """Yield where a file may be, the likeliest first: the longest end of its key, as it is written.

    Then the same of the key as text of a URL, and its name alone beside the manifest.
    """
    spellings = list(dict.fromkeys((key, unquote(key), unquote_plus(key))))
    by_spelling = [list(endings(spelling)) for spelling in spellings]
    for dropped in range(max(map(len, by_spelling))):
        yield from (ends[dropped] for ends in by_spelling if dropped < len(ends))
    beside = PurePosixPath(manifest).parent
    yield from (str(beside / ends[-1]) for ends in by_spelling if ends)


def endings(key: str) -> Iterator[str]:
    """Yield a key and its ends, longest first, as a copy may have them: ``a/b/c``, ``b/c``, ``c``.

    A key that leads out of its folder has none.
    """
    parts = PurePosixPath(key.lstrip("/")).parts
    if ".." not in parts:
        yield from ("/".join(parts[start:]) for start in range(len(parts)))


def check_row_count(promised: int | None, rows_read: int) -> None:
    """Compare the number of rows with the manifest's: files may be missing.

    Raises:
        Invalid: there are more or fewer.
    """
    if promised is not None and promised != rows_read:
        raise Invalid(f"The manifest names {promised} rows, but the files hold {rows_read}.")
