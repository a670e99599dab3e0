"""What runs on a day, and what it costs on demand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from random import Random

from costoptix.demo import rhythm
from costoptix.demo.catalogue import METERS, SERVICES, Meter
from costoptix.demo.charges import (
    Row,
    UnitPrices,
    account_columns,
    invoice_of,
    period_of,
    priced,
    resource_columns,
    sku_columns,
    token,
)
from costoptix.demo.company import ACCOUNTS, CompanyAccount, Provider
from costoptix.demo.story import CLUSTER, Story, Use
from costoptix.money import quotient, rounded, to_text
from costoptix.periods import month_start

HOURS_A_DAY = 24
_PRICE_PLACES = 10
_MACHINE_LIFE = 45  # days until a machine of a fleet is replaced by a new one
_NOISE = 0.035


@dataclass(frozen=True, eq=False)
class Workload:
    """One meter as one account uses it."""

    meter: Meter
    account_key: str  # of ``ACCOUNTS``

    @cached_property
    def account(self) -> CompanyAccount:
        """Return the account."""
        return ACCOUNTS[self.account_key]

    @cached_property
    def prices(self) -> UnitPrices:
        """Return the unit prices on demand (or of spare capacity)."""
        factor, discount = self.account.price_factor, self.account.provider.discount
        contracted = self.meter.spot or self.meter.list_price * (1 - discount)
        listed = rounded(self.meter.list_price * factor, _PRICE_PLACES)
        contracted = rounded(contracted * factor, _PRICE_PLACES)
        return UnitPrices(listed, contracted, billed=contracted, effective=contracted)

    @cached_property
    def use(self) -> Use:
        """Return account, service and SKU as the story names them."""
        return self.account_key, self.meter.service, self.meter.sku

    @cached_property
    def share(self) -> float:
        """Return the account's part of the meter's use, between 0 and 1."""
        weights = [ACCOUNTS[key].weight for key in self.meter.accounts]
        return self.account.weight / sum(weights)

    @cached_property
    def units(self) -> float:
        """Return the units used on a working day of ``rhythm.ANCHOR``."""
        price = quotient(self.prices.contracted, self.account.price_factor)
        return self.meter.daily * self.share / float(price)

    @cached_property
    def pricing_category(self) -> str:
        """Return FOCUS's word for the price: spare capacity is Dynamic."""
        return "Dynamic" if self.meter.spot else "Standard"


WORKLOADS: tuple[Workload, ...] = tuple(
    Workload(meter, key) for meter in METERS for key in meter.accounts
)


def find_workload(account: str, sku: str) -> Workload:
    """Return what ``account`` (a key of ``ACCOUNTS``) uses of ``sku``.

    Raises:
        LookupError: the account does not use it.
    """
    for workload in WORKLOADS:
        if workload.account_key == account and workload.meter.sku == sku:
            return workload
    raise LookupError(f"{account} uses no {sku}")


def usage(provider: Provider, day: date, rng: Random, story: Story) -> Iterator[Row]:
    """Yield the usage rows of ``day`` in all accounts of ``provider``."""
    for workload in WORKLOADS:
        if workload.account.provider is provider:
            level = rhythm.level(SERVICES[workload.meter.service], day)
            level *= story.use(workload.use, day)
            units = workload.units * level * rng.uniform(1 - _NOISE, 1 + _NOISE)
            for name, quantity in _spread(workload, units, day, rng):
                yield usage_row(workload, day, name, quantity)


def forgotten(provider: Provider, day: date, story: Story) -> Iterator[Row]:
    """Yield what the forgotten cluster used on ``day``: whole days, under no tag."""
    workload = find_workload(CLUSTER.account, CLUSTER.sku)
    if workload.account.provider is provider and story.cluster_runs(day):
        for number in range(CLUSTER.machines):
            name = f"{CLUSTER.stem}-{number + 1:02}"
            yield {**usage_row(workload, day, name, Decimal(HOURS_A_DAY)), "Tags": ""}


def usage_row(workload: Workload, day: date, resource: str, quantity: Decimal) -> Row:
    """Return the charge for ``quantity`` units used by ``resource`` on ``day``, on demand."""
    meter, account = workload.meter, workload.account
    return {
        **account_columns(account, SERVICES[meter.service]),
        **sku_columns(meter, account.provider, workload.pricing_category),
        **resource_columns(meter, account, resource),
        **invoice_of(account, month_start(day)),
        **period_of(day),
        **priced(quantity, workload.prices),
        **consumed(quantity, meter.unit),
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
    }


def consumed(quantity: Decimal, unit: str) -> dict[str, str]:
    """Return the columns that only usage has: what was used, in the unit of the price."""
    return {"ConsumedQuantity": to_text(quantity), "ConsumedUnit": unit}


def machines(hours: Decimal) -> Iterator[Decimal]:
    """Yield the hours of each machine of a fleet: whole days, and what remains."""
    full, rest = divmod(hours, HOURS_A_DAY)
    yield from [Decimal(HOURS_A_DAY)] * int(full)
    if rest:
        yield rest


def machine_name(workload: Workload, slot: int, day: date) -> str:
    """Return the name of the machine that fills ``slot`` of a fleet on ``day``."""
    generation = (day.toordinal() + 11 * slot) // _MACHINE_LIFE
    identity = f"{workload.account.id} {workload.meter.sku} {slot} {generation}"
    return f"{workload.meter.stem}-{token(identity, 8)}"


def _spread(
    workload: Workload, units: float, day: date, rng: Random
) -> Iterator[tuple[str, Decimal]]:
    """Yield resource names and their quantities, which are above zero."""
    meter = workload.meter
    if meter.resources == 0:
        for slot, hours in enumerate(machines(_rounded(units, meter.places))):
            yield machine_name(workload, slot, day), hours
        return
    count = max(1, round(meter.resources * workload.share))
    weights = [rng.uniform(0.95, 1.05) / (slot + 1.5) for slot in range(count)]
    for slot, weight in enumerate(weights):
        quantity = _rounded(units * weight / sum(weights), meter.places)
        if quantity:
            yield f"{meter.stem}-{workload.account.environment}-{slot + 1:02}", quantity


def _rounded(units: float, places: int) -> Decimal:
    """Turn a shape into an exact quantity: from here on there is no float."""
    return Decimal(round(units * 10**places)).scaleb(-places)
