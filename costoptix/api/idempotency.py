"""``Idempotency-Key``: the same POST twice has one effect and one answer, for 24 hours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import orjson
from flask import Response
from sqlalchemy import and_, delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from costoptix.api.answers import JSON, to_json
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.errors import Conflict, Invalid
from costoptix.models import IdempotencyRecord

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT = timedelta(hours=24)
ABANDONED = timedelta(hours=1)
"""After this time a twin that never answered was killed, and its claim is void."""
LONGEST_KEY = 255
_KEPT_HEADERS = ("Location",)


class Once:
    """One POST with an ``Idempotency-Key``, and how it is answered.

    ``digest`` tells its request from others under the same key; ``secret`` is the field of
    ``data`` that no replay may show.
    """

    def __init__(
        self,
        session: Session,
        organization_id: str,
        key: str,
        digest: Callable[[], str],
        secret: str | None,
    ) -> None:
        if not 1 <= len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
            raise Invalid(f"The header {HEADER} must have 1 to {LONGEST_KEY} ASCII characters.")
        self._session = session
        self._organization_id = organization_id
        self._key = key
        self._digest = digest
        self._secret = secret

    def answer(self, view: Callable[[], Response]) -> Response:
        """Answer by the view or by replay: effect and record are one transaction.

        A twin at the same time waits for the first to commit, and replays its answer.
        """
        with writing(self._session):
            record = self._claim()
            if record is None:
                return self._replay()
            response = view()
            self._keep(record, response)
        return response

    def answer_slowly(self, view: Callable[[], Response]) -> Response:
        """Answer by a view that takes long: the claim is committed first.

        Raises:
            Conflict: the twin is still running.
        """
        with writing(self._session):
            record = self._claim()
        if record is None:
            return self._replay()
        try:
            response = view()
        except BaseException:
            with writing(self._session):
                self._session.delete(record)
            raise
        with writing(self._session):
            self._keep(record, response)
        return response

    def _claim(self) -> IdempotencyRecord | None:
        """Add the record; None when there is one already."""
        self._forget()
        if self._existing() is not None:
            return None
        record = IdempotencyRecord(
            organization_id=self._organization_id, key=self._key, request_digest=""
        )
        try:
            with self._session.begin_nested():  # PostgreSQL: waits here for a twin's commit
                self._session.add(record)
        except IntegrityError:
            return None
        return record

    def _forget(self) -> None:
        """Delete what is too old, whoever made it."""
        now = utc_now()
        abandoned = and_(
            IdempotencyRecord.status.is_(None), IdempotencyRecord.created_at < now - ABANDONED
        )
        self._session.execute(
            delete(IdempotencyRecord)
            .where(or_(IdempotencyRecord.created_at < now - KEPT, abandoned))
            .execution_options(synchronize_session=False)
        )

    def _existing(self) -> IdempotencyRecord | None:
        return self._session.scalar(
            select(IdempotencyRecord)
            .where(
                IdempotencyRecord.organization_id == self._organization_id,
                IdempotencyRecord.key == self._key,
            )
            .execution_options(populate_existing=True)
        )

    def _replay(self) -> Response:
        record = self._existing()
        if record is None or record.status is None:
            raise Conflict(f"A request with this {HEADER} is still running; try again later.")
        if record.request_digest != self._digest():
            raise Conflict(f"This {HEADER} was used for another request; choose a new one.")
        headers = (record.headers or {}) | {REPLAYED: "true"}
        return Response(record.body or "", record.status, headers=headers, content_type=JSON)

    def _keep(self, record: IdempotencyRecord, response: Response) -> None:
        record.request_digest = self._digest()
        record.status = response.status_code
        record.headers = {
            name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers
        }
        record.body = self._without_secret(response.get_data()).decode()

    def _without_secret(self, body: bytes) -> bytes:
        if self._secret is None:
            return body
        envelope = orjson.loads(body)
        envelope["data"][self._secret] = None
        return to_json(envelope)
