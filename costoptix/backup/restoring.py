"""A backup put back into an empty installation: all of it is checked before any of it is live.

Everything is unpacked beside its place. While it is moved there a marker lies in the data folder,
and nothing starts on it; a restore that was killed is begun anew.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, func, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from config import Config
from costoptix import queue, startup
from costoptix.access import quota_marks, secrets
from costoptix.access.secrets import SealingKeys
from costoptix.backup import archive, sqlite
from costoptix.backup.archive import sync_folder
from costoptix.backup.making import Say, in_words
from costoptix.backup.manifest import POSTGRESQL, QUOTA, SQLITE, BackupHeader, BackupManifest
from costoptix.backup.snapshot import session_on
from costoptix.errors import Conflict, Invalid, NoSpace, is_full_disk
from costoptix.models import Organization, new_id
from costoptix.version import __version__

LOCK = "restore.lock"
STAGED = "restore-"
FOLDERS = ("lake", "uploads")

Migrate = Callable[[str], None]
"""Brings the database of a URL up to this version; raises what says why it cannot."""

_PLACES = {
    "channels.target": "addresses of channels",
    "channels.secret": "signing secrets of webhooks",
    "channels.former_secret": "former signing secrets of webhooks",
}


def restore(
    engine: Engine, config: Config, file: Path, migrate: Migrate, say: Say, *, without_secrets: bool
) -> BackupManifest:
    """Put a backup into the data folder and the database of ``config``, which must be empty.

    Raises:
        Invalid: the file is no backup, is cut short or altered.
        Conflict: it does not belong here; the sentence says why and what to do.
        NoSpace: the disk is too small.
    """
    with _only_one(config.data_dir), archive.reading(file) as reader:
        header = reader.header
        _require_fitting(header, config)
        _require_secrets(header, config, say, without_secrets=without_secrets)
        _require_empty(engine, config)
        _remove_leftovers(config)
        _require_room(config.data_dir, header.bytes_needed)
        staged = config.data_dir / f"{STAGED}{new_id()}"
        staged.mkdir(mode=0o700)
        try:
            manifest = reader.unpack(staged, _Bytes(header, say).add)
            say("Every file is what was backed up.")
            _put_in_place(engine, config, staged, header, migrate)
        except OSError as error:
            if not is_full_disk(error):
                raise
            raise NoSpace(_too_small(config.data_dir, header.bytes_needed)) from None
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    return manifest


def lost_secrets(header: BackupHeader, config: Config) -> dict[str, int]:
    """Count what stays sealed under the keys of ``config``, by what it is for people."""
    keys = SealingKeys.of(config)
    lost: dict[str, int] = {}
    for key_id, places in header.sealed.items():
        for place, number in places.items():
            if key_id not in keys.by_id and not place.startswith("sealed_canaries."):
                words = _PLACES.get(place, place)
                lost[words] = lost.get(words, 0) + number
    return lost


def _require_fitting(header: BackupHeader, config: Config) -> None:
    if not startup.is_known(header.schema_revision):
        raise Conflict(
            f"The backup is of Cost Optix {header.version} with a database of version "
            f"{header.schema_revision[:40]!a}, newer than this version ({__version__}, "
            f"{startup.newest()}). Install the newer version and restore there; nothing was "
            "changed."
        )
    kind = make_url(config.database_url).get_backend_name()
    if kind != header.database:
        raise Conflict(
            f"The backup is of an installation on {header.database}, and DATABASE_URL names a "
            f"database of {kind}: set DATABASE_URL to one of {header.database}."
        )


def _require_secrets(
    header: BackupHeader, config: Config, say: Say, *, without_secrets: bool
) -> None:
    """Return when SECRET_KEY opens what is sealed, or the operator goes on without it."""
    own = (config.secret_key, *config.secret_key_fallbacks)
    if header.secret_key_fingerprint in map(secrets.fingerprint, own):
        return
    lost = lost_secrets(header, config)
    if not lost:
        say("SECRET_KEY is another one; nothing is sealed under the one of the backup.")
        return
    words = ", ".join(f"{number} {what}" for what, number in sorted(lost.items()))
    if without_secrets:
        say(
            f"Without the SECRET_KEY of the backup these stay sealed, and must be set anew: {words}"
        )
        return
    raise Conflict(
        f"The backup was made under another SECRET_KEY. Lost without it: {words}. Set SECRET_KEY "
        f"to that installation's, or put its file secret_key into {config.data_dir}; or add "
        "--without-secrets to restore everything else."
    )


def _require_empty(engine: Engine, config: Config) -> None:
    """Return where nothing can be lost: a restore never takes the place of an installation."""
    if _is_unfinished(config):
        return  # what is there came from a backup, and was never live
    if any(config.lake_dir.glob("organization=*")):
        raise _taken(config, "a lake")
    database = sqlite.file_of(config.database_url)
    if database is not None and (not database.exists() or not database.stat().st_size):
        return
    try:
        with Session(engine) as session:
            if not inspect(session.connection()).has_table(Organization.__tablename__):
                return
            number = session.scalar(select(func.count()).select_from(Organization))
            is_served = queue.has_worker(session)
    except DBAPIError as error:
        raise Conflict(
            f"{startup.failure(error)} To restore over it, move it out of {config.data_dir} first."
        ) from None
    finally:
        engine.dispose()
    if number:
        raise _taken(config, "organizations")
    if is_served:
        raise Conflict("A worker runs on this installation: stop it, then restore.")


def _taken(config: Config, what: str) -> Conflict:
    return Conflict(
        f"There is an installation already ({what}); a restore never takes its place. Set "
        f"COSTOPTIX_DATA_DIR to an empty folder (and DATABASE_URL to an empty database), or move "
        f"the content of {config.data_dir} aside, but for its file secret_key."
    )


def _put_in_place(
    engine: Engine, config: Config, staged: Path, header: BackupHeader, migrate: Migrate
) -> None:
    """Make what was unpacked the installation; the database comes last.

    Whatever may be refused is looked at before anything is moved.
    """
    _require_database(header, staged)
    database = sqlite.file_of(config.database_url)
    counter = sqlite.file_of(config.quota_url)
    if counter is not None and (staged / QUOTA).exists():
        sqlite.unpack(staged / QUOTA, staged / "quota.db")
    if database is not None:
        _prepare_sqlite(config, staged, migrate)
    os.sync()  # once: a sync of each of some thousand files takes minutes
    with _marked(config):
        for name in FOLDERS:
            _move_folder(staged / name, config.data_dir / name)
        if counter is not None and (staged / QUOTA).exists():
            _move_database(staged / "quota.db", counter)
        if database is not None:
            _move_database(staged / "costoptix.db", database)
        else:
            _load_postgresql(engine, config, staged, migrate)
        shutil.rmtree(staged)  # while the marker is there: killed later, nothing is left over


def _require_database(header: BackupHeader, staged: Path) -> None:
    """Return where the backup holds the database that its header speaks of."""
    name = SQLITE if header.database == "sqlite" else POSTGRESQL
    if not (staged / name).exists():
        raise Invalid(f"The backup holds no database ({name}). Nothing was changed.")


def _prepare_sqlite(config: Config, staged: Path, migrate: Migrate) -> None:
    """Unpack, check and migrate the database beside its place."""
    file = staged / "costoptix.db"
    sqlite.unpack(staged / SQLITE, file)
    url = f"sqlite:///{file}"
    _require_content(url)
    migrate(url)
    _make_own(url, config)


def _require_content(url: str) -> None:
    """Return where the database holds an installation: a new one would take its place unseen."""
    with session_on(url) as session:
        version = startup.version_of(session.connection())
    if version is None:
        raise Invalid("The database in the backup holds no installation. Nothing was changed.")


def _load_postgresql(engine: Engine, config: Config, staged: Path, migrate: Migrate) -> None:
    from costoptix.backup import postgresql  # here: an installation on SQLite needs no driver

    engine.dispose()
    postgresql.load(make_url(config.database_url), staged / POSTGRESQL)
    migrate(config.database_url)
    _make_own(config.database_url, config)


def _make_own(url: str, config: Config) -> None:
    """Make a database this installation's: under its key, and counting on with its counter."""
    with session_on(url) as session:
        secrets.leave_canary(session, SealingKeys.of(config))
        quota_marks.forget(session)


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Hold the lock of this folder's restores; the system frees it when the process dies."""
    with (data_dir / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"Another restore into {data_dir} is at work.") from None
        try:
            yield
        finally:
            (data_dir / LOCK).unlink(missing_ok=True)


