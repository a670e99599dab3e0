"""Commitments: bought ahead, then used or left unused; over a term both sides are equal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from random import Random

from costoptix.demo.catalogue import SERVICES
from costoptix.demo.charges import (
    NOTHING,
    Row,
    UnitPrices,
    account_columns,
    charged_from,
    invoice_of,
    period_of,
    priced,
    resource_columns,
    sku_columns,
)
from costoptix.demo.company import Provider
from costoptix.demo.story import Story
from costoptix.demo.usage import (
    HOURS_A_DAY,
    Workload,
    consumed,
    find_workload,
    machine_name,
    machines,
    usage_row,
)
from costoptix.money import EXACT, to_text
from costoptix.periods import add_months, month_start

_FIRST_SLOT = 1000  # committed machines are others than those on demand


@dataclass(frozen=True, eq=False)
class Commitment:
    """Hours of one SKU, committed to for whole terms and paid for when a term begins."""

    account: str
    sku: str
    kind: str  # CommitmentDiscountType
    category: str  # CommitmentDiscountCategory: Spend or Usage
    name: str
    id_pattern: str  # with {year} where every term is a commitment of its own
    machines: int
    rate: Decimal  # per hour, in the account's currency
    months: int  # in a term: 1 (paid by the month) or 12 (paid upfront)
    first_month: int  # 1 to 12: where terms of a year begin
    idle: tuple[float, float]  # the share that goes unused on a day: at least, at most
    runs_out: bool = False  # its last term ends before ``Story.commitment_over``

    @cached_property
    def workload(self) -> Workload:
        """Return the use that the commitment covers."""
        return find_workload(self.account, self.sku)

    def term(self, day: date) -> tuple[date, date]:
        """Return the first day of the term that holds ``day``, and the day after its last."""
        begun = (day.month - self.first_month) % self.months
        start = add_months(month_start(day), -begun)
        return start, add_months(start, self.months)


COMMITMENTS = (
    Commitment(
        "aws-prod", "m6i.4xlarge Linux", "Savings Plan", "Spend", "Compute, no upfront",
        "arn:aws:savingsplans::418822007315:savingsplan/5b0d1f6e-77c2",
        machines=12, rate=Decimal("0.5069"), months=1, first_month=1, idle=(0.0, 0.04),
        runs_out=True,
    ),
    Commitment(
        "aws-prod", "db.r6g.2xlarge PostgreSQL Multi-AZ", "Reserved Instance", "Usage",
        "PostgreSQL, one year upfront",
        "arn:aws:rds:us-east-1:418822007315:ri:pg-{year}",
        machines=1, rate=Decimal("1.1854"), months=12, first_month=3, idle=(0.0, 0.05),
    ),
    Commitment(
        "azure-prod", "D16s v5", "Reservation", "Usage", "D16s v5, East US",
        "/providers/microsoft.capacity/reservationorders/8f2c77d1/reservations/4e19",
        machines=2, rate=Decimal("0.4711"), months=1, first_month=1, idle=(0.05, 0.35),
    ),
    Commitment(
        "gcp-analytics", "n2-standard-8", "Committed Use Discount", "Usage", "N2 cores, Iowa",
        "projects/acme-analytics-prod/regions/us-central1/commitments/n2-three-years",
        machines=2, rate=Decimal("0.2448"), months=1, first_month=1, idle=(0.0, 0.20),
    ),
)  # fmt: skip


def commitment_charges(provider: Provider, day: date, rng: Random, story: Story) -> Iterator[Row]:
    """Yield what was bought on ``day``, what was used of it, and what was not.

    What a commitment covered runs on at the price on demand once it has run out.
    """
    for commitment in COMMITMENTS:
        if commitment.workload.account.provider is provider:
            if commitment.runs_out and day >= story.commitment_over:
                yield from _on_demand(commitment, day, rng)
                continue
            if commitment.term(day)[0] == day:
                yield _purchase(commitment, day)
            yield from _use(commitment, day, rng)


def _on_demand(commitment: Commitment, day: date, rng: Random) -> Iterator[Row]:
    for slot, hours in enumerate(machines(_committed(commitment) - _idle(commitment, rng))):
        name = machine_name(commitment.workload, _FIRST_SLOT + slot, day)
        yield usage_row(commitment.workload, day, name, hours)


def _committed(commitment: Commitment) -> Decimal:
    """Return the hours of a day that are paid for."""
    return Decimal(commitment.machines * HOURS_A_DAY)


def _idle(commitment: Commitment, rng: Random) -> Decimal:
    """Return how many of these hours go unused."""
    return _committed(commitment) * round(1000 * rng.uniform(*commitment.idle)) / 1000


def _purchase(commitment: Commitment, day: date) -> Row:
    _, end = commitment.term(day)
    hours = Decimal(commitment.machines * HOURS_A_DAY * (end - day).days)
    rate = commitment.rate
    return {
        **_common(commitment, day, "Standard"),
        **charged_from(day, end),
        **priced(hours, UnitPrices(rate, rate, billed=rate, effective=NOTHING)),
        "ChargeCategory": "Purchase",
        "ChargeFrequency": "Recurring" if commitment.months == 1 else "One-Time",
    }


def _use(commitment: Commitment, day: date, rng: Random) -> Iterator[Row]:
    unused = _idle(commitment, rng)
    for slot, hours in enumerate(machines(_committed(commitment) - unused)):
        yield _used(commitment, day, slot, hours)
    if unused:
        yield _unused(commitment, day, unused)


def _used(commitment: Commitment, day: date, slot: int, hours: Decimal) -> Row:
    workload = commitment.workload
    on_demand = workload.prices
    prices = UnitPrices(
        on_demand.listed, on_demand.contracted, billed=NOTHING, effective=commitment.rate
    )
    name = machine_name(workload, _FIRST_SLOT + slot, day)
    return {
        **_common(commitment, day, "Committed"),
        **resource_columns(workload.meter, workload.account, name),
        **period_of(day),
        **priced(hours, prices),
        **consumed(hours, workload.meter.unit),
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "CommitmentDiscountStatus": "Used",
    }


def _unused(commitment: Commitment, day: date, hours: Decimal) -> Row:
    """Return the row of what was paid for and not used: nothing was priced, so lists are 0."""
    on_demand = commitment.workload.prices
    nothing_used = UnitPrices(on_demand.listed, on_demand.contracted, NOTHING, NOTHING)
    return {
        **_common(commitment, day, "Committed"),
        **period_of(day),
        **priced(NOTHING, nothing_used),
        "EffectiveCost": to_text(EXACT.multiply(commitment.rate, hours)),
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "CommitmentDiscountStatus": "Unused",
    }


def _common(commitment: Commitment, day: date, pricing_category: str) -> dict[str, str]:
    """Return the columns of all three; the commitment itself is the resource but for use."""
    workload = commitment.workload
    meter, account = workload.meter, workload.account
    start, _ = commitment.term(day)
    identity = commitment.id_pattern.format(year=start.year)
    return {
        **account_columns(account, SERVICES[meter.service]),
        **sku_columns(meter, account.provider, pricing_category),
        **invoice_of(account, month_start(day)),
        "ChargeDescription": f"{commitment.kind}: {commitment.name}",
        "CommitmentDiscountId": identity,
        "CommitmentDiscountName": commitment.name,
        "CommitmentDiscountCategory": commitment.category,
        "CommitmentDiscountType": commitment.kind,
        "ResourceId": identity,
        "ResourceName": commitment.name,
        "ResourceType": commitment.kind,
    }
