"""``/health``, ``/auth/info`` and ``/usage``: is it up, who am I, what was called."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import g

from costoptix.access import api_keys
from costoptix.access.permissions import Permission
from costoptix.access.quota import KEPT_DAYS, CallsOfDay, Count
from costoptix.api.answers import Answer
from costoptix.api.endpoint import Call, operation
from costoptix.api.paging import PageQuery, page
from costoptix.clock import utc_now, utc_today
from costoptix.costs.cache import BoundedCache
from costoptix.extensions import quota_storage
from costoptix.lake.live import DataAsOf, data_as_of
from costoptix.models import ApiKey
from costoptix.version import __version__

_as_of: BoundedCache[DataAsOf] = BoundedCache(max_weight=1_000)
"""By organization, its data version and the UTC day."""


@dataclass(frozen=True)
class ServiceStatus:
    """That the service answers, and how fresh its data are."""

    status: str
    version: str
    time: datetime
    data_as_of: DataAsOf


@dataclass(frozen=True)
class OrganizationInfo:
    """Whose data a key reads."""

    id: str
    name: str
    tier: str


@dataclass(frozen=True)
class KeyInfo:
    """The key that was sent."""

    id: str
    name: str
    prefix: str
    permission: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True)
class QuotaInfo:
    """Today's calls; ``limit`` and ``remaining`` are null without a limit."""

    limit: int | None
    used: int
    remaining: int | None
    resets_at: datetime


@dataclass(frozen=True)
class AuthInfo:
    """Who asks, and what is left of today's calls."""

    organization: OrganizationInfo
    key: KeyInfo
    quota: QuotaInfo


@dataclass(frozen=True)
class KeyUsage:
    """Calls by one key on one day."""

    id: str
    name: str
    prefix: str
    calls: int


@dataclass(frozen=True)
class DayUsage:
    """One UTC day; refused calls are approximate."""

    date: date
    calls: int
    refused: int
    keys: list[KeyUsage]


@operation(
    "GET", "/health", permission=Permission.READ, data=ServiceStatus,
    summary="Report that the service answers, and how fresh its data are",
)  # fmt: skip
def get_health(call: Call) -> ServiceStatus:
    """Answer from a cache: monitors ask often, and one data version has one answer a day."""
    key = (call.caller.organization_id, call.data_version, utc_today())
    as_of = _as_of.get(key)
    if as_of is None:
        as_of = data_as_of(call.session, call.organization)
        _as_of.put(key, as_of)
    return ServiceStatus("ok", __version__, utc_now(), as_of)


@operation(
    "GET", "/auth/info", permission=Permission.READ, data=AuthInfo,
    summary="Show whose key this is, what it may do and what is left of today's calls",
)  # fmt: skip
def get_auth_info(call: Call) -> AuthInfo:
    """Describe the key at hand; ``quota.used`` includes this call."""
    organization, count = call.organization, _count()
    key = api_keys.get(call.session, organization, call.caller.api_key_id or "")
    return AuthInfo(
        OrganizationInfo(organization.id, organization.name, call.tier.name),
        KeyInfo(
            id=key.id,
            name=key.name,
            prefix=key.prefix,
            permission=key.permission,
            created_at=key.created_at,
            expires_at=key.expires_at,
            last_used_at=key.last_used_at,
        ),
        QuotaInfo(call.tier.calls_per_day, count.used, count.remaining, count.resets_at),
    )


@operation(
    "GET", "/usage", permission=Permission.READ, query=PageQuery, data=list[DayUsage],
    summary=f"List calls per UTC day and key, the last {KEPT_DAYS} days, newest first",
)  # fmt: skip
def get_usage(call: Call, query: PageQuery) -> Answer:
    """List every day, those without calls too."""
    organization = call.organization
    since = utc_today() - timedelta(days=KEPT_DAYS - 1)
    calls = quota_storage().calls(organization.id, since)
    refused = quota_storage().refused(organization.id, since)
    keys = {key.id: key for key in api_keys.of_organization(call.session, organization)}
    days = _days(calls, refused, keys, since)
    listed_days, cursor = page(
        f"usage:{organization.id}", days, query, lambda day: day.date.isoformat()
    )
    return Answer(listed_days, meta={"next_cursor": cursor})


def _count() -> Count:
    count: Count = g.count
    return count


def _days(
    calls: list[CallsOfDay], refused: dict[date, int], keys: dict[str, ApiKey], since: date
) -> list[DayUsage]:
    by_day: dict[date, list[KeyUsage]] = defaultdict(list)
    for day, key_id, number in calls:
        key = keys.get(key_id)  # None: the database was restored to before the key was made
        name, prefix = ("unknown", "") if key is None else (key.name, key.prefix)
        by_day[day].append(KeyUsage(key_id, name, prefix, number))
    days = [since + timedelta(days=number) for number in range(KEPT_DAYS)]
    return [
        DayUsage(
            date=day,
            calls=sum(usage.calls for usage in by_day[day]),
            refused=refused.get(day, 0),
            keys=sorted(by_day[day], key=lambda usage: (-usage.calls, usage.name, usage.id)),
        )
        for day in reversed(days)
    ]
