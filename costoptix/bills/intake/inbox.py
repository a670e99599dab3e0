"""The watched inbox ``ORG/SOURCE/…``: what is put there is imported, once, and left untouched.

A source's folder is looked at when nothing in it has changed for ``QUIET_SECONDS``: a tool that
copies a delivery is done with it then. What was taken in is remembered in the transaction that
makes its import, so that a worker that dies in between takes it up again, and never twice.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from config import Config
from costoptix.access.permissions import Caller, Permission
from costoptix.bills.intake import receive
from costoptix.bills.intake.folders import Drop, find_drops
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.errors import Invalid, NoSpace, TooLarge
from costoptix.models import Import, InboxItem, Organization

QUIET_SECONDS = 15.0
"""By the file system's own clock: the time of the last change, which no tool can set."""

REFUSALS_SHOWN = 20
REFUSALS_SHOWN_FOR = timedelta(days=30)

logger = logging.getLogger(__name__)


class KnownBytes(Exception):
    """These bytes came in from the same source before; ``import_id`` is what became of them."""

    def __init__(self, import_id: str) -> None:
        super().__init__(import_id)
        self.import_id = import_id


class TakenElsewhere(Exception):
    """Another worker has taken the same drop in."""


def scan(session: Session, config: Config, quiet_seconds: float = QUIET_SECONDS) -> int:
    """Take in what is new in the inbox; return how many imports it made."""
    if not config.inbox.is_dir():
        return 0
    taken = 0
    for organization, folder in _organizations(session, config.inbox):
        for source in sorted(path for path in folder.iterdir() if path.is_dir()):
            if _is_quiet(source, quiet_seconds):
                taken += _Source(session, config, organization, source).take_in()
    return taken


def not_taken_in(session: Session, organization: Organization) -> Sequence[InboxItem]:
    """Return what could not be taken in as it lies there, of the last days, newest first."""
    return session.scalars(
        select(InboxItem)
        .where(
            InboxItem.organization_id == organization.id,
            InboxItem.error.is_not(None),
            InboxItem.taken_at >= utc_now() - REFUSALS_SHOWN_FOR,
        )
        .order_by(InboxItem.taken_at.desc(), InboxItem.path)
        .limit(REFUSALS_SHOWN)
    ).all()


def _organizations(session: Session, inbox: Path) -> Iterator[tuple[Organization, Path]]:
    """Yield the folders that are named by an organization's id or name."""
    folders = {path.name: path for path in inbox.iterdir() if path.is_dir()}
    for organization in session.scalars(select(Organization).order_by(Organization.name)).all():
        for name in (organization.id, organization.name):
            if name in folders:
                yield organization, folders[name]


def _is_quiet(folder: Path, seconds: float) -> bool:
    try:
        newest = max(path.stat().st_ctime for path in (folder, *_everything(folder)))
    except FileNotFoundError:  # renamed by a tool that is at work right now
        return False
    return newest <= time.time() - seconds


def _everything(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        yield from (Path(parent, name) for name in (*folders, *files))


class _Source:
    """One source's folder."""

    def __init__(
        self, session: Session, config: Config, organization: Organization, folder: Path
    ) -> None:
        self._session = session
        self._config = config
        self._organization = organization
        self._folder = folder

    def take_in(self) -> int:
        """Receive the drops that are not known as they look now."""
        return sum(self._take_in(drop) for drop in find_drops(self._folder))

    def _take_in(self, drop: Drop) -> bool:
        try:
            appearance = drop.appearance
        except FileNotFoundError:
            return False
        path = f"{self._folder.name}/{drop.path}"
        item = self._known(path)
        if item is not None and item.appearance == appearance:
            return False
        before = None if item is None else item.appearance
        remember = _Remember(self._session, self._organization, path, appearance, before)
        try:
            self._receive(drop, remember)
        except KnownBytes as known:
            remember.only(import_id=known.import_id)
        except (Invalid, TooLarge) as error:
            logger.warning("inbox: %s is not taken in: %s", path, error.sentence)
            remember.only(error=error.sentence)
        except (NoSpace, OSError) as error:
            logger.warning("inbox: %s waits: %s", path, error)
        except TakenElsewhere:
            pass
        else:
            return True
        return False

    def _known(self, path: str) -> InboxItem | None:
        return self._session.scalar(
            select(InboxItem).where(
                InboxItem.organization_id == self._organization.id, InboxItem.path == path
            )
        )

    def _receive(self, drop: Drop, remember: _Remember) -> None:
        with drop.opened() as sent:
            receive.receive(
                self._session,
                self._organization,
                Caller(self._organization.id, Permission.WRITE, "inbox"),
                sent,
                uploads_dir=self._config.uploads_dir,
                max_bytes=self._config.max_upload_bytes,
                name=drop.path,
                source_name=self._folder.name,
                options=dict(drop.options),
                also=remember,
            )


class _Remember:
    """Writes down that a drop was taken in, as it looked then; the first writer wins."""

    def __init__(
        self,
        session: Session,
        organization: Organization,
        path: str,
        appearance: str,
        before: str | None,
    ) -> None:
        self._session = session
        self._organization_id = organization.id
        self._path = path
        self._appearance = appearance
        self._before = before

    def __call__(self, row: Import) -> None:
        """Do it within the transaction of the import.

        Raises:
            KnownBytes: the source has brought the same bytes before.
            TakenElsewhere: another worker was quicker.
        """
        same = (
            select(Import.id)
            .join(InboxItem, InboxItem.import_id == Import.id)
            .where(
                InboxItem.organization_id == self._organization_id,
                Import.sha256 == row.sha256,
                Import.source_name == row.source_name,
                Import.id != row.id,
            )
        )
        known = self._session.scalar(same.limit(1))
        if known is not None:
            raise KnownBytes(known)
        self._write(import_id=row.id)

    def only(self, *, import_id: str | None = None, error: str | None = None) -> None:
        """Do it without an import."""
        try:
            with writing(self._session):
                self._write(import_id=import_id, error=error)
        except TakenElsewhere:
            return

    def _write(self, *, import_id: str | None, error: str | None = None) -> None:
        values: dict[str, object] = {
            "appearance": self._appearance,
            "import_id": import_id,
            "error": error,
            "taken_at": utc_now(),
        }
        if self._before is None:
            self._insert(values)
            return
        changed = self._session.scalar(
            update(InboxItem)
            .where(
                InboxItem.organization_id == self._organization_id,
                InboxItem.path == self._path,
                InboxItem.appearance == self._before,
            )
            .values(**values)
            .returning(InboxItem.id)
            .execution_options(synchronize_session=False)
        )
        if changed is None:
            raise TakenElsewhere

    def _insert(self, values: dict[str, object]) -> None:
        self._session.add(
            InboxItem(organization_id=self._organization_id, path=self._path, **values)
        )
        try:
            self._session.flush()
        except IntegrityError as error:
            raise TakenElsewhere from error
