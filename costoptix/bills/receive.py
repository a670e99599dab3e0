"""Taking a file in: to disk under a name of ours, hashed, with its Import row and its job."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson
from sqlalchemy.orm import Session

from costoptix import money, queue
from costoptix.access import audit
from costoptix.access.permissions import Caller, Permission, require
from costoptix.bills.parts import NAMES
from costoptix.database import writing
from costoptix.errors import Invalid, NoSpace, TooLarge
from costoptix.models import Import, Job, Organization, new_id

JOB_KIND = "import"
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


@dataclass(frozen=True)
class _Stored:
    size_bytes: int
    sha256: str


def receive(
    session: Session,
    organization: Organization,
    caller: Caller,
    stream: Readable,
    file_name: str,
    *,
    uploads_dir: Path,
    max_bytes: int,
    source_name: str | None = None,
    currency: str | None = None,
    options: dict[str, Any] | None = None,
) -> Import:
    """Store a billing file and make its import due; nothing of it is read yet.

    ``currency`` (ISO 4217) is for files that do not say theirs; ``options`` are answers given
    beforehand (``accept_rejected``: bool).

    Raises:
        Forbidden: the caller may only read.
        Invalid: the currency or source name is wrong.
        TooLarge: more than ``max_bytes``.
        NoSpace: the disk is full.
    """
    return receive_with_job(
        session, organization, caller, stream, file_name,
        uploads_dir=uploads_dir, max_bytes=max_bytes,
        source_name=source_name, currency=currency, options=options,
    )[0]  # fmt: skip


def receive_with_job(
    session: Session,
    organization: Organization,
    caller: Caller,
    stream: Readable,
    file_name: str,
    *,
    uploads_dir: Path,
    max_bytes: int,
    source_name: str | None = None,
    currency: str | None = None,
    options: dict[str, Any] | None = None,
) -> tuple[Import, Job]:
    """Do the same, and return the job too, for who wants to run it at once."""
    return receive_parts(
        session, organization, caller, [Sent(stream, file_name)], file_name,
        uploads_dir=uploads_dir, max_bytes=max_bytes,
        source_name=source_name, currency=currency, options=options,
    )  # fmt: skip


def receive_parts(
    session: Session,
    organization: Organization,
    caller: Caller,
    files: Sequence[Sent],
    name: str,
    *,
    uploads_dir: Path,
    max_bytes: int,
    source_name: str | None = None,
    currency: str | None = None,
    options: dict[str, Any] | None = None,
    also: Callable[[Import], None] | None = None,
) -> tuple[Import, Job]:
    """Store several files (at most ``max_bytes`` each) as the parts of one delivery.

    ``name`` is what people see; ``options`` as in ``receive``, and from a manifest
    ``delivered_at`` (ISO 8601) and ``row_count``, which the files must hold together. ``also``
    is called within the transaction that makes the import; what it raises undoes it.

    Raises:
        Forbidden, Invalid, TooLarge, NoSpace: as ``receive``.
    """
    require(caller, Permission.WRITE)
    if currency is not None and not money.is_currency(currency):
        raise Invalid("The currency must be a code of three capital letters, like USD.")
    if source_name is not None and not 1 <= len(source_name.strip()) <= 200:
        raise Invalid("The name of a source has 1 to 200 characters.")
    folder = uploads_dir / new_id()
    try:
        stored = _store_all(files, folder, max_bytes)
        return _record(
            session, organization, caller, stored, also,
            stored_name=folder.name, file_name=_for_people(name), currency=currency,
            options=options or {},
            source_name=source_name.strip() if source_name is not None else None,
        )  # fmt: skip
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace("There is no space left for the file.") from error
        raise


def _record(
    session: Session,
    organization: Organization,
    caller: Caller,
    stored: _Stored,
    also: Callable[[Import], None] | None,
    **said: Any,
) -> tuple[Import, Job]:
    with writing(session):
        row = Import(
            id=new_id(),
            organization_id=organization.id,
            size_bytes=stored.size_bytes,
            sha256=stored.sha256,
            created_by=caller.label[:400],
            **said,
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
    return row, job


def _store_all(files: Sequence[Sent], folder: Path, max_bytes: int) -> _Stored:
    """Write the drop's folder (see ``parts``); a drop of one file has the digest of that file."""
    folder.mkdir(mode=0o700, parents=True)
    stored = [_store(sent, folder / str(n), max_bytes) for n, sent in enumerate(files)]
    (folder / NAMES).write_bytes(orjson.dumps([_for_people(sent.name) for sent in files]))
    size = sum(each.size_bytes for each in stored)
    if len(stored) == 1:
        return stored[0]
    digests = "\n".join(sorted(each.sha256 for each in stored))
    return _Stored(size, hashlib.sha256(digests.encode()).hexdigest())


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
    return _Stored(size, digest.hexdigest())


def _for_people(file_name: str) -> str:
    """Keep the last part of a path, without what could disturb a page or a terminal."""
    name = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c if c.isprintable() else "�" for c in name)[-_LONGEST_NAME:] or "unnamed"
