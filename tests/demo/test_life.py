"""Acme Cloud's bills as they come: they grow by a day, and nobody is asked anything."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from costoptix import clock
from costoptix.demo.bills import SOURCES
from costoptix.demo.generator import write_bills
from costoptix.demo.story import Story
from tests.support.bills import TakeIn
from tests.support.proving import count


def test_bills_that_grow_by_a_day_ask_nothing(take_in: TakeIn, tmp_path: Path) -> None:
    story = Story(date(2026, 10, 7))
    for day in range(7, 7 + count(2, 20)):
        end = date(2026, 10, day)
        clock.configure(f"{end + timedelta(days=1)}T06:00:00Z")
        for file in write_bills(tmp_path, end, months=1, story=story)[: count(1, 3)]:
            source = SOURCES[file.name.partition("-")[0]]
            row = take_in(file.read_bytes(), name=file.name, source_name=source)
            assert (row.state, row.message) == ("live", None)
