"""A folder that has its name only when it is whole: on the disk, with all that was to be in it."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from costoptix.errors import Conflict, NoSpace, is_full_disk

_UNFINISHED = ".{name}.costoptix-unfinished"
"""Beside the folder, hidden; what a killed process has left of it the next one removes."""


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes ``folder`` when the block ends well, else is removed.

    ``folder`` is new or empty; an empty one gives it its mode, a new one is for its owner alone.

    Raises:
        Conflict: ``folder`` is something else, lies nowhere, or is being written already.
        NoSpace: the disk is full.
    """
    folder = folder.resolve()
    mode = _mode_of(folder)
    unfinished = folder.with_name(_UNFINISHED.format(name=folder.name))
    try:
        with _locked(unfinished, folder):
            empty(unfinished)
            try:
                yield unfinished
                unfinished.chmod(mode)
                _sync_folders(unfinished)
                unfinished.rename(folder)
                _sync(folder.parent)
            except BaseException:
                shutil.rmtree(unfinished, ignore_errors=True)
                raise
    except OSError as error:
        if is_full_disk(error):
            raise NoSpace(f"There is no space left in {folder.parent}: nothing is kept.") from None
        raise


def empty(folder: Path) -> None:
    """Remove what is in a folder."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _mode_of(folder: Path) -> int:
    """Return the mode that a folder is to have, where one can be written."""
    if not folder.parent.is_dir():
        raise Conflict(f"The folder {folder.parent} is not there: make it first.")
    if not folder.exists():
        return 0o700
    if not folder.is_dir() or any(folder.iterdir()):
        raise Conflict(f"{folder} is not an empty folder: name an empty or a new one.")
    return folder.stat().st_mode & 0o7777


@contextmanager
def _locked(unfinished: Path, folder: Path) -> Iterator[None]:
    """Make the unfinished folder, or take one that was left; hold it for this process alone."""
    unfinished.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(unfinished, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The other may have ended, and its folder have its name, before it was locked here.
            is_ours = os.path.samestat(os.fstat(handle), unfinished.stat())
        except (BlockingIOError, FileNotFoundError):
            is_ours = False
        if not is_ours:
            raise Conflict(f"{folder} is being written by another process.")
        yield
    finally:
        os.close(handle)


def _sync_folders(top: Path) -> None:
    """Have the disk keep the names in all folders; the files were synced when they were closed."""
    for path, _folders, _files in os.walk(top):
        _sync(Path(path))


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
