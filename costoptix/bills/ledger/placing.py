"""Moving staged files to their place in the lake, where no row names them yet."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from costoptix.bills.read.staged import Scope, Staged
from costoptix.lake.files import delivery_folder
from costoptix.models import new_id


@dataclass(frozen=True)
class Placed:
    """A scope's files in their place in the lake, and the id of the delivery that will own them."""

    delivery_id: str
    scope: Scope
    paths: tuple[str, ...]  # within the lake, one per scope.files


def place(organization_id: str, staged: Staged, staging: Path, lake: Path) -> tuple[Placed, ...]:
    """Move the staged files into the lake and sync them; nobody reads them yet."""
    return tuple(_place(organization_id, scope, staging, lake) for scope in staged.scopes)


def _place(organization_id: str, scope: Scope, staging: Path, lake: Path) -> Placed:
    delivery_id = new_id()
    folder = delivery_folder(organization_id, scope.billing_period, delivery_id)
    (lake / folder).mkdir(mode=0o700, parents=True)
    paths = []
    for file in scope.files:
        path = f"{folder}/{Path(file.name).name}"
        _sync(staging / file.name)
        (staging / file.name).rename(lake / path)
        paths.append(path)
    for part in (lake / folder, *(lake / folder).parents[:3]):
        _sync(part)
    return Placed(delivery_id, scope, tuple(paths))


def remove(placed: Iterable[Placed], lake: Path) -> None:
    """Take back what was placed, where it is not to go live."""
    for path in {(lake / path).parent for each in placed for path in each.paths}:
        shutil.rmtree(path, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
