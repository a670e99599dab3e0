"""What is held for a while only, renewed from a thread while a block runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from sqlalchemy.exc import SQLAlchemyError

LAST_RENEWAL_SECONDS = 15.0
"""How long the end of the block waits for a renewal that is under way."""

logger = logging.getLogger(__name__)


@contextmanager
def renewing(name: str, what: str, seconds: float, renew: Callable[[], bool]) -> Iterator[None]:
    """Call ``renew`` every so many seconds until the block ends, or until it returns False.

    It needs a session of its own: the block's may be in the middle of a transaction. ``name`` is
    the thread's, and ``what`` stands in the log where a renewal fails; the next one may do.
    """
    ended = Event()

    def run() -> None:
        while not ended.wait(seconds):
            try:
                if not renew():
                    return
            except SQLAlchemyError as error:  # locked or gone for a while
                logger.warning("%s was not renewed: %s", what, error)

    thread = Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(LAST_RENEWAL_SECONDS)
