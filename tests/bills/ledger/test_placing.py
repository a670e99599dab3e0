"""What an import that waits for a person has made is kept, and becomes live at once after it."""

from __future__ import annotations

import os
import shutil
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from config import Config
from costoptix import queue
from costoptix.access.permissions import Caller
from costoptix.bills.ledger import housekeeping, importer, orphans, questions
from costoptix.bills.ledger.questions import Decision
from costoptix.bills.read.load import load
from costoptix.lake.files import STAGING
from costoptix.models import Import, Organization
from tests.bills.bill import write
from tests.support.bills import TakeIn

UNREADABLE = write([{"BilledCost": "1"}] * 18 + [{"BilledCost": "NaN"}])


def answer(
    session: Session, acme: Organization, operator: Caller, config: Config, row: Import, read,
    decision: Decision = Decision.REPLACE,
) -> Import:  # fmt: skip
    """Decide, and do the job that this makes due as a worker that has begun anew does it."""
    questions.decide(session, operator, row, decision)
    session.expire_all()
    while (claim := queue.claim(session)) is not None:
        if "import_id" in claim.payload:
            importer.run(session, claim, config, read=read)
        queue.finish(session, claim)
    return session.get_one(Import, row.id)


def never(*_arguments: object) -> None:
    raise AssertionError("the upload is read again")


def staged_of(config: Config, row: Import) -> list[Path]:
    return list((config.lake_dir / STAGING).glob(f"{row.id}*"))


def make_old(path: Path, age: timedelta) -> None:
    instant = time.time() - age.total_seconds()
    for each in (path, *path.rglob("*")):
        os.utime(each, (instant, instant))


def test_after_a_decision_the_file_is_not_read_again(
    take_in: TakeIn, billed, session: Session, acme: Organization, operator: Caller, config: Config
) -> None:
    row = take_in(UNREADABLE)
    assert row.state == "waiting"
    row = answer(session, acme, operator, config, row, never)
    assert (row.state, row.rows_kept, row.rows_rejected) == ("live", 18, 1)
    assert billed() == 18
    assert staged_of(config, row) == []
    assert not (config.uploads_dir / row.stored_name).exists()


def test_a_file_that_asks_two_questions_is_read_once(
    take_in: TakeIn, billed, session: Session, acme: Organization, operator: Caller, config: Config
) -> None:
    take_in(write([{"BilledCost": "1000"}]))
    row = take_in(UNREADABLE)
    row = answer(session, acme, operator, config, row, never)
    assert row.state == "waiting"  # it would take away most of the month
    row = answer(session, acme, operator, config, row, never)
    assert row.state == "live"
    assert billed() == 18


def test_the_sweep_keeps_what_an_import_that_waits_has_made_for_some_days(
    take_in: TakeIn, session: Session, config: Config
) -> None:
    row = take_in(UNREADABLE)
    (folder,) = staged_of(config, row)
    make_old(folder, orphans.STAGED_KEPT - timedelta(hours=1))
    housekeeping.sweep(session, config)
    assert staged_of(config, row) == [folder]
    make_old(folder, orphans.STAGED_KEPT + timedelta(hours=1))
    housekeeping.sweep(session, config)
    assert staged_of(config, row) == []


def test_what_an_import_has_made_is_swept_once_it_is_discarded(
    take_in: TakeIn, session: Session, acme: Organization, operator: Caller, config: Config
) -> None:
    row = take_in(UNREADABLE)
    (folder,) = staged_of(config, row)
    questions.decide(session, operator, row, Decision.DISCARD)
    make_old(folder, orphans.GRACE + timedelta(hours=1))
    housekeeping.sweep(session, config)
    assert staged_of(config, row) == []


def _take_all_away(folder: Path) -> None:
    shutil.rmtree(folder)


def _take_a_file_away(folder: Path) -> None:
    next(folder.rglob("*.parquet")).unlink()


def _cut_a_file(folder: Path) -> None:
    path = next(folder.rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-1])


def _write_as_another_version(folder: Path) -> None:
    for path in folder.glob("*.json"):
        path.write_text('{"version": 0}')


@pytest.mark.parametrize(
    "damage", [_take_all_away, _take_a_file_away, _cut_a_file, _write_as_another_version]
)
def test_where_what_was_made_is_not_whole_any_more_the_file_is_read_again(
    take_in: TakeIn, billed, session: Session, acme: Organization, operator: Caller,
    config: Config, damage,
) -> None:  # fmt: skip
    row = take_in(UNREADABLE)
    (folder,) = staged_of(config, row)
    damage(folder)
    row = answer(session, acme, operator, config, row, load)
    assert (row.state, billed()) == ("live", 18)
    assert staged_of(config, row) == []
