"""The one clock, which tests can pin, move and step."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix import clock

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_a_pinned_instant_runs_on() -> None:
    clock.configure(NOON.isoformat())
    assert NOON <= clock.utc_now() < NOON + timedelta(minutes=5)
    assert clock.utc_today() == date(2026, 3, 10)


def test_a_file_is_read_at_each_call(tmp_path: Path) -> None:
    file = tmp_path / "now"
    file.write_text(NOON.isoformat())
    clock.configure(f"@{file}")
    assert clock.utc_now() == NOON
    file.write_text((NOON + timedelta(days=1)).isoformat())
    assert clock.utc_today() == date(2026, 3, 11)
    assert clock.setting() == f"@{file}"


def test_another_process_can_be_given_the_time_of_this_one() -> None:
    assert clock.setting() is None
    clock.configure(NOON.isoformat())
    handed_on = clock.setting()
    assert handed_on is not None
    assert clock.parse_instant(handed_on) - NOON < timedelta(minutes=5)


@pytest.mark.parametrize("setting", ["yesterday", "2026-13-01", "@/nowhere/at/all"])
def test_what_is_no_instant_is_refused(setting: str) -> None:
    with pytest.raises((ValueError, OSError)):
        clock.configure(setting)


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2026-03-10T12:00:00Z", 12), ("2026-03-10T12:00:00", 12), (" 2026-03-10T12:00+02:00\n", 10)],
)
def test_an_instant_is_utc_unless_it_says_otherwise(text: str, hour: int) -> None:
    assert clock.parse_instant(text) == NOON.replace(hour=hour)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_the_next_midnight_is_later_and_less_than_a_day_and_a_bit_away(now: datetime) -> None:
    midnight = clock.next_midnight(now)
    assert now < midnight <= now + timedelta(days=1)
    assert midnight.timetz() == datetime(2026, 1, 1, tzinfo=UTC).timetz()
