"""The daily quota: a strategy of the ``limits`` library whose window is the UTC calendar day.

The library's own windows start at the first call, count refused calls and start afresh when the
tier changes. Here a storage counts a call in one atomic step, for the organization and for the
key, and only when it passes; so what Settings → Usage shows is what was counted.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, NoReturn, Protocol

from limits import RateLimitItem, WindowStats
from limits.errors import StorageError
from limits.storage import Storage
from limits.strategies import STRATEGIES, RateLimiter

from costoptix.access.refusals import Refusals, RefusalTally
from costoptix.access.tiers import Tier
from costoptix.clock import utc_now, utc_today
from costoptix.errors import Unavailable
from costoptix.models import new_id

STRATEGY = "utc-window"
SCHEME = "quota+"
"""What precedes the URL of a quota storage, to tell it from the library's own storages."""
UNLIMITED = 10**15
"""The limit of those who are counted and never refused."""
KEPT_DAYS = 90
"""How many days of usage are kept, today included."""
ASK_AGAIN_SECONDS = 300
"""After how long at most a call may be tried again while counts are lost: a person may mend it."""


class CallsOfDay(NamedTuple):
    """What was counted for one key on one UTC day."""

    day: date
    api_key_id: str
    calls: int


@dataclass
class Count:
    """One call to be counted, and how that ended."""

    organization_id: str
    api_key_id: str
    tier: Tier
    day: date | None = None  # the day it was counted on
    used: int = 0  # calls of the organization on that day; this one included when it passed

    @property
    def remaining(self) -> int | None:
        """Return how many calls are left; None without a limit."""
        limit = self.tier.calls_per_day
        return None if limit is None else max(0, limit - self.used)

    @property
    def resets_at(self) -> datetime:
        """Return the midnight UTC at which the count starts anew."""
        return midnight_after(self.day or utc_today())


current_count: ContextVar[Count] = ContextVar("current_count")
"""The call that this thread is about to count: the library hands its strategy only text."""


class CountsLost(Unavailable):
    """What was counted today is lost: nothing may be let through until the count begins anew."""

    @classmethod
    def on(cls, day: date) -> CountsLost:
        """Say so of a UTC day, and when it is over."""
        ends_at = midnight_after(day)
        seconds = math.ceil((ends_at - utc_now()).total_seconds())
        return cls(
            "Today's count of calls is lost, so that no call can be let through. Counting begins "
            f"anew at {ends_at:%Y-%m-%dT%H:%M:%SZ}, or when the operator has it begin.",
            retry_after=max(1, min(seconds, ASK_AGAIN_SECONDS)),
        )


class Unmarked(Exception):
    """The storage does not hold the mark by which a call was to be counted; it was not."""


@dataclass
class BegunDay:
    """A UTC day of which calls are counted, by the mark that was put into the storage."""

    day: date
    mark: str
    highest: dict[str, int] = field(default_factory=dict)
    """By organization, a number of calls that the storage has had at least, for this process."""

    def note(self, organization_id: str, used: int) -> None:
        """Remember that the storage has had so many calls."""
        self.highest[organization_id] = max(used, self.highest.get(organization_id, 0))


class Marks(Protocol):
    """Where the marks are noted, apart from the storage (``quota_marks``)."""

    store: str

    def of(self, day: date) -> str | None:
        """Return the mark of a day; None where no call was counted on it yet."""

    def keep(self, day: date, mark: str) -> str:
        """Note the mark of a day unless one is noted; return the one that is."""


def midnight_after(day: date) -> datetime:
    """Return the instant at which a UTC day ends."""
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=UTC)


