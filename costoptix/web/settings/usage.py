"""Settings → Usage: today's calls against the limit, and the last 30 days of each key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix.access import api_keys
from costoptix.access.quota import CallsOfDay, midnight_after
from costoptix.access.tiers import Tier, tier_of
from costoptix.clock import utc_now
from costoptix.extensions import db, quota_storage
from costoptix.models import ApiKey
from costoptix.money import quotient
from costoptix.web.parts.routing import page
from costoptix.web.parts.sorting import Comparable, sorting
from costoptix.web.settings.usage_chart import UsageChart

DAYS = 30
BAR_HEIGHT = 32


@dataclass(frozen=True)
class Today:
    """The quota as it stands."""

    tier: Tier
    used: int
    refused: int
    now: datetime

    @property
    def resets_at(self) -> datetime:
        """Return the next midnight UTC."""
        return midnight_after(self.now.date())

    @property
    def percent(self) -> Decimal:
        """Return the used part of the limit; 0 without a limit."""
        limit = self.tier.calls_per_day
        return Decimal(0) if limit is None else quotient(Decimal(self.used * 100), limit)

    @property
    def full_at(self) -> datetime | None:
        """Return when the limit is reached at today's pace; None when not before midnight."""
        limit = self.tier.calls_per_day
        if limit is None or not 0 < self.used < limit:
            return None
        midnight = datetime.combine(self.now.date(), time.min, tzinfo=self.now.tzinfo)
        full_at = midnight + (self.now - midnight) * limit / self.used
        return full_at if full_at < self.resets_at else None


@dataclass(frozen=True)
class Bar:
    """Calls of one key on one day, and the height of their bar."""

    day: date
    calls: int
    height: int


@dataclass(frozen=True)
class KeyBars:
    """One key's last 30 days, oldest first."""

    name: str
    prefix: str
    bars: list[Bar]

    @property
    def calls(self) -> int:
        """Return the sum."""
        return sum(bar.calls for bar in self.bars)


COLUMNS: dict[str, Callable[[KeyBars], Comparable]] = {
    "name": lambda key: key.name.casefold(),
    "calls": lambda key: key.calls,
}
"""What the keys can be sorted by."""


@page("/settings/usage")
def usage() -> ResponseReturnValue:
    """Show how many calls were made, by which keys, and when the count starts anew."""
    own, now = current_user.organization, utc_now()
    since = now.date() - timedelta(days=DAYS - 1)
    calls = quota_storage().calls(own.id, since)
    refused = quota_storage().refused(own.id, since)
    used = sum(calls_of_day.calls for calls_of_day in calls if calls_of_day.day == now.date())
    keys = {key.id: key for key in api_keys.of_organization(db.session(), own)}
    by_key = _by_key(calls, keys, since)
    order = sorting("web.usage", COLUMNS)
    return render_template(
        "settings/usage.html",
        today=Today(tier_of(own.tier), used, refused.get(now.date(), 0), now),
        days=DAYS,
        bar_height=BAR_HEIGHT,
        keys=order.rows(by_key),
        sorting=order,
        chart=_chart(by_key, tier_of(own.tier).calls_per_day),
        refused=sum(refused.values()),
    )


def _chart(keys: list[KeyBars], limit: int | None) -> UsageChart | None:
    """Return the chart of the days; None without calls."""
    if not keys:
        return None
    days = [bar.day for bar in keys[0].bars]
    return UsageChart(days, [(key.name, [bar.calls for bar in key.bars]) for key in keys], limit)


def _by_key(calls: list[CallsOfDay], keys: Mapping[str, ApiKey], since: date) -> list[KeyBars]:
    """Return the keys that were used, most first; bars of all keys have one scale."""
    by_key: dict[str, dict[date, int]] = defaultdict(dict)
    for day, key_id, number in calls:
        by_key[key_id][day] = number
    highest = max((calls_of_day.calls for calls_of_day in calls), default=1)
    days = [since + timedelta(days=number) for number in range(DAYS)]
    usages = [
        KeyBars(
            keys[key_id].name if key_id in keys else "unknown",
            keys[key_id].prefix if key_id in keys else "",
            [Bar(day, counts.get(day, 0), _height(counts.get(day, 0), highest)) for day in days],
        )
        for key_id, counts in by_key.items()
    ]
    return sorted(usages, key=lambda usage: (-usage.calls, usage.name))


def _height(calls: int, highest: int) -> int:
    """Return a height from 0 to ``BAR_HEIGHT``; one call is seen."""
    return -(-calls * BAR_HEIGHT // highest)
