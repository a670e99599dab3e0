"""A job in a bounded process of its own: what the table of ``jobs.py`` says is heavy.

The child has a session and an engine of its own, and the parent's token: what it writes counts
only while the job is the parent's.
"""

from __future__ import annotations

import logging

from pydantic import BaseModel
from sqlalchemy.orm import Session

from config import Config
from costoptix import bounded, clock, jobs, logs
from costoptix.database import open_engine
from costoptix.errors import CostOptixError, Invalid, NoSpace
from costoptix.queue import Claim, LeaseLost

TOO_MUCH_MEMORY = "It needs more memory than a job may use."

logger = logging.getLogger(__name__)


class JobRequest(BaseModel):
    """The job, the configuration of the parent and its clock."""

    claim: Claim
    config: Config
    now: str | None


class JobReply(BaseModel):
    """How the job ended; nothing is set when it is done."""

    is_lost: bool = False
    no_space: str | None = None
    refused: str | None = None
    failure: str | None = None


class JobFailed(Exception):
    """The job raised something that is not ours to name; its trace is in the log."""


def run(claim: Claim, config: Config) -> None:
    """Do a job in a child process.

    Raises:
        LeaseLost: another worker has the job now.
        NoSpace, Invalid: as the job raised it.
        JobFailed: the job raised something else, or needs too much memory.
        ChildDied: the child was killed.
    """
    request = JobRequest(claim=claim, config=config, now=clock.setting())
    reply = bounded.ask(__name__, request.model_dump_json(), JobReply.model_validate_json)
    if reply.is_lost:
        raise LeaseLost(claim.id)
    if reply.no_space is not None:
        raise NoSpace(reply.no_space)
    if reply.refused is not None:
        raise Invalid(reply.refused)
    if reply.failure is not None:
        raise JobFailed(reply.failure)


def main() -> None:
    """Do the job that standard input names."""
    request = JobRequest.model_validate_json(bounded.begin())
    clock.configure(request.now)
    logs.configure(request.config)
    bounded.say(_answer(request.claim, request.config).model_dump_json())


def _answer(claim: Claim, config: Config) -> JobReply:
    try:
        with Session(open_engine(config.database_url), expire_on_commit=False) as session:
            jobs.KINDS[claim.kind].run(session, claim, config)
    except LeaseLost:
        return JobReply(is_lost=True)
    except NoSpace as error:
        return JobReply(no_space=error.sentence)
    except CostOptixError as error:
        return JobReply(refused=error.sentence)
    except MemoryError:
        return JobReply(failure=TOO_MUCH_MEMORY)
    except Exception as error:
        logger.exception("job %s (%s) failed", claim.id, claim.kind)
        return JobReply(failure=f"{type(error).__name__}: {error}")
    return JobReply()


if __name__ == "__main__":
    main()
