"""The files that an import has made: staged, kept while a person decides, placed in the lake.

Until they are placed they lie in a folder of ``lake/staging``; no row names them before the
transaction that makes them live. Of an import that waits they lie in the folder of the import's
id, with what was read (``_DESCRIPTION``), and are made live without reading the upload again.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from pydantic import BaseModel, ValidationError

from costoptix.bills.read.staged import Scope, Staged
from costoptix.lake.files import STAGING, delivery_folder
from costoptix.models import new_id

VERSION = 2
"""Of what is written beside kept files; those of another version are not used."""

_DESCRIPTION = "staged.json"


@dataclass(frozen=True)
class Placed:
    """A scope's files in their place in the lake, and the id of the delivery that will own them."""

    delivery_id: str
    paths: tuple[str, ...]  # within the lake, one per file of the scope, in its order


class _Kept(BaseModel):
    """What is written beside the files of an import that waits."""

    version: int
    staged: Staged


class StagedFiles:
    """The files of one import; as a context, what is neither kept nor placed is removed at its end.

    Files that were placed and whose import does not become live are orphans, which the sweep takes.
    """

    def __init__(self, organization_id: str, import_id: str, lake: Path) -> None:
        self._organization_id = organization_id
        self._lake = lake
        self._kept = lake / STAGING / import_id
        self._placed: tuple[Placed, ...] = ()
        self.folder = lake / STAGING / f"{import_id}-{new_id()}"

    def __enter__(self) -> StagedFiles:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self.folder != self._kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self) -> Path:
        """Make the empty folder that a bill is read into."""
        shutil.rmtree(self._kept, ignore_errors=True)
        self.folder.mkdir(mode=0o700, parents=True)
        return self.folder

    def recover(self) -> Staged | None:
        """Return what an earlier run has kept; None where it is not whole or of another version."""
        try:
            kept = _Kept.model_validate_json((self._kept / _DESCRIPTION).read_bytes())
            for scope in kept.staged.scopes:
                for file in scope.files:
                    if (self._kept / file.name).stat().st_size != file.size_bytes:
                        return None
        except (OSError, ValidationError):
            return None
        if kept.version != VERSION:
            return None
        self.folder = self._kept
        return kept.staged

    def keep(self, staged: Staged) -> None:
        """Leave the files for the time after a person's answer, also if the machine crashes."""
        self._take_back(staged)
        if self.folder == self._kept:
            return
        names = {Path(file.name).parts[0] for scope in staged.scopes for file in scope.files}
        for path in self.folder.iterdir():
            if path.name not in names:  # what the files were unpacked to, and the like
                _remove(path)
        for scope in staged.scopes:
            for file in scope.files:
                _sync(self.folder / file.name)
        description = self.folder / _DESCRIPTION
        description.write_text(_Kept(version=VERSION, staged=staged).model_dump_json())
        _sync(description)
        for folder in (*(self.folder / name for name in names), self.folder):
            _sync(folder)
        shutil.rmtree(self._kept, ignore_errors=True)
        self.folder.rename(self._kept)
        self.folder = self._kept
        _sync(self._kept.parent)

    def place(self, staged: Staged) -> tuple[Placed, ...]:
        """Move the files into the lake and sync them, once; nobody reads them yet."""
        if not self._placed:
            self._placed = tuple(self._place(scope) for scope in staged.scopes)
        return self._placed

    def where(self, staged: Staged, scope: Scope, name: str) -> Path:
        """Return where the file of a scope lies now: staged, or in its place in the lake."""
        if not self._placed:
            return self.folder / name
        placed = self._placed[[one.files for one in staged.scopes].index(scope.files)]
        return self._lake / placed.paths[[file.name for file in scope.files].index(name)]

    def remove(self) -> None:
        """Remove what is left of the folder: its files are live, or never will be."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _place(self, scope: Scope) -> Placed:
        delivery_id = new_id()
        folder = delivery_folder(self._organization_id, scope.billing_period, delivery_id)
        (self._lake / folder).mkdir(mode=0o700, parents=True)
        paths = []
        for file in scope.files:
            path = f"{folder}/{Path(file.name).name}"
            _sync(self.folder / file.name)
            (self.folder / file.name).rename(self._lake / path)
            paths.append(path)
        for part in (self._lake / folder, *(self._lake / folder).parents[:3]):
            _sync(part)
        return Placed(delivery_id, tuple(paths))

    def _take_back(self, staged: Staged) -> None:
        """Move placed files to where they were staged: they are not to become live now."""
        for scope, placed in zip(staged.scopes, self._placed, strict=False):
            for file, path in zip(scope.files, placed.paths, strict=True):
                (self._lake / path).rename(self.folder / file.name)
            for folder in {(self._lake / path).parent for path in placed.paths}:
                shutil.rmtree(folder, ignore_errors=True)
        self._placed = ()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
