"""The bills of Acme Cloud: which there are, when each would have come, and what is in it.

Most are the charges of a month and provider as they are. One month comes twice, the first time
without what Google Cloud charged late; into one a spreadsheet has written; and one was exported a
second time, by somebody in finance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path

from costoptix.demo.charges import Row
from costoptix.demo.company import AZURE, GOOGLE, PROVIDERS, Provider
from costoptix.demo.generator import billed_days, day_charges, write_rows
from costoptix.demo.story import Story
from costoptix.periods import DateRange, month_end, month_range, month_start, next_month

MONTHS = 13
SOURCES = {"aws": "AWS", "azure": "Azure", "gcp": "Google Cloud"}
"""The source of a provider's bills, by its slug."""

COPY_SOURCE = "Finance upload"
LATE_SERVICE, LATE_DAYS = "Kubernetes Engine", 5
SPOILT_ROWS = 3


class Edition(StrEnum):
    """Which bill of a month it is."""

    FINAL = "final"
    FIRST = "first"  # without what is charged late
    SPOILT = "spoilt"  # with rows that cannot be read
    COPY = "copy"  # the same month once more, under another source


_ARRIVES = {Edition.FINAL: 3, Edition.FIRST: 2, Edition.SPOILT: 3, Edition.COPY: 6}
"""So many days after its month an edition comes."""
_CORRECTED = 9
"""So many days after its month the final edition comes that replaces a first one."""


@dataclass(frozen=True)
class Bill:
    """The charges of one provider on some days of one month."""

    story: Story
    provider: Provider
    days: DateRange
    edition: Edition = Edition.FINAL

    @property
    def name(self) -> str:
        """Return the file's name."""
        month = f"{self.days.first:%Y-%m}"
        if self.edition is Edition.COPY:
            return f"costs-{self.provider.slug}-{month}-for-finance.csv.gz"
        return f"{self.provider.slug}-{month}.csv.gz"

    @property
    def source(self) -> str:
        """Return the name of its source."""
        return COPY_SOURCE if self.edition is Edition.COPY else SOURCES[self.provider.slug]

    @property
    def arrived_at(self) -> datetime:
        """Return when it would have come: some days after its month, or the morning after."""
        if self.days.last < month_end(self.days.first):
            day = self.days.last + timedelta(days=1)
        else:
            is_corrected = self.edition is Edition.FINAL and _is_restated(self)
            after = _CORRECTED if is_corrected else _ARRIVES[self.edition]
            day = next_month(self.days.first) + timedelta(days=after)
        minute = 10 + 7 * PROVIDERS.index(self.provider)
        return datetime.combine(day, time(6, minute), UTC)

    def write(self, folder: Path) -> Path:
        """Write it into a folder; return the file."""
        path = folder / f"{self.edition}-{self.name}"
        write_rows(path, self._rows())
        return path

    def _rows(self) -> Iterator[Row]:
        for day in self.days:
            rows = day_charges(self.provider, day, self.story)
            match self.edition:
                case Edition.FIRST if (self.days.last - day).days < LATE_DAYS:
                    yield from (row for row in rows if row["ServiceName"] != LATE_SERVICE)
                case Edition.COPY:
                    yield from reversed(rows)
                case _:
                    yield from rows
            if self.edition is Edition.SPOILT and day == self.days.last:
                yield from ({**row, "BilledCost": "#REF!"} for row in rows[:SPOILT_ROWS])


def restated_month(story: Story) -> date:
    """Return the first day of the month that Google Cloud billed twice: over for two weeks."""
    return month_start(story.day(45))


def spoilt_month(story: Story) -> date:
    """Return the first day of the month of Azure's bill that a spreadsheet has written into."""
    return month_start(story.day(100))


def _is_restated(bill: Bill) -> bool:
    return bill.provider is GOOGLE and bill.days.first == restated_month(bill.story)


def bills(story: Story, end: date, months: int = MONTHS) -> list[Bill]:
    """List the bills of ``months`` months through ``end`` (inclusive), the newest month first."""
    listed: list[Bill] = []
    for days in reversed(list(billed_days(end, months))):
        of_month = [(provider, _edition(story, provider, days)) for provider in PROVIDERS]
        listed += (Bill(story, provider, days, edition) for provider, edition in of_month)
        if days.first == restated_month(story):
            listed.append(Bill(story, GOOGLE, days, Edition.FIRST))
    return listed


def _edition(story: Story, provider: Provider, days: DateRange) -> Edition:
    is_spoilt = provider is AZURE and days.first == spoilt_month(story)
    return Edition.SPOILT if is_spoilt else Edition.FINAL


def copy_for_finance(story: Story) -> Bill:
    """Return the bill that would double money: Azure's of the month that was restated."""
    return Bill(story, AZURE, month_range(restated_month(story)), Edition.COPY)