@contextmanager
def _marked(config: Config) -> Iterator[None]:
    """Have a marker in the data folder until the block has ended well."""
    marker = config.data_dir / startup.UNFINISHED_RESTORE
    with marker.open("w") as file:
        json.dump({"database": _shown(config.database_url)}, file)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(config.data_dir)
    yield
    sync_folder(config.data_dir)
    marker.unlink()
    sync_folder(config.data_dir)


def _is_unfinished(config: Config) -> bool:
    """Tell whether what is there was left by a restore that was killed."""
    marker = config.data_dir / startup.UNFINISHED_RESTORE
    try:
        content = json.loads(marker.read_text())
    except (OSError, ValueError):
        return marker.exists() and not any(config.lake_dir.glob("organization=*"))
    return bool(content.get("database") == _shown(config.database_url))


def _shown(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)


def _remove_leftovers(config: Config) -> None:
    """Remove what restores have left that were killed."""
    for path in config.data_dir.glob(f"{STAGED}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
    if _is_unfinished(config):
        for name in FOLDERS:
            shutil.rmtree(config.data_dir / name, ignore_errors=True)


def _move_folder(staged: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)  # of an installation without any data
    if staged.is_dir():
        staged.rename(target)


def _move_database(staged: Path, target: Path) -> None:
    """Put a database file in its place, which may be on another disk."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for log in ("-wal", "-shm"):
        target.with_name(f"{target.name}{log}").unlink(missing_ok=True)
    if staged.stat().st_dev != target.parent.stat().st_dev:
        beside = target.with_name(f".{target.name}.restored")
        shutil.copyfile(staged, beside)
        beside.chmod(0o600)
        staged = beside
    with staged.open("rb") as file:
        os.fsync(file.fileno())
    staged.replace(target)
    sync_folder(target.parent)


def _require_room(folder: Path, size: int) -> None:
    if shutil.disk_usage(folder).free < size:
        raise NoSpace(_too_small(folder, size))


def _too_small(folder: Path, size: int) -> str:
    return (
        f"There is too little space in {folder}: {in_words(shutil.disk_usage(folder).free)} are "
        f"free, and the backup needs {in_words(size)}. Nothing was changed."
    )


class _Bytes:
    """Says how much is unpacked, at every fifth."""

    def __init__(self, header: BackupHeader, say: Say) -> None:
        self._whole, self._say = max(header.bytes_needed, 1), say
        self._done, self._fifths = 0, 0

    def add(self, size: int) -> None:
        self._done += size
        fifths = min(self._done * 5 // self._whole, 5)
        if fifths > self._fifths and self._whole > 10 * archive.CHUNK:
            self._fifths = fifths
            self._say(f"{fifths * 20}% of {in_words(self._whole)}")
