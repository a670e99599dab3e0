"""``Idempotency-Key``: the same POST twice has one effect and one answer, for 24 hours."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import orjson
from flask import Response
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from costoptix.access.idempotency import is_void
from costoptix.api.answers import JSON, to_json
from costoptix.clock import utc_now
from costoptix.database import noted, writing
from costoptix.errors import Conflict, Invalid
from costoptix.models import IdempotencyRecord, new_id

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
STILL_RUNNING = f"A request with this {HEADER} is still running; try again later."
LOST = timedelta(minutes=1)
"""After its last change a request answers at once: so long after it, its answer is lost."""
WAIT_SECONDS = 2.0
"""For a twin that is about to answer; most do within a few milliseconds."""
POLL_SECONDS = 0.02
LONGEST_KEY = 255
_KEPT_HEADERS = ("Location",)
_QUIETLY = {"synchronize_session": False}


class Once:
    """One POST with an ``Idempotency-Key``, and how it is answered.

    ``digest`` tells its request from others under the same key; ``secret`` is the field of
    ``data`` that no replay may show. The body of an upload is known when its view has read it.
    """

    def __init__(
        self,
        session: Session,
        organization_id: str,
        key: str,
        digest: Callable[[], str],
        secrets: tuple[str, ...],
        *,
        is_upload: bool = False,
    ) -> None:
        if not 1 <= len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
            raise Invalid(f"The header {HEADER} must have 1 to {LONGEST_KEY} ASCII characters.")
        self._session = session
        self._organization_id = organization_id
        self._key = key
        self._digest = digest
        self._secrets = secrets
        self._is_upload = is_upload

    def answer(self, view: Callable[[], Response]) -> Response:
        """Answer by the view, or by replay.

        The claim is committed first and the answer last: the view holds no lock in between. What
        it changes is noted in the same transaction, so that a request that was killed, or failed,
        after its effect is never carried out again. One that had none can be sent again: at once
        after a failure, after ``ABANDONED`` when it was killed.

        Raises:
            Conflict: the twin is still running or its answer is lost, or the key was used for
                another request.
        """
        record_id = self._claim()
        if record_id is None:
            return self._replay()
        try:
            with noted(self._session, lambda: self._note(record_id)):
                response = view()
        except BaseException:
            self._give_back(record_id)
            raise
        self._keep(record_id, response)
        return response

    def _claim(self) -> str | None:
        """Add the record and return its id; None when there is one already."""
        record_id = new_id()
        digest = "" if self._is_upload else self._digest()
        with writing(self._session):
            self._session.execute(
                delete(IdempotencyRecord).where(self._mine(), is_void(utc_now())), _QUIETLY
            )
            if self._session.scalar(select(IdempotencyRecord.id).where(self._mine())) is not None:
                return None
            record = IdempotencyRecord(
                id=record_id,
                organization_id=self._organization_id,
                key=self._key,
                request_digest=digest,
            )
            try:
                with self._session.begin_nested():  # PostgreSQL: waits for the commit of a twin's
                    self._session.add(record)
            except IntegrityError:
                return None
        return record_id

    def _mine(self) -> ColumnElement[bool]:
        return (IdempotencyRecord.organization_id == self._organization_id) & (
            IdempotencyRecord.key == self._key
        )

    def _note(self, record_id: str) -> None:
        """Write that the request changed something, in the transaction that does."""
        self._session.execute(
            update(IdempotencyRecord)
            .where(IdempotencyRecord.id == record_id)
            .values(carried_out_at=utc_now()),
            _QUIETLY,
        )

    def _give_back(self, record_id: str) -> None:
        """Forget a request that failed, unless it has changed something before."""
        self._session.rollback()
        with writing(self._session):
            self._session.execute(
                delete(IdempotencyRecord).where(
                    IdempotencyRecord.id == record_id, IdempotencyRecord.carried_out_at.is_(None)
                ),
                _QUIETLY,
            )

    def _replay(self) -> Response:
        record = self._answered()
        if record is None:  # it failed meanwhile
            raise Conflict(STILL_RUNNING)
        if self._is_another(record):
            raise Conflict(f"This {HEADER} was used for another request; choose a new one.")
        if record.status is None:
            raise Conflict(_of_no_answer(record))
        headers = (record.headers or {}) | {REPLAYED: "true"}
        return Response(record.body or "", record.status, headers=headers, content_type=JSON)

    def _answered(self) -> IdempotencyRecord | None:
        """Return the twin's record, once it has its answer; or there is none to wait for."""
        until = time.monotonic() + WAIT_SECONDS
        while True:
            record = self._session.scalar(
                select(IdempotencyRecord)
                .where(self._mine())
                .execution_options(populate_existing=True)
            )
            self._session.rollback()
            if record is None or record.status is not None or self._is_another(record):
                return record
            if record.created_at < utc_now() - LOST or time.monotonic() >= until:
                return record
            time.sleep(POLL_SECONDS)

    def _is_another(self, record: IdempotencyRecord) -> bool:
        """Tell whether a record is of another request, as far as that is known yet."""
        return record.request_digest not in ("", self._digest())

    def _keep(self, record_id: str, response: Response) -> None:
        values = {
            "request_digest": self._digest(),
            "status": response.status_code,
            "headers": {
                name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers
            },
            "body": self._without_secret(response.get_data()).decode(),
        }
        with writing(self._session):
            self._session.execute(
                update(IdempotencyRecord).where(IdempotencyRecord.id == record_id).values(**values),
                _QUIETLY,
            )

    def _without_secret(self, body: bytes) -> bytes:
        if not self._secrets:
            return body
        envelope = orjson.loads(body)
        envelope["data"] |= dict.fromkeys(self._secrets)
        return to_json(envelope)


def _of_no_answer(record: IdempotencyRecord) -> str:
    if record.carried_out_at is None or record.carried_out_at > utc_now() - LOST:
        return STILL_RUNNING
    return (
        f"The request with this {HEADER} was carried out, but its answer was lost: look at what it "
        "changed, and send it with a new key to do it again."
    )
