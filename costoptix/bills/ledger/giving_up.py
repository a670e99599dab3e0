"""Refuses the import of a job that failed for the last time, and says why."""

from __future__ import annotations

from sqlalchemy.orm import Session

from costoptix import events, queue
from costoptix.bounded import ChildDied
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.errors import CostOptixError, NoSpace, is_full_disk, unusable_files
from costoptix.models import UNFINISHED_STATES, Import, ImportState, Organization
from costoptix.queue import Claim

GAVE_UP = "The file could not be read: {reason} The log of the worker has more."
TRIED_OFTEN = f" It was tried {queue.MAX_ATTEMPTS} times."
ENDED = (
    "The worker was ended each time it read the file, perhaps because memory ran out: "
    "see its log, then send the file again."
)
REFUSED = "import.refused"

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
        row = session.get(Import, claim.payload["import_id"])
        if row is None or row.state not in UNFINISHED_STATES:
            return
        row.state, row.finished_at, row.error = ImportState.REFUSED, utc_now(), sentence
        tell_refused(session, row, sentence)


def tell_refused(session: Session, row: Import, sentence: str) -> None:
    """Raise the event that an import was refused, unless it was a dry run; within ``writing``."""
    if row.options.get("dry_run"):
        return
    events.raise_once(
        session,
        session.get_one(Organization, row.organization_id),
        REFUSED,
        key=f"{REFUSED}:{row.id}",
        subject_id=row.id,
        data={"import_id": row.id, "file_name": row.file_name, "sentence": sentence},
    )
