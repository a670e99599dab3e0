"""Acme Cloud's bills as FOCUS 1.0 files: one per provider and month, always the same bytes.

A day's charges depend on the story and the day alone. So a later run, told of the same story,
writes the earlier months again byte for byte, and only the current month's file grows.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from random import Random

from costoptix.demo.adjustments import credits_of, refunds_of, taxes_on
from costoptix.demo.charges import COLUMNS, Row
from costoptix.demo.commitments import commitment_charges
from costoptix.demo.company import PROVIDERS, Provider
from costoptix.demo.story import Story
from costoptix.demo.usage import forgotten, usage
from costoptix.periods import DateRange, add_months, month_range, month_start


def months(end: date, count: int = 13) -> list[date]:
    """List the first days of the ``count`` months that end with the month of ``end``, in order."""
    return [add_months(month_start(end), index) for index in range(1 - count, 1)]


def write_bills(
    folder: Path, end: date, *, months: int = 13, story: Story | None = None
) -> list[Path]:
    """Write the bills of ``months`` months through ``end`` (inclusive) into ``folder``.

    Without ``story`` it ends with ``end``. Returns the files, named
    ``<provider>-<YYYY-MM>.csv.gz``, by month and provider. The last month holds its days up to
    ``end``; files that exist are overwritten.
    """
    story = story or Story(end)
    return [
        write_bill(folder, provider, days, story)
        for days in billed_days(end, months)
        for provider in PROVIDERS
    ]


def day_charges(provider: Provider, day: date, story: Story) -> list[Row]:
    """Make all charges of one day on the bill of ``provider``."""
    rng = Random(f"{story.seed} {provider.slug} {day}")  # noqa: S311 -- a made-up bill keeps no secret
    charges = [
        *usage(provider, day, rng, story),
        *forgotten(provider, day, story),
        *commitment_charges(provider, day, rng, story),
        *refunds_of(provider, day),
    ]
    return [*charges, *taxes_on(charges, provider, day), *credits_of(provider, day, story)]


def billed_days(end: date, count: int) -> Iterator[DateRange]:
    """Yield the days of each of ``count`` months, the last one through ``end``."""
    for month in months(end, count):
        days = month_range(month)
        yield DateRange(days.first, min(days.last, end))


def write_bill(folder: Path, provider: Provider, days: DateRange, story: Story) -> Path:
    """Write the charges of some days of one month; return the file."""
    path = folder / f"{provider.slug}-{days.first:%Y-%m}.csv.gz"
    write_rows(path, (row for day in days for row in day_charges(provider, day, story)))
    return path


def write_rows(path: Path, charges: Iterable[Row]) -> None:
    """Write a bill: the same charges are the same bytes."""
    with (
        path.open("wb") as file,
        # No name and no time in the header: the same bill is the same bytes.
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
    ):
        rows = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        rows.writeheader()
        rows.writerows(charges)
