"""The watched inbox ``ORG/SOURCE/…``: what is put there is imported, once, and left untouched.

A source's folder is looked at when nothing in it has changed for ``QUIET_SECONDS``: a tool that
copies a delivery is done with it then. What was taken in is remembered in the transaction that
makes its import, so that a worker that dies in between takes it up again, and never twice.

Each source and each delivery is by itself: the imports page says what cannot be read, and the
scan goes on. It ends after ``MOST_SECONDS``, for jobs wait meanwhile, and goes on at the next one.
"""

from __future__ import annotations

import logging
import os
import stat
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from config import Config
from costoptix.access.permissions import ActorKind, Caller, Permission
from costoptix.bills.intake import receive
from costoptix.bills.intake.folders import FolderDelivery, find_deliveries
from costoptix.bills.intake.inbox_items import (
    KnownBytes,
    Remember,
    TakenElsewhere,
    appearances,
    count_not_taken_in,
    not_taken_in,
    say_unreadable,
    unsay_unreadable,
)
from costoptix.bills.intake.tree import Changed, Folder, Listing, Unreadable, reason, refusal, shown
from costoptix.errors import Invalid, NoSpace, TooLarge, Unavailable
from costoptix.models import Organization

__all__ = ["Watch", "count_not_taken_in", "not_taken_in", "scan"]

QUIET_SECONDS = 15.0
"""By the file system's own clock: the time of the last change, which no tool can set."""
MOST_SECONDS = 5.0
"""How long a scan takes deliveries in: of 20,000 new files, copying takes minutes."""
MAX_SOURCE_NAME = 200

NOT_IN_A_SOURCE = "This lies in no source's folder: move it into one."
_NAME = "The name of this folder cannot be the name of a source: use 1 to 200 visible characters."
_DEFECT = "This could not be taken in: the log of the worker says why. It is tried again."
_DATABASE = (OperationalError, InterfaceError, Unavailable)
"""The database does not answer: with the next delivery it would not either."""

logger = logging.getLogger(__name__)


@dataclass
class Watch:
    """What a worker remembers from one scan to the next, to look up and wait for less."""

    done: dict[tuple[str, str], int] = field(default_factory=dict)
    """How each source looked when all of it had been taken in."""
    turn: int = 0
    """How many sources had their turn: the next scan begins with those that wait."""
    is_unfinished: bool = False
    """Whether the last scan ended because its time was over."""


def scan(
    session: Session,
    config: Config,
    quiet_seconds: float = QUIET_SECONDS,
    watch: Watch | None = None,
) -> int:
    """Take in what is new in the inbox; return how many imports it made.

    Raises:
        Unavailable | OperationalError | InterfaceError: the database does not answer.
    """
    return _Scan(session, config, watch or Watch()).run(quiet_seconds)


@dataclass
class _Source:
    """One source's folder as it was listed, and what of it is to be taken in."""

    organization_id: str
    name: str
    looks: int  # a digest of its files
    waiting: deque[tuple[str, FolderDelivery, str | None]] = field(default_factory=deque)
    """Each with its path as it is shown, and how it looked when it was remembered."""
    must_retry: bool = False  # whether something must be tried again

    @property
    def key(self) -> tuple[str, str]:
        """Return what names it among all sources."""
        return self.organization_id, self.name


class _ServerFull(Exception):
    """Nothing can be stored: trying other deliveries would fail too."""


