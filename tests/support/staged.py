"""What reading a bill has staged: charges and rejected rows."""

from __future__ import annotations

from pathlib import Path

import duckdb

from costoptix.bills.read import rejections
from costoptix.bills.read.rejections import Rejection
from costoptix.bills.read.staged import Staged


def charges(staged: Staged, folder: Path) -> str:
    """Return the table function of every stored charge."""
    names = [
        str(folder / file.name)
        for scope in staged.scopes for file in scope.files if file.kind == "charges"
    ]  # fmt: skip
    return f"read_parquet({names})"


def stored(staged: Staged, folder: Path, columns: str) -> list[tuple[object, ...]]:
    """Return these columns of every stored charge."""
    return duckdb.sql(f"SELECT {columns} FROM {charges(staged, folder)} ORDER BY ALL").fetchall()


def rejected(folder: Path) -> list[Rejection]:
    """Return the rejected rows."""
    return list(rejections.read(folder / rejections.FILE_NAME))
