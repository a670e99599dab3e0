"""The quota's storage in Redis: one hash per UTC day, and one more per organization and day.

The day's hash holds its mark and the calls of every organization, so that whatever empties or
evicts the counts takes the mark with them. That of an organization holds what is shown only: the
calls of each key, and those refused.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config import ConfigError
from costoptix.access.quota import (
    KEPT_DAYS,
    SCHEME,
    BegunDay,
    CallsOfDay,
    QuotaStorage,
    Unmarked,
)
from costoptix.access.refusals import Refusals
from costoptix.clock import utc_today

TIMEOUT_SECONDS = 1.0
KEPT_SECONDS = (KEPT_DAYS + 1) * 86_400
KEY_FIELD = "key:"
MARK_FIELD = "mark"
FULL, UNMARKED = -1, -2
"""What the script answers in place of a number of calls."""


class RedisQuotaStorage(QuotaStorage):
    """Redis; how long counts survive a crash of it is the server's ``appendfsync``."""

    STORAGE_SCHEME = [f"{SCHEME}redis", f"{SCHEME}rediss"]
    ADD_CALL = f"""
        local today = redis.call('HMGET', KEYS[1], '{MARK_FIELD}', ARGV[1])
        local used = tonumber(today[2] or '0')
        if ARGV[4] ~= '' then
            if today[1] ~= ARGV[4] then return {UNMARKED} end
            if used < tonumber(ARGV[5]) then  -- an older copy came back
                redis.call('HDEL', KEYS[1], '{MARK_FIELD}')
                return {UNMARKED}
            end
        end
        if used >= tonumber(ARGV[3]) then return {FULL} end
        redis.call('HINCRBY', KEYS[2], '{KEY_FIELD}' .. ARGV[2], 1)
        if used == 0 then
            redis.call('EXPIRE', KEYS[1], {KEPT_SECONDS}, 'NX')
            redis.call('EXPIRE', KEYS[2], {KEPT_SECONDS}, 'NX')
        end
        return redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
    """

    def __init__(self, uri: str) -> None:
        super().__init__(uri)
        # No retries: a script that was sent may have counted, and must not count twice.
        try:
            self._client = redis.Redis.from_url(
                uri.removeprefix(SCHEME),
                decode_responses=True,
                socket_timeout=TIMEOUT_SECONDS,
                socket_connect_timeout=TIMEOUT_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
            self._client.connection_pool.make_connection()  # it alone looks at every option
        except (ValueError, TypeError, redis.RedisError) as error:
            raise ConfigError(
                f"COSTOPTIX_QUOTA_URL: an option behind ? or the number of the database is wrong "
                f"({error})."
            ) from None
        self._add_call = self._client.register_script(self.ADD_CALL)

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return the errors that mean that the storage does not answer."""
        return redis.RedisError

    def add_call(
        self,
        organization_id: str,
        api_key_id: str,
        day: date,
        limit: int,
        begun: BegunDay | None = None,
    ) -> int | None:
        """Count a call for organization and key in one script, by the mark of the day."""
        values: list[str | int] = [organization_id, api_key_id, limit, "", 0]
        if begun is not None:
            values[3:] = [begun.mark, begun.highest.get(organization_id, 0)]
        names = [_day_name(day), _name(organization_id, day)]
        used = cast(int, self._add_call(keys=names, args=values))
        if used == UNMARKED:
            raise Unmarked
        if begun is not None:
            begun.note(organization_id, limit if used == FULL else used)
        return None if used == FULL else used

    def mark(self, day: date, mark: str) -> str:
        """Put the mark of a day in, unless there is one; return the one that is there."""
        name = _day_name(day)
        with self._client.pipeline() as pipeline:
            pipeline.hsetnx(name, MARK_FIELD, mark)
            pipeline.expire(name, KEPT_SECONDS, nx=True)
            pipeline.hget(name, MARK_FIELD)
            return str(pipeline.execute()[-1])

    def marked(self, day: date) -> str | None:
        """Return the mark of a day; None where there is none."""
        return cast("str | None", self._client.hget(_day_name(day), MARK_FIELD))

    def add_refusals(self, refusals: Refusals) -> None:
        """Add to the refused calls."""
        with self._client.pipeline() as pipeline:
            for (organization_id, day), calls in refusals.items():
                pipeline.hincrby(_name(organization_id, day), "refused", calls)
                pipeline.expire(_name(organization_id, day), KEPT_SECONDS, nx=True)
            pipeline.execute()

    def used(self, organization_id: str, day: date) -> int:
        """Return the calls of an organization on one day."""
        return int(cast(str, self._client.hget(_day_name(day), organization_id)) or 0)

    def calls(self, organization_id: str, since: date) -> list[CallsOfDay]:
        """Return the calls of each key on each day from ``since`` on (inclusive), unordered."""
        return [
            CallsOfDay(day, field.removeprefix(KEY_FIELD), int(calls))
            for day, fields in self._days(organization_id, since)
            for field, calls in fields.items()
            if field.startswith(KEY_FIELD)
        ]

    def refused(self, organization_id: str, since: date) -> dict[date, int]:
        """Return about how many calls were refused on each day from ``since`` on (inclusive)."""
        days = self._days(organization_id, since)
        return {day: int(fields.get("refused", 0)) for day, fields in days if fields}

    def _days(self, organization_id: str, since: date) -> list[tuple[date, dict[str, str]]]:
        count = (utc_today() - since).days + 1
        days = [since + timedelta(days=number) for number in range(count)]
        with self._client.pipeline(transaction=False) as pipeline:
            for day in days:
                pipeline.hgetall(_name(organization_id, day))
            answers: list[Any] = pipeline.execute()
        return list(zip(days, answers, strict=True))

    def prune(self, before: date) -> None:
        """Do nothing: each day's hash expires by itself."""

    def disconnect(self) -> None:
        """Close the connections that are idle; the next call opens one anew."""
        self._client.close()

    def check(self) -> bool:
        """Tell whether the storage answers."""
        try:
            return bool(self._client.ping())
        except redis.RedisError:
            return False


def _name(organization_id: str, day: date) -> str:
    return f"costoptix:quota:{organization_id}:{day.isoformat()}"


def _day_name(day: date) -> str:
    return f"costoptix:quota:{day.isoformat()}"
