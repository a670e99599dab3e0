"""The last word on an import whose job failed each time."""

from __future__ import annotations

import errno
import io

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import queue
from costoptix.access.permissions import Caller
from costoptix.bills.intake import receive
from costoptix.bills.ledger import giving_up
from costoptix.errors import NoSpace
from costoptix.models import Event, Import, Organization


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("disk on fire\nmore"), "RuntimeError: disk on fire."),
        (OSError(errno.ENOSPC, "No space left on device"), NoSpace().sentence),
        (queue.Abandoned(), giving_up.ENDED),
    ],
)
def test_the_true_reason_is_written_down(
    session: Session, acme: Organization, operator: Caller, config, error: Exception, words: str
) -> None:
    ((row, job),) = receive.receive(
        session, acme, operator, [receive.Sent(io.BytesIO(b"a,b\n"), "a.csv")],
        uploads_dir=config.uploads_dir, max_bytes=1 << 20,
    )  # fmt: skip
    claim = queue.claim(session, job.id)
    assert claim is not None
    giving_up.give_up(session, claim, error)
    session.refresh(row)
    assert isinstance(row, Import)
    assert row.state == "refused"
    assert words in str(row.error)
    (event,) = session.scalars(select(Event).where(Event.name == "import.refused"))
    assert (event.data["import_id"], event.data["sentence"]) == (row.id, row.error)
    giving_up.give_up(session, claim, error)
    assert len(session.scalars(select(Event)).all()) == 1