class _Scan:
    """One look into the inbox."""

    def __init__(self, session: Session, config: Config, watch: Watch) -> None:
        self._session = session
        self._config = config
        self._watch = watch

    def run(self, quiet_seconds: float) -> int:
        sources: list[_Source] = []
        for organization_id, folder in self._organizations():
            try:
                sources += self._look(organization_id, folder, time.time() - quiet_seconds)
            except _DATABASE:
                raise
            except Exception:
                self._session.rollback()
                logger.exception("inbox: the folder %s is left out", shown(folder.path.name))
        taken = self._take_turns([source for source in sources if source.waiting])
        self._watch.done = {
            source.key: source.looks
            for source in sources
            if not source.waiting and not source.must_retry
        }
        return taken

    def _organizations(self) -> Iterator[tuple[str, Folder]]:
        """Yield the folders that are named by an organization's id or name; an id wins."""
        inbox = Folder(self._config.inbox)
        try:
            entries = inbox.entries()
        except FileNotFoundError:
            return
        except OSError as error:
            logger.warning("inbox: the folder cannot be read: %s", error.strerror)
            return
        asked = select(Organization.id, Organization.name).order_by(Organization.name)
        organizations = self._session.execute(asked).all()
        self._session.rollback()  # to look into folders is slow
        ids = {organization_id for organization_id, _name in organizations}
        for organization_id, name in organizations:
            for folder in (organization_id, name):
                if folder not in entries or (folder in ids and folder != organization_id):
                    continue
                if (sentence := refusal(entries[folder])) is not None:
                    say_unreadable(self._session, organization_id, {shown(folder): sentence})
                elif stat.S_ISDIR(entries[folder].st_mode):
                    yield organization_id, Folder(inbox.root, PurePosixPath(folder))

    def _look(self, organization_id: str, folder: Folder, quiet_since: float) -> list[_Source]:
        """List an organization's sources, and say what cannot be read of them."""
        try:
            entries = folder.entries()
        except OSError as error:
            unreadable = {shown(folder.path.name): reason(error)}
            say_unreadable(self._session, organization_id, unreadable)
            return []
        unreadable, restless, sources = {}, set(), []
        for name, entry in sorted(entries.items()):
            if name.startswith("."):
                continue
            if (sentence := _not_a_source(name, entry)) is not None:
                unreadable[shown(name)] = sentence
                continue
            listing = Folder(folder.root, folder.below / name).listing()
            if listing.changed_at > quiet_since:
                restless.add(shown(name))
                continue
            unreadable |= _reasons(name, listing)
            sources.append(self._source(organization_id, name, listing))
        self._look_up(organization_id, sources)
        waiting = {path for source in sources for path, _delivery, _before in source.waiting}
        unsay_unreadable(
            self._session, organization_id, still=waiting | unreadable.keys(), sources=restless
        )
        say_unreadable(self._session, organization_id, unreadable)
        return sources

    def _source(self, organization_id: str, name: str, listing: Listing) -> _Source:
        source = _Source(organization_id, name, hash(tuple(listing.files)))
        if self._watch.done.get(source.key) == source.looks:
            return source
        try:
            for delivery in find_deliveries(listing.files):
                source.waiting.append((shown(f"{name}/{delivery.path}"), delivery, None))
        except Exception:
            logger.exception("inbox: the source %s cannot be looked into", shown(name))
            source.must_retry = True
        return source

    def _look_up(self, organization_id: str, sources: Sequence[_Source]) -> None:
        """Leave the deliveries that are not remembered as they look now."""
        paths = [path for source in sources for path, _delivery, _before in source.waiting]
        before = appearances(self._session, organization_id, paths)
        self._session.rollback()
        for source in sources:
            source.waiting = deque(
                (path, delivery, before.get(path))
                for path, delivery, _none in source.waiting
                if path not in before or before[path] != delivery.appearance
            )

    def _take_turns(self, sources: Sequence[_Source]) -> int:
        """Take in a delivery of each source, in turns, until the time is over."""
        self._watch.is_unfinished = False
        if not sources:
            return 0
        start = self._watch.turn % len(sources)
        turns = deque([*sources[start:], *sources[:start]])
        end, taken = time.monotonic() + MOST_SECONDS, 0
        try:
            while turns:
                source = turns.popleft()
                taken += self._take_in(source, *source.waiting.popleft())
                self._watch.turn += 1
                if source.waiting:
                    turns.append(source)
                if turns and time.monotonic() >= end:
                    self._watch.is_unfinished = True
                    break
        except _ServerFull:
            pass
        return taken

    def _take_in(
        self, source: _Source, path: str, delivery: FolderDelivery, before: str | None
    ) -> bool:
        remember = Remember(
            self._session, source.organization_id, path, delivery.appearance, before
        )
        try:
            return self._receive(source, delivery, remember)
        except KnownBytes as repeat:
            remember.only(import_id=repeat.import_id)
        except (Invalid, TooLarge) as error:
            logger.warning("inbox: %s is not taken in: %s", path, error.sentence)
            remember.only(error=error.sentence)
        except (Changed, TakenElsewhere):
            source.must_retry = True
        except Unreadable as error:
            self._wait(source, path, error.sentence)
        except _DATABASE:
            raise
        except (NoSpace, OSError) as error:
            self._wait(source, path, _not_stored(error))
            raise _ServerFull from error
        except Exception:
            self._session.rollback()
            logger.exception("inbox: %s could not be taken in", path)
            self._wait(source, path, _DEFECT)
        return False

    def _wait(self, source: _Source, path: str, sentence: str) -> None:
        """Say why a delivery is not taken in yet; it is tried again at the next scan."""
        source.must_retry = True
        say_unreadable(self._session, source.organization_id, {path: sentence})

    def _receive(self, source: _Source, delivery: FolderDelivery, remember: Remember) -> bool:
        organization = self._session.get(Organization, source.organization_id)
        if organization is None:  # deleted meanwhile
            return False
        with delivery.opened() as sent:
            receive.receive(
                self._session,
                organization,
                Caller(organization.id, Permission.WRITE, "inbox", kind=ActorKind.SYSTEM),
                sent,
                uploads_dir=self._config.uploads_dir,
                max_bytes=self._config.max_upload_bytes,
                name=delivery.path,
                source_name=source.name,
                options=dict(delivery.options),
                also=remember,
            )
        return True


def _not_a_source(name: str, entry: os.stat_result) -> str | None:
    """Say why something in an organization's folder is no source; None of one."""
    if (sentence := refusal(entry)) is not None:
        return sentence
    if not stat.S_ISDIR(entry.st_mode):
        return NOT_IN_A_SOURCE
    is_name = name.isprintable() and 1 <= len(name.strip()) <= MAX_SOURCE_NAME
    return None if is_name else _NAME


def _reasons(source: str, listing: Listing) -> dict[str, str]:
    """Return what cannot be read of a source, by the path that is shown."""
    reasons = {
        shown(f"{source}/{path}".rstrip("/")): sentence
        for path, sentence in listing.unreadable.items()
    }
    if listing.unnamed:
        reasons[shown(f"{source}/…")] = f"{listing.unnamed:,} more of this source cannot be read."
    return reasons


def _not_stored(error: NoSpace | OSError) -> str:
    cause = error.sentence if isinstance(error, NoSpace) else f"{error.strerror or error}."
    return f"The server cannot store this now: {cause} It is tried again."
