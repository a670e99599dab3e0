"""The machine under the installation: disk, rights, clock, versions."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import metadata
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import Config
from costoptix.backup import sqlite
from costoptix.backup.making import in_words
from costoptix.clock import utc_now
from costoptix.doctor.trouble import Installation, Trouble
from costoptix.models import AuditEntry, Import, Job, WorkerHeartbeat

LEAST_FREE = 1 << 30
"""Bytes: an import of the largest file, and some days of growth."""

AHEAD = timedelta(minutes=2)
"""By how much clocks of several machines may differ."""

OTHERS = 0o077
REQUIREMENTS = Path(__file__).parents[2] / "requirements.txt"
_PINNED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^ ;\\]+)(?:\s*;\s*([^\\]*\S))?", re.M)


def disk(installation: Installation) -> Iterator[Trouble]:
    """Find disks that are nearly full."""
    seen = set()
    for folder in _folders(installation.config):
        if not folder.exists() or (device := folder.stat().st_dev) in seen:
            continue
        seen.add(device)
        usage = shutil.disk_usage(folder)
        if usage.free < min(LEAST_FREE, usage.total // 10):
            yield Trouble(
                f"Only {in_words(usage.free)} of {in_words(usage.total)} are free in {folder}.",
                "Free space or enlarge the disk; imports wait until there is some.",
            )
        inodes = os.statvfs(folder)
        if inodes.f_files and inodes.f_favail < inodes.f_files // 50:
            yield Trouble(
                f"The disk of {folder} has room for {inodes.f_favail} more files only.",
                "Remove files that nothing needs: df -i tells where they are.",
            )


def rights(installation: Installation) -> Iterator[Trouble]:
    """Find what belongs to another account, others may read, or cannot be written to."""
    for folder in _folders(installation.config):
        if folder.exists():
            yield from _of_folder(folder)
    for file in _secret_files(installation.config):
        if file.exists() and stat.S_IMODE(file.stat().st_mode) & OTHERS:
            yield Trouble(f"Other accounts may read {file}.", f"chmod 600 {file}")
    for path in (*_folders(installation.config), *_secret_files(installation.config)):
        if path.exists() and path.stat().st_uid != os.geteuid():
            yield Trouble(
                f"{path} belongs to the account {path.stat().st_uid}, not to {os.geteuid()}, which "
                "runs this command.",
                f"Run it as the account of the service, or: chown -R {os.geteuid()} {path}",
            )


def clock(installation: Installation) -> Iterator[Trouble]:
    """Find rows of the future: the clock was ahead, or has jumped back."""
    now = utc_now()
    with Session(installation.engine) as session:
        newest = {what: session.scalar(select(func.max(column))) for what, column in _INSTANTS}
    for what, instant in newest.items():
        if isinstance(instant, datetime) and instant > now + AHEAD:
            minutes = int((instant - now).total_seconds() // 60)
            yield Trouble(
                f"The newest {what} is {minutes} minutes ahead of this machine's clock "
                f"({now:%Y-%m-%d %H:%M} UTC).",
                "Set the clock (timedatectl set-ntp true); until it has passed, days, expiries and "
                "the order of deliveries may be wrong.",
            )
            return


def versions(_installation: Installation) -> Iterator[Trouble]:
    """Find packages of another version than the one that was tested."""
    if not REQUIREMENTS.exists():
        return
    pinned: defaultdict[str, list[str]] = defaultdict(list)  # by Python, a package may be of two
    optional = set()
    for name, version, marker in _PINNED.findall(REQUIREMENTS.read_text()):
        pinned[name].append(version)
        if marker:
            optional.add(name)
    wrong = []
    for name, tested in pinned.items():
        installed = _installed(name)
        if installed not in tested and (installed or name not in optional):
            wrong.append(f"{name} {installed or 'missing'} instead of {' or '.join(tested)}")
    if wrong:
        yield Trouble(
            f"Packages are not those of requirements.txt: {', '.join(wrong[:5])}"
            + (f" and {len(wrong) - 5} more." if len(wrong) > 5 else "."),
            ".venv/bin/pip install --require-hashes -r requirements.txt",
        )


_INSTANTS = (
    ("import", Import.created_at),
    ("audit entry", AuditEntry.at),
    ("job", Job.created_at),
    ("sign of a worker", WorkerHeartbeat.seen_at),
)


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _of_folder(folder: Path) -> Iterator[Trouble]:
    if stat.S_IMODE(folder.stat().st_mode) & OTHERS and not _is_within_private(folder):
        yield Trouble(f"Other accounts may look into {folder}.", f"chmod 700 {folder}")
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        yield Trouble(
            f"{folder} cannot be written to: {error.strerror or error}.",
            "Mount it for writing, free space, or give it to the account of the service.",
        )


def _is_within_private(folder: Path) -> bool:
    return any(not stat.S_IMODE(parent.stat().st_mode) & OTHERS for parent in folder.parents)


def _folders(config: Config) -> list[Path]:
    folders = [config.data_dir, config.lake_dir, config.uploads_dir, config.temp_dir]
    files = (sqlite.file_of(config.database_url), sqlite.file_of(config.quota_url))
    others = [file.parent for file in files if file is not None]
    return list(dict.fromkeys((*folders, *others)))


def _secret_files(config: Config) -> list[Path]:
    files = (sqlite.file_of(config.database_url), sqlite.file_of(config.quota_url))
    return [config.data_dir / "secret_key", *(file for file in files if file is not None)]
