"""The lease of a job, renewed from a thread while the job runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from costoptix import queue
from costoptix.queue import Claim
from costoptix.renewal import renewing


@contextmanager
def kept(bind: Engine | Connection, claim: Claim) -> Iterator[None]:
    """Renew the lease of a job every ``queue.RENEW_SECONDS`` until the block ends.

    What the job holds up (the interpreter, the database) holds the renewal up as well; should the
    lease end meanwhile, another worker may take the job, and ``queue.hold`` says so to this one.
    """

    def renew() -> bool:
        with Session(bind) as session:
            return queue.extend(session, claim)

    with renewing("lease", f"the lease of job {claim.id}", queue.RENEW_SECONDS, renew):
        yield
