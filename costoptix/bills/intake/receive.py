"""Taking files in: to disk under names of ours, hashed, with their Import rows and their jobs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import money, queue
from costoptix.access import audit
from costoptix.access.permissions import Caller, Permission, require
from costoptix.bills.read import encodings
from costoptix.bills.read.archives import NAMES
from costoptix.database import writing
from costoptix.errors import Invalid, NoSpace, TooLarge, is_full_disk
from costoptix.models import Import, Job, Organization, new_id

JOB_KIND = "import"


class ImportPayload(BaseModel):
    """What the job of an import needs."""

    import_id: str


_BLOCK = 1 << 20
_LONGEST_NAME = 400


class Readable(Protocol):
    """What bytes come from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes; none at the end."""


@dataclass(frozen=True)
class Sent:
    """A file that is being sent."""

    stream: Readable
    name: str  # as sent; for people only


class Received(NamedTuple):
    """A delivery that is stored: its import, and the job that reads it."""

    row: Import
    job: Job


Grouping = Callable[[Sequence[Path]], list[list[int]]]
"""Returns which of some files, by their numbers, are the parts of one delivery."""


@dataclass(frozen=True)
class _Stored:
    path: Path
    name: str  # for people
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class _StoredDelivery:
    """A folder of the uploads that holds the files of one delivery (see ``read.archives``)."""

    folder: Path
    files: Sequence[_Stored]

    @property
    def name(self) -> str:
        """Return what people see: the file's name, or the first one's and how many more."""
        first, *more = (file.name for file in self.files)
        return f"{first} and {len(more)} more" if more else first

    @property
    def sha256(self) -> str:
        """Return the digest of its file, or of the digests of all of them."""
        digests = sorted(file.sha256 for file in self.files)
        if len(digests) == 1:
            return digests[0]
        return hashlib.sha256("\n".join(digests).encode()).hexdigest()

    def write_names(self) -> None:
        (self.folder / NAMES).write_bytes(orjson.dumps([file.name for file in self.files]))


def receive(
    session: Session,
    organization: Organization,
    caller: Caller,
    files: Sequence[Sent],
    *,
    uploads_dir: Path,
    max_bytes: int,
    name: str | None = None,
    source_name: str | None = None,
    currency: str | None = None,
    encoding: str | None = None,
    options: dict[str, Any] | None = None,
    group: Grouping | None = None,
    also: Callable[[Import], None] | None = None,
) -> list[Received]:
    """Store files (at most ``max_bytes`` each) and make their imports due; nothing is imported yet.

    They are the parts of one delivery, which people see under ``name`` (or the first file's), or
    of several, which ``group`` finds by looking at them (``child.group``). ``currency`` (ISO 4217)
    is for files that do not say theirs, ``encoding`` for text that is not UTF-8. ``options`` are
    answers given beforehand (``accept_rejected``: bool, ``decision``), and from a manifest
    ``delivered_at`` (ISO 8601), ``export`` and ``row_count``, which the files must hold together.
    ``also`` is called with each import within the transaction that makes them; what it raises
    undoes it.

    Raises:
        Forbidden: the caller may only read.
        Invalid: the currency, encoding or source name is wrong, or a file of a delivery is there
            twice.
        TooLarge: a file has more than ``max_bytes``.
        NoSpace: the disk is full.
    """
    require(caller, Permission.WRITE)
    if currency is not None and not money.is_currency(currency):
        raise Invalid("The currency must be a code of three capital letters, like USD.")
    if source_name is not None and not 1 <= len(source_name.strip()) <= 200:
        raise Invalid("The name of a source has 1 to 200 characters.")
    named = {} if encoding is None else {"encoding": encodings.name_of(encoding)}
    stated = {
        "currency": currency,
        "options": (options or {}) | named,
        "source_name": source_name.strip() if source_name is not None else None,
        "created_by": caller.label[:400],
    }
    with _undone_on_failure() as made:
        deliveries = [_store_all(files, _new_folder(uploads_dir, made), max_bytes)]
        if group is not None and len(files) > 1:
            deliveries = _parted(deliveries[0], group, lambda: _new_folder(uploads_dir, made))
        for delivery in deliveries:
            delivery.write_names()
        return _record(session, organization, caller, deliveries, name, stated, also)


def job_of(session: Session, row: Import) -> Job:
    """Return the newest job of an import."""
    mine = select(Job).where(
        Job.kind == JOB_KIND,
        Job.organization_id == row.organization_id,
        Job.payload["import_id"].as_string() == row.id,
    )
    return session.scalars(mine.order_by(Job.created_at.desc()).limit(1)).one()


@contextlib.contextmanager
def _undone_on_failure() -> Iterator[list[Path]]:
    """Remove the folders that are put in the list when something goes wrong.

    Raises:
        NoSpace: the disk was full.
    """
    folders: list[Path] = []
    try:
        yield folders
    except BaseException as error:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        if is_full_disk(error):
            raise NoSpace("There is no space left for the file.") from error
        raise


def _new_folder(uploads_dir: Path, made: list[Path]) -> Path:
    folder = uploads_dir / new_id()
    made.append(folder)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def _parted(
    whole: _StoredDelivery, group: Grouping, new_folder: Callable[[], Path]
) -> list[_StoredDelivery]:
    """Move the files of several deliveries into folders of their own.

    Raises:
        Invalid: a file is there twice: as parts of one delivery both would count.
    """
    if len({file.sha256 for file in whole.files}) < len(whole.files):
        raise Invalid("Two of these files are the same: send each file once.")
    groups = group([file.path for file in whole.files])
    if len(groups) == 1:
        return [whole]
    deliveries = [_moved([whole.files[n] for n in numbers], new_folder()) for numbers in groups]
    shutil.rmtree(whole.folder)
    return deliveries


def _moved(files: Sequence[_Stored], folder: Path) -> _StoredDelivery:
    paths = [file.path.rename(folder / str(n)) for n, file in enumerate(files)]
    moved = [replace(file, path=path) for file, path in zip(files, paths, strict=True)]
    return _StoredDelivery(folder, moved)


def _record(
    session: Session,
    organization: Organization,
    caller: Caller,
    deliveries: Sequence[_StoredDelivery],
    name: str | None,
    stated: Mapping[str, Any],
    also: Callable[[Import], None] | None,
) -> list[Received]:
    with writing(session):
        received = []
        for delivery in deliveries:
            row = Import(
                id=new_id(),
                organization_id=organization.id,
                stored_name=delivery.folder.name,
                file_name=_for_people(name or delivery.name),
                size_bytes=sum(file.size_bytes for file in delivery.files),
                sha256=delivery.sha256,
                **stated,
            )
            session.add(row)
            job = queue.enqueue(
                session, JOB_KIND, {"import_id": row.id}, organization_id=organization.id
            )
            audit.record(
                session, caller, "import.received", subject=row.file_name, subject_id=row.id,
                after={"sha256": row.sha256, "size_bytes": row.size_bytes},
            )  # fmt: skip
            if also is not None:
                session.flush()
                also(row)
            received.append(Received(row, job))
    return received


def _store_all(files: Sequence[Sent], folder: Path, max_bytes: int) -> _StoredDelivery:
    return _StoredDelivery(
        folder, [_store(sent, folder / str(n), max_bytes) for n, sent in enumerate(files)]
    )


def _store(sent: Sent, path: Path, max_bytes: int) -> _Stored:
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        while block := sent.stream.read(_BLOCK):
            size += len(block)
            if size > max_bytes:
                raise TooLarge(f"The file is larger than {max_bytes // (1 << 20)} MB.")
            digest.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return _Stored(path, _for_people(sent.name), size, digest.hexdigest())


def _for_people(file_name: str) -> str:
    """Keep the last part of a path, without what could disturb a page or a terminal."""
    name = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c if c.isprintable() else "�" for c in name)[-_LONGEST_NAME:] or "unnamed"
