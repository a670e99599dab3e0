"""Refuses the import of a job that failed for the last time, and says why."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from costoptix import queue
from costoptix.bounded import ChildDied
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.errors import CostOptixError, NoSpace, is_full_disk, unusable_files
from costoptix.models import UNFINISHED_STATES, Import, ImportState
from costoptix.queue import Claim

GAVE_UP = "The file could not be read: {reason} The log of the worker has more."
TRIED_OFTEN = f" It was tried {queue.MAX_ATTEMPTS} times."
ENDED = (
    "The worker was ended each time it read the file, perhaps because memory ran out: "
    "see its log, then send the file again."
)


_SHOWN_CHARACTERS = 200


def give_up(session: Session, claim: Claim, error: Exception) -> None:
    """Refuse the import of a job that failed for the last time, so that nobody waits for it."""
    if is_full_disk(error) and not isinstance(error, NoSpace):
        error = NoSpace()
    match error:
        case CostOptixError():
            sentence = error.sentence
        case ChildDied():
            sentence = GAVE_UP.format(reason=error.sentence + TRIED_OFTEN)
        case queue.Abandoned():
            sentence = ENDED
        case OSError():
            sentence = GAVE_UP.format(reason=unusable_files(error) + TRIED_OFTEN)
        case _:
            words = f"{type(error).__name__}: {error}".partition("\n")[0]
            sentence = GAVE_UP.format(reason=words[:_SHOWN_CHARACTERS].rstrip(".") + ".")
    with writing(session):
        session.execute(
            update(Import)
            .where(
                Import.id == claim.payload["import_id"],
                Import.state.in_(UNFINISHED_STATES),
            )
            .values(state=ImportState.REFUSED, finished_at=utc_now(), error=sentence)
        )
