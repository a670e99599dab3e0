"""The daily quota: one behaviour, three storages."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from limits import parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import STRATEGIES, FixedWindowRateLimiter

from costoptix import clock
from costoptix.access import quota, quota_redis, quota_sql
from costoptix.access.quota import KEPT_DAYS, SCHEME, STRATEGY, CallsOfDay, Count, QuotaStorage
from costoptix.access.tiers import TIERS
from tests.support import services

TODAY = date(2026, 3, 10)
STORAGES = {
    "sqlite": quota_sql.SQLiteQuotaStorage,
    "postgresql": quota_sql.PostgreSQLQuotaStorage,
    "redis": quota_redis.RedisQuotaStorage,
}


@pytest.fixture(params=STORAGES)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[QuotaStorage]:
    """Each storage, empty, at noon."""
    clock.configure("2026-03-10T12:00:00Z")
    match request.param:
        case "postgresql":
            url = request.getfixturevalue("postgresql_database")
        case "redis":
            url = request.getfixturevalue("redis_server")
        case _:
            url = f"sqlite:///{tmp_path / 'quota.db'}"
    made = storage_from_string(SCHEME + url)
    assert isinstance(made, STORAGES[request.param])
    with closing(made):
        yield made


@pytest.fixture
def organization_id(request: pytest.FixtureRequest) -> str:
    """One organization per test: a Redis server is shared by the run."""
    return str(request.node.name)


def _pass(storage: QuotaStorage, organization_id: str, limit: int, key: str = "key") -> bool:
    return storage.acquire(Count(organization_id, key, TIERS["starter"]), limit)


def test_the_limit_passes_and_not_one_more(storage: QuotaStorage, organization_id: str) -> None:
    assert [_pass(storage, organization_id, 3) for _ in range(5)] == [True] * 3 + [False] * 2
    assert storage.used(organization_id, TODAY) == 3


def test_threads_share_one_count(storage: QuotaStorage, organization_id: str) -> None:
    passed: Counter[bool] = Counter()

    def call() -> None:
        for _ in range(20):
            passed[_pass(storage, organization_id, 50)] += 1

    threads = [threading.Thread(target=call) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed == {True: 50, False: 50}


def test_usage_by_key_adds_up_to_the_count(storage: QuotaStorage, organization_id: str) -> None:
    for key in ("a", "b", "a", "c", "a"):
        _pass(storage, organization_id, 4, key)
    found = storage.calls(organization_id, TODAY)
    assert sorted(found) == [CallsOfDay(TODAY, "a", 2), *(CallsOfDay(TODAY, k, 1) for k in "bc")]
    assert sum(calls.calls for calls in found) == storage.used(organization_id, TODAY)


def test_organizations_are_counted_apart(storage: QuotaStorage, organization_id: str) -> None:
    assert _pass(storage, organization_id, 1)
    assert _pass(storage, organization_id + "'", 1)
    assert not _pass(storage, organization_id, 1)


def test_a_new_limit_keeps_the_count(storage: QuotaStorage, organization_id: str) -> None:
    assert [_pass(storage, organization_id, limit) for limit in (1, 1, 3, 3, 3, 2)] == [
        True, False, True, True, False, False,
    ]  # fmt: skip


def test_the_day_ends_at_midnight_utc(storage: QuotaStorage, organization_id: str) -> None:
    clock.configure("2026-03-10T23:59:59Z")
    assert _pass(storage, organization_id, 1)
    assert not _pass(storage, organization_id, 1)
    clock.configure("2026-03-11T00:00:00Z")
    assert _pass(storage, organization_id, 1)
    assert storage.used(organization_id, TODAY) == 1


def test_history_is_kept_for_ninety_days(storage: QuotaStorage, organization_id: str) -> None:
    since = TODAY - timedelta(days=KEPT_DAYS - 1)
    for day in (since - timedelta(days=1), since, TODAY):
        storage.add_call(organization_id, "key", day, 10)
    assert _pass(storage, organization_id, 10)  # the first of a day prunes
    found = storage.calls(organization_id, since)
    assert sorted(found) == [CallsOfDay(since, "key", 1), CallsOfDay(TODAY, "key", 2)]


def test_refused_calls_are_tallied_apart(storage: QuotaStorage, organization_id: str) -> None:
    for _ in range(5):
        _pass(storage, organization_id, 2)
    storage.refusals.flush()
    assert storage.refused(organization_id, TODAY) == {TODAY: 3}
    assert storage.used(organization_id, TODAY) == 2


def test_a_storage_tells_whether_it_answers(storage: QuotaStorage) -> None:
    assert storage.check()


def test_the_library_still_takes_its_strategies_from_the_registry() -> None:
    """The registry is undocumented: a release that drops it must not pass unnoticed."""
    assert STRATEGIES[STRATEGY] is quota.UTCWindowRateLimiter
    assert STRATEGIES["fixed-window"] is FixedWindowRateLimiter


def test_the_strategy_counts_the_call_at_hand(storage: QuotaStorage, organization_id: str) -> None:
    strategy = quota.UTCWindowRateLimiter(storage)
    count = Count(organization_id, "key", TIERS["starter"])
    quota.current_count.set(count)
    item = parse("2 per day")
    assert strategy.hit(item, "any")
    assert count.used == 1
    assert strategy.get_window_stats(item, "any").remaining == 1
    assert strategy.test(item, "any")
    assert strategy.hit(item, "any")
    assert not strategy.test(item, "any")
    assert not strategy.hit(item, "any")
    assert count.remaining == 98
    assert count.resets_at.isoformat() == "2026-03-11T00:00:00+00:00"


def test_a_sqlite_file_that_vanished_does_not_come_back_empty(tmp_path: Path) -> None:
    path = tmp_path / "quota.db"
    storage = quota_sql.SQLiteQuotaStorage(f"{SCHEME}sqlite:///{path}")
    assert _pass(storage, "o", 1)
    storage.close()
    path.unlink()
    with pytest.raises(StorageError):
        _pass(storage, "o", 1)
    assert not storage.check()
    assert not path.exists()


def test_a_postgresql_server_that_went_lets_nothing_through(postgresql_server: str) -> None:
    url = f"{postgresql_server}/no_such_database"
    storage = quota_sql.PostgreSQLQuotaStorage(SCHEME + url)
    with pytest.raises(StorageError):
        _pass(storage, "o", 1)
    assert not storage.check()


def test_a_redis_that_hangs_or_dies_lets_nothing_through(tmp_path: Path) -> None:
    """R12: what cannot be counted is refused."""
    if services.redis_program() is None:
        pytest.skip(services.GET_REDIS)
    with services.redis(tmp_path) as (url, process):
        storage = quota_redis.RedisQuotaStorage(SCHEME + url)
        assert _pass(storage, "o", 5)
        process.kill()
        process.wait(10)
        with pytest.raises(StorageError):
            _pass(storage, "o", 5)
        assert not storage.check()
        storage.close()
