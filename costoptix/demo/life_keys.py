"""The API keys of Acme Cloud, with what they have called; nobody has the keys themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix.access import key_format, quota_storages
from costoptix.access.permissions import Permission
from costoptix.access.quota import UNLIMITED, QuotaStorage
from costoptix.clock import utc_now, utc_today
from costoptix.database import writing
from costoptix.demo import life_people
from costoptix.models import ApiKey, Organization, new_id

CALLED_DAYS = 30
"""So many days before today calls are counted of."""


@dataclass(frozen=True)
class MadeUpKey:
    """A key, and how often it is used on a working day."""

    name: str
    permission: Permission
    maker: str
    made: int  # days before the demo was made
    calls: int  # on a working day; on others a quarter
    last_used: timedelta | None = None  # before the demo was made; None: with its last call
    expires_in: int | None = None  # days
    revoked: int | None = None  # days before the demo was made


KEYS = (
    MadeUpKey("CI Pipeline", Permission.READ, "maya", 340, 64),
    MadeUpKey("Grafana Integration", Permission.READ, "maya", 262, 96),
    MadeUpKey("Nightly export to BigQuery", Permission.READ, "priya", 84, 24, expires_in=6),
    MadeUpKey("Budget check in deploys", Permission.WRITE, "maya", 118, 18, expires_in=247),
    MadeUpKey("Spreadsheet of finance", Permission.READ, "jonas", 201, 0,
              last_used=timedelta(days=94)),
    MadeUpKey("Prototype of the portal", Permission.ADMIN, "maya", 150, 12,
              last_used=timedelta(days=12), revoked=12),
)  # fmt: skip


def settle(session: Session, organization: Organization) -> None:
    """Make the keys that are missing."""
    mine = ApiKey.organization_id == organization.id
    there = set(session.scalars(select(ApiKey.name).where(mine)))
    with writing(session):
        session.add_all(_row(organization, key) for key in KEYS if key.name not in there)


def count_calls(session: Session, organization: Organization, config: Config) -> None:
    """Count the calls of the days before today on which a key has none yet."""
    storage = quota_storages.open_storage(config.quota_url)
    try:
        _count_calls(session, organization, storage)
    finally:
        storage.close()


def _row(organization: Organization, key: MadeUpKey) -> ApiKey:
    now, text = utc_now(), key_format.mint()
    days = timedelta(days=1)
    return ApiKey(
        id=new_id(), organization_id=organization.id, name=key.name,
        prefix=key_format.prefix(text), digest=key_format.digest(text),
        permission=key.permission, created_by=life_people.label(key.maker),
        created_at=now - key.made * days,
        expires_at=None if key.expires_in is None else now + key.expires_in * days,
        revoked_at=None if key.revoked is None else now - key.revoked * days,
        last_used_at=None if key.last_used is None else now - key.last_used,
    )  # fmt: skip


def _count_calls(session: Session, organization: Organization, storage: QuotaStorage) -> None:
    first = utc_today() - timedelta(days=CALLED_DAYS)
    counted = {(one.api_key_id, one.day) for one in storage.calls(organization.id, first)}
    mine = ApiKey.organization_id == organization.id
    by_name = {row.name: row for row in session.scalars(select(ApiKey).where(mine))}
    session.rollback()
    for key in KEYS:
        row = by_name.get(key.name)
        for back in range(CALLED_DAYS, 0, -1):
            day = utc_today() - timedelta(days=back)
            if row is None or (row.id, day) in counted or not _is_used(row, day):
                continue
            for _ in range(_calls(key, day)):
                storage.add_call(organization.id, row.id, day, UNLIMITED)
            if key.calls:
                _touch(session, row, day)


def _touch(session: Session, row: ApiKey, day: date) -> None:
    """Note that a key was used in the last hour of a day, where it was not used later."""
    used_at = datetime.combine(day, time(23, 5 + len(row.name) % 50), UTC)
    if row.last_used_at is None or row.last_used_at.date() < day:
        with writing(session):
            row.last_used_at = used_at


def _is_used(row: ApiKey, day: date) -> bool:
    ends: list[datetime] = [at for at in (row.revoked_at, row.expires_at) if at is not None]
    return all(day < at.date() for at in ends)


def _calls(key: MadeUpKey, day: date) -> int:
    """Return how often a key is used on a day: always the same number."""
    usual = key.calls if day.weekday() < 5 else key.calls // 4
    rng = Random(f"{key.name} {day}")  # noqa: S311 -- a made-up number keeps no secret
    return round(usual * rng.uniform(0.8, 1.2))
