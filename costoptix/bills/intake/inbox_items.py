"""What is remembered of the inbox: how deliveries looked when taken in, and what cannot be read."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.models import Import, InboxItem, Organization

SHOWN = 20
SHOWN_FOR = timedelta(days=30)
NOT_READ = ""
"""The appearance of what could not be read: no delivery looks so, and it is tried at each scan."""
_SAID_AGAIN_AFTER = timedelta(days=1)
_LOOKED_UP_AT_ONCE = 500

logger = logging.getLogger(__name__)


class KnownBytes(Exception):
    """These bytes came in from the same source before; ``import_id`` is what became of them."""

    def __init__(self, import_id: str) -> None:
        super().__init__(import_id)
        self.import_id = import_id


class TakenElsewhere(Exception):
    """Another worker has taken the same delivery in."""


def not_taken_in(session: Session, organization: Organization) -> Sequence[InboxItem]:
    """Return what could not be taken in as it lies there, of the last days, newest first."""
    return session.scalars(
        select(InboxItem)
        .where(*_refused(organization))
        .order_by(InboxItem.taken_at.desc(), InboxItem.path)
        .limit(SHOWN)
    ).all()


def count_not_taken_in(session: Session, organization: Organization) -> int:
    """Return how many there are, of which ``not_taken_in`` returns the newest."""
    number = select(func.count()).select_from(InboxItem).where(*_refused(organization))
    return session.scalar(number) or 0


def _refused(organization: Organization) -> tuple[ColumnElement[bool], ...]:
    return (
        InboxItem.organization_id == organization.id,
        InboxItem.error.is_not(None),
        InboxItem.taken_at >= utc_now() - SHOWN_FOR,
    )


def appearances(session: Session, organization_id: str, paths: Sequence[str]) -> dict[str, str]:
    """Return how those of some paths looked that are remembered, a few hundred at a question."""
    remembered: dict[str, str] = {}
    for first in range(0, len(paths), _LOOKED_UP_AT_ONCE):
        asked = select(InboxItem.path, InboxItem.appearance).where(
            InboxItem.organization_id == organization_id,
            InboxItem.path.in_(paths[first : first + _LOOKED_UP_AT_ONCE]),
        )
        rows = session.execute(asked)
        remembered.update((path, appearance) for path, appearance in rows)
    return remembered


class Remember:
    """Records that a delivery was taken in, as it looked then; the first writer wins."""

    def __init__(
        self,
        session: Session,
        organization_id: str,
        path: str,
        appearance: str,
        before: str | None,
    ) -> None:
        self._session = session
        self._organization_id = organization_id
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
                Import.organization_id == self._organization_id,
                Import.sha256 == row.sha256,
                Import.source_name == row.source_name,
                Import.id != row.id,
            )
        )
        first = self._session.scalar(same.limit(1))
        if first is not None:
            raise KnownBytes(first)
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
            _insert(self._session, self._organization_id, self._path, values)
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


def _insert(
    session: Session, organization_id: str, path: str, values: Mapping[str, object]
) -> None:
    session.add(InboxItem(organization_id=organization_id, path=path, **values))
    try:
        session.flush()
    except IntegrityError as error:
        raise TakenElsewhere from error


def say_unreadable(session: Session, organization_id: str, unreadable: Mapping[str, str]) -> None:
    """Say what cannot be read, each path with its reason; nothing is written where it is said."""
    already = _said(session, organization_id)
    recent = utc_now() - _SAID_AGAIN_AFTER
    new = {
        path: reason
        for path, reason in unreadable.items()
        if path not in already or already[path][0] != reason or already[path][1] < recent
    }
    if not new:
        return
    with writing(session):
        for path, reason in new.items():
            logger.warning("inbox: %s: %s", path, reason)
            _change(session, organization_id, path, reason)


def unsay_unreadable(
    session: Session, organization_id: str, *, still: Collection[str], sources: Collection[str]
) -> None:
    """Say no longer that something cannot be read, but of ``still`` and of some sources."""
    over = [
        path
        for path in _said(session, organization_id)
        if path not in still and path.partition("/")[0] not in sources
    ]
    if not over:
        return
    with writing(session):
        for path in over:
            _change(session, organization_id, path, None)


def _said(session: Session, organization_id: str) -> dict[str, tuple[str | None, datetime]]:
    rows = session.execute(
        select(InboxItem.path, InboxItem.error, InboxItem.taken_at).where(
            InboxItem.organization_id == organization_id,
            InboxItem.appearance == NOT_READ,
            InboxItem.error.is_not(None),
        )
    ).all()
    session.rollback()
    return {path: (error, taken_at) for path, error, taken_at in rows}


def _change(session: Session, organization_id: str, path: str, error: str | None) -> None:
    """Set the reason of one path; what became of its bytes before stays known."""
    values = {"appearance": NOT_READ, "error": error, "taken_at": utc_now()}
    changed = session.scalar(
        update(InboxItem)
        .where(InboxItem.organization_id == organization_id, InboxItem.path == path)
        .values(**values)
        .returning(InboxItem.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None and error is not None:
        _insert(session, organization_id, path, values)
