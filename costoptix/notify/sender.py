"""The worker's threads that send: beside its jobs, so that neither waits for the other.

A job that waits for the network would hold up every import, and an import every alert. One thread
looks for what is due and hands each lane to a thread of its own; an endpoint that hangs keeps one
of them for as long as an exchange may take.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Self

from sqlalchemy.orm import Session

from config import Config
from costoptix.notify import deliver, dispatches
from costoptix.notify.deliver import Lane

LANES = 16
"""So many channels are sent to at once."""

LOOK_SECONDS = 1.0
RECOVERY_SECONDS = 5.0
LAST_SECONDS = 5.0
"""How long the end of the worker waits for what is being sent; what is not noted is sent again."""

logger = logging.getLogger(__name__)


class Sender:
    """Sends while the block lasts."""

    def __init__(self, sessions: Callable[[], Session], config: Config) -> None:
        self._sessions = sessions
        self._config = config
        self._ending = threading.Event()
        self._changed = threading.Condition()
        self._busy: set[str] = set()
        self._is_broken = False
        self._thread = threading.Thread(target=self._look, name="sender", daemon=True)

    def __enter__(self) -> Self:
        """Begin to send."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Begin nothing more, and wait a while for what is being sent."""
        self._ending.set()
        self._thread.join(LAST_SECONDS)
        with self._changed:
            self._changed.wait_for(lambda: not self._busy, LAST_SECONDS)

    def drain(self) -> None:
        """Send what is due until nothing is, or something breaks it off; without the thread."""
        while not self._is_broken:
            if self._step():
                continue
            with self._changed:
                if not self._busy:
                    return
                self._changed.wait(LOOK_SECONDS)
        with self._changed:
            self._changed.wait_for(lambda: not self._busy)

    def _look(self) -> None:
        while not self._ending.is_set():
            pause = LOOK_SECONDS
            try:
                while not self._ending.is_set() and self._step():
                    pass
            except Exception as error:  # the database is locked, or gone for a while
                logger.warning("what is to be sent could not be looked for: %s", error)
                pause = RECOVERY_SECONDS
            self._ending.wait(pause)

    def _step(self) -> bool:
        """Hand on events, and one lane to a thread; return whether there was anything to do."""
        with self._sessions() as session:
            was_any = dispatches.hand_on(session) > 0
            lane = self._take(session)
        if lane is not None:
            threading.Thread(
                target=self._send, args=(lane,), name=f"lane {lane.channel_id}", daemon=True
            ).start()
        return was_any or lane is not None

    def _take(self, session: Session) -> Lane | None:
        with self._changed:
            if len(self._busy) >= LANES:
                return None
            busy = frozenset(self._busy)
        lane = deliver.next_lane(session, busy)
        if lane is not None:
            with self._changed:
                self._busy.add(lane.channel_id)
        return lane

    def _send(self, lane: Lane) -> None:
        try:
            with self._sessions() as session:
                deliver.send_due(session, lane, self._config)
        except Exception as error:  # what was not noted is sent again when the lease has ended
            self._is_broken = True
            logger.warning("channel %s: sending was broken off: %s", lane.channel_id, error)
        finally:
            with self._changed:
                self._busy.discard(lane.channel_id)
                self._changed.notify_all()
