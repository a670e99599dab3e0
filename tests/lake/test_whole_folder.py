"""A folder has its name when it is whole, and nothing is lost that lay there."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from costoptix.errors import Conflict, NoSpace
from costoptix.lake.whole_folder import whole_folder

KILLED = """
import os, sys
from pathlib import Path
from costoptix.lake.whole_folder import whole_folder
with whole_folder(Path(sys.argv[1])) as folder:
    (folder / "part").write_text("half")
    os.kill(os.getpid(), 9)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_is_for_its_owner_alone_and_appears_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "tree"
    with whole_folder(target) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text("x")
        assert not target.exists()
    assert names(tmp_path) == ["tree"]
    assert names(target) == ["deep"]
    assert target.stat().st_mode & 0o777 == 0o700


def test_an_empty_folder_keeps_its_mode(tmp_path: Path) -> None:
    target = tmp_path / "tree"
    target.mkdir()
    target.chmod(0o755)
    with whole_folder(target) as folder:
        (folder / "file").write_text("x")
    assert names(target) == ["file"]
    assert target.stat().st_mode & 0o777 == 0o755


def test_what_is_there_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    (tmp_path / "file").write_text("x")
    for target in (tmp_path / "full", tmp_path / "file", tmp_path / "none" / "tree"):
        with pytest.raises(Conflict), whole_folder(target):
            raise AssertionError(target)
    assert names(tmp_path) == ["file", "full"]


def test_one_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(NoSpace), whole_folder(tmp_path / "tree") as folder:
        (folder / "part").write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert names(tmp_path) == []


def test_two_at_once_are_told_so(tmp_path: Path) -> None:
    refused = pytest.raises(Conflict, match="another process")
    with whole_folder(tmp_path / "tree"), refused, whole_folder(tmp_path / "tree"):
        raise AssertionError
    assert names(tmp_path) == ["tree"]


def test_one_that_was_killed_never_has_the_name_and_is_removed_by_the_next(tmp_path: Path) -> None:
    target = tmp_path / "tree"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(target)], timeout=60)
    assert killed.returncode == -9
    assert names(tmp_path) == [".tree.costoptix-unfinished"]
    with whole_folder(target) as folder:
        (folder / "whole").write_text("x")
    assert names(tmp_path) == ["tree"]
    assert names(target) == ["whole"]
