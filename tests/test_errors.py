"""Each refusal has a status and a sentence; a full disk is known whoever says it."""

from __future__ import annotations

import errno
import sqlite3

import pytest

from costoptix import errors
from costoptix.access.api_keys import DeadKey
from costoptix.errors import CostOptixError


def kinds(of: type[CostOptixError] = CostOptixError) -> list[type[CostOptixError]]:
    return [kind for each in of.__subclasses__() for kind in (each, *kinds(each))]


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_refusal_has_a_status_of_its_own_and_keeps_its_sentence(
    kind: type[CostOptixError],
) -> None:
    assert 400 <= kind.status < 600
    told = kind("It is full.", *([None] if kind is DeadKey else []))  # which also says whose it was
    assert told.sentence == str(told) == "It is full."


def test_an_error_of_no_kind_is_ours() -> None:
    assert CostOptixError("x").status == 500


@pytest.mark.parametrize(
    ("error", "is_full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (sqlite3.OperationalError("database or disk is full"), True),
        (sqlite3.OperationalError("database is locked"), False),
        (RuntimeError("IO Error: No space left on device"), True),
    ],
)
def test_a_full_disk_is_known_whoever_says_it(error: BaseException, is_full: bool) -> None:
    assert errors.is_full_disk(error) is is_full
