"""What happens at Acme Cloud in its year, told by days before the last day of its first bills.

A day's charges depend on the story and the day. The story stays when bills are added later, so
that the earlier months are written again byte for byte. docs/demo.md tells it for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from costoptix.demo.incidents import INCIDENTS, LATER, Incident
from costoptix.periods import add_months, month_start

SEED = "acme"

Use = tuple[str, str, str]
"""Account, service (keys of ``company.ACCOUNTS`` and ``catalogue.SERVICES``) and SKU."""


@dataclass(frozen=True)
class Launch:
    """A service that nobody used before, and that grows from a first day on."""

    service: str
    begins: int
    ramp: int  # days until it is used in full


@dataclass(frozen=True)
class Migration:
    """Use that moves from one cloud to another in equal steps, a week apart.

    Each step leaves the old place a week after it has come to the new one.
    """

    leaving: Use
    arriving: Use
    begins: int
    steps: int


@dataclass(frozen=True)
class Cluster:
    """Machines that somebody started, without a tag, and forgot."""

    account: str
    sku: str
    stem: str
    machines: int
    begins: int
    found_after: int  # days after the first bills: then it is switched off


LAUNCH = Launch("bedrock", begins=290, ramp=320)
MIGRATION = Migration(
    leaving=("azure-prod", "vm", "E8s v5"),
    arriving=("gcp-apps", "gce", "n2-highmem-8"),
    begins=110,
    steps=4,
)
CLUSTER = Cluster(
    "aws-staging", "m6i.4xlarge Linux", "loadtest", machines=12, begins=16, found_after=10
)
CREDIT_BEGINS_TO_LACK = 72
"""The first day without the start-up credit of ``CREDIT_A_DAY``."""
CREDIT_A_DAY = Decimal(62)

_WEEK = 7
_LATER_EVERY = 21
_LATER_DAYS = 2


@dataclass(frozen=True)
class Story:
    """The year that ends on ``end`` (inclusive); ``seed`` decides the noise."""

    end: date
    seed: str = SEED

    def day(self, back: int) -> date:
        """Return the day so many days before the end."""
        return self.end - timedelta(days=back)

    @cached_property
    def commitment_over(self) -> date:
        """Return the first day without the savings plan: that of the month before the last one."""
        return add_months(month_start(self.end), -1)

    @cached_property
    def credit_over(self) -> date:
        """Return the first day without the start-up credit."""
        return self.day(CREDIT_BEGINS_TO_LACK)

    def cluster_runs(self, day: date) -> bool:
        """Tell whether the forgotten cluster runs."""
        return self.day(CLUSTER.begins) <= day < self.day(-CLUSTER.found_after)

    def use(self, use: Use, day: date) -> float:
        """Return how much is used on a day as a share of what is usual there."""
        share = _launched(LAUNCH, self, day) if use[1] == LAUNCH.service else 1.0
        if use == MIGRATION.leaving:
            share *= 1 - self._moved(day - timedelta(days=_WEEK))
        if use == MIGRATION.arriving:
            share *= self._moved(day)
        return share * self._struck(use, day)

    def _moved(self, day: date) -> float:
        """Return which share of what migrates is at its new place."""
        age = (day - self.day(MIGRATION.begins)).days
        return min(max(age // _WEEK + 1, 0), MIGRATION.steps) / MIGRATION.steps

    def _struck(self, use: Use, day: date) -> float:
        back = (self.end - day).days
        if back < 0:
            return _later(use, -back)
        for incident in _BY_PLACE.get(use[:2], ()):
            if incident.begins - incident.days < back <= incident.begins:
                return incident.factor
        return 1.0


def _launched(launch: Launch, story: Story, day: date) -> float:
    age = (day - story.day(launch.begins)).days
    return min(max(age + 1, 0) / launch.ramp, 1.0)


def _later(use: Use, days_after: int) -> float:
    """Return what strikes after the first bills: one place after the other, every three weeks."""
    number, offset = divmod(days_after - 1, _LATER_EVERY)
    struck = LATER[number % len(LATER)]
    is_struck = use[:2] == (struck.account, struck.service)
    return struck.factor if is_struck and offset >= _LATER_EVERY - _LATER_DAYS else 1.0


def _by_place() -> Mapping[tuple[str, str], tuple[Incident, ...]]:
    places: dict[tuple[str, str], tuple[Incident, ...]] = {}
    for incident in INCIDENTS:
        key = (incident.account, incident.service)
        places[key] = (*places.get(key, ()), incident)
    return places


_BY_PLACE = _by_place()
