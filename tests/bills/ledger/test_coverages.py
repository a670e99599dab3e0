"""Where the coverage of what is compared comes from."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from config import Config
from costoptix.bills.ledger import questions
from costoptix.bills.ledger.questions import Kind
from costoptix.models import DeliveryFile
from tests.bills.bill import write
from tests.support.bills import TakeIn

HALVES = [
    write([{"ChargePeriodStart": f"2026-03-{day:02}T05:00:00Z"} for day in days])
    for days in (range(1, 16), range(16, 31))
]


@pytest.mark.usefixtures("always_rolled_up")
def test_a_delivery_of_before_there_was_coverage_is_compared_by_its_roll_up(
    take_in: TakeIn, billed, session: Session
) -> None:
    take_in(HALVES[0], source_name="s")
    session.execute(delete(DeliveryFile).where(DeliveryFile.kind == "coverage"))
    session.commit()
    row = take_in(HALVES[1], source_name="s")
    question = questions.question_of(row)
    assert question is not None
    assert (question.kind, billed()) == (Kind.PART, 15)


@pytest.mark.parametrize("damage", ["remove", "cut"])
def test_a_delivery_whose_files_are_gone_is_asked_about_rather_than_lost(
    take_in: TakeIn, session: Session, config: Config, damage: str
) -> None:
    take_in(HALVES[0], source_name="s")
    kinds = DeliveryFile.kind.in_(("coverage", "daily"))
    for path in session.scalars(select(DeliveryFile.path).where(kinds)):
        file = config.lake_dir / path
        file.unlink() if damage == "remove" else file.write_bytes(file.read_bytes()[:99])
    assert take_in(HALVES[1], source_name="s").state == "waiting"