class QuotaStorage(Storage):
    """Where calls are counted; an answer other than ``base_exceptions`` is always exact."""

    def __init__(self, uri: str) -> None:
        super().__init__(uri)
        self._full_on: dict[str, date] = {}
        self._pruned_on = date.min
        self._begun: BegunDay | None = None
        self.marks: Marks | None = None  # without, ``acquire`` takes an empty storage for new
        self.refusals = RefusalTally(self.add_refusals)

    @abstractmethod
    def add_call(
        self,
        organization_id: str,
        api_key_id: str,
        day: date,
        limit: int,
        begun: BegunDay | None = None,
    ) -> int | None:
        """Count a call, in one atomic step, unless ``limit`` calls were counted on that day.

        Return the calls of the organization on that day, or None when it was not counted.

        Raises:
            Unmarked: the day was begun under a mark that the storage does not hold.
        """

    @abstractmethod
    def mark(self, day: date, mark: str) -> str:
        """Put the mark of a day in, unless there is one; return the one that is there."""

    @abstractmethod
    def marked(self, day: date) -> str | None:
        """Return the mark of a day; None where there is none."""

    @abstractmethod
    def add_refusals(self, refusals: Refusals) -> None:
        """Add to the refused calls."""

    @abstractmethod
    def used(self, organization_id: str, day: date) -> int:
        """Return the calls of an organization on one day."""

    @abstractmethod
    def calls(self, organization_id: str, since: date) -> list[CallsOfDay]:
        """Return the calls of each key on each day from ``since`` on (inclusive), unordered."""

    @abstractmethod
    def refused(self, organization_id: str, since: date) -> dict[date, int]:
        """Return about how many calls were refused on each day from ``since`` on (inclusive)."""

    @abstractmethod
    def prune(self, before: date) -> None:
        """Forget the days before ``before``."""

    @abstractmethod
    def disconnect(self) -> None:
        """Close the connections that are idle; the next call opens one anew."""

    def close(self) -> None:
        """Write what is pending and disconnect."""
        self.refusals.flush()
        self.disconnect()

    def acquire(self, count: Count, limit: int) -> bool:
        """Count a call if ``limit`` allows it; return whether it passed. The clock is read once.

        Raises:
            StorageError: the storage does not answer; nothing may be let through.
            CountsLost: it answers, and has lost what was counted; nothing may be let through.
        """
        day = utc_today()
        try:
            passed = self._acquire(count, day, limit)
        except self.base_exceptions as error:
            raise StorageError(error) from error
        count.day = day
        if not passed:
            self.refusals.add(count.organization_id, day)
        return passed

    def _acquire(self, count: Count, day: date, limit: int) -> bool:
        if self._pruned_on != day:
            self.prune(day - timedelta(days=KEPT_DAYS - 1))
            self._pruned_on, self._full_on = day, {}
        # An organization that was full is looked at before anything is written: a flood of
        # refused calls must not hold the lock that the others' counts need.
        if self._full_on.get(count.organization_id) == day:
            count.used = self.used(count.organization_id, day)
            if count.used >= limit:
                return False
        used = self._add(count, day, limit)
        if used is not None:
            count.used = used
            return True
        count.used = self.used(count.organization_id, day)
        self._full_on[count.organization_id] = day
        return False

    def _add(self, count: Count, day: date, limit: int) -> int | None:
        """Count a call by the mark of the day; where that is not there, ask whether it is anew."""
        values = (count.organization_id, count.api_key_id, day, limit)
        if self.marks is None:
            return self.add_call(*values)
        begun = self._begun
        if begun is None or begun.day != day:
            begun = self._begin(self.marks, day)
        try:
            return self.add_call(*values, begun)
        except Unmarked:
            again = self._begin(self.marks, day)
        if again.mark != begun.mark:
            with suppress(Unmarked):
                return self.add_call(*values, again)
        raise CountsLost.on(day)

    def _begin(self, marks: Marks, day: date) -> BegunDay:
        """Return the day as it was begun; begin it where nobody has.

        The mark is in the storage before it is noted, and noted before a call is counted by it:
        killed in between, nothing is refused; emptied in between, nothing is let through.
        """
        mark = marks.of(day)
        if mark is None:
            mark = marks.keep(day, self.mark(day, new_id()))
        begun = self._begun
        if begun is None or (begun.day, begun.mark) != (day, mark):
            begun = self._begun = BegunDay(day, mark)
        return begun

    def has_lost(self, day: date) -> bool:
        """Tell whether calls were counted on that day that the storage does not know any more.

        Raises:
            StorageError: the storage does not answer.
        """
        noted = None if self.marks is None else self.marks.of(day)
        try:
            there = self.marked(day)
        except self.base_exceptions as error:
            raise StorageError(error) from error
        return noted is not None and there != noted

    # What the library's own strategies ask of a storage: this one has its own strategy only.

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Refuse: calls are counted by ``acquire``."""
        _refuse()

    def get(self, key: str) -> int:
        """Refuse: see ``used``."""
        _refuse()

    def get_expiry(self, key: str) -> float:
        """Refuse: a day ends at midnight UTC."""
        _refuse()

    def reset(self) -> int | None:
        """Refuse: counts are never forgotten."""
        _refuse()

    def clear(self, key: str) -> None:
        """Refuse: counts are never forgotten."""
        _refuse()


def _refuse() -> NoReturn:
    raise NotImplementedError(f"quota storages serve the strategy {STRATEGY} only")


class UTCWindowRateLimiter(RateLimiter):
    """Counts ``current_count`` on its UTC day. The identifiers only name the limit in logs."""

    storage: QuotaStorage

    def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        """Count the current call; False when the day's limit is used up."""
        return self.storage.acquire(current_count.get(), item.amount)

    def test(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        """Tell whether a call would pass, without counting it."""
        return self._used() < item.amount

    def get_window_stats(self, item: RateLimitItem, *identifiers: str) -> WindowStats:
        """Return when the day ends, and how many calls are left."""
        ends_at = midnight_after(utc_today()).timestamp()
        return WindowStats(ends_at, max(0, item.amount - self._used()))

    def _used(self) -> int:
        return self.storage.used(current_count.get().organization_id, utc_today())


# The library has no way to add a strategy, but its table of them is a dict, and Flask-Limiter looks
# up there the name that it is given. The stock ones know no UTC day: theirs begins with the first
# call, counts refused calls, and begins anew when a tier changes the amount. Since the table is
# undocumented, both libraries are bound to a major version and the suite drives the real server.
STRATEGIES[STRATEGY] = UTCWindowRateLimiter  # type: ignore[assignment]  # a closed union there
