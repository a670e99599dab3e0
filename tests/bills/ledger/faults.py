"""What goes wrong with deliveries: losses and doubles, to be put into histories."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Context, Decimal, localcontext
from hashlib import blake2b
from random import Random

from costoptix.bills.formats.azure import Dataset
from costoptix.periods import BillingPeriod
from tests.bills.ledger.histories import MONTH, Charge, History, Sent, cents

LEAST = Decimal("0.02")
"""Losses and doubles that are smaller are not made."""

Fault = Callable[[Random, Sent, Sent], Sent | None]
"""Makes a delivery a faulty one, given the last one before it; None where it cannot be."""
Double = Callable[[Random, History], History]
"""Makes the deliveries of another bill of the same, given those that there are."""


def gross(charges: Iterable[Charge]) -> Decimal:
    return sum((charge.gross for charge in charges), Decimal(0))


def without(sent: Sent, before: Sent, kept: Callable[[Charge], bool]) -> Sent | None:
    """Return a delivery without some charges, if these are enough of what was live before."""
    left = tuple(filter(kept, sent.charges))
    there = [charge for charge in before.charges if not kept(charge)]
    if not left or gross(there) < gross(before.charges) * LEAST:
        return None
    return replace(sent, charges=left)


def lost_day(random: Random, sent: Sent, before: Sent) -> Sent | None:
    day = random.choice([charge.day for charge in before.charges])
    return without(sent, before, lambda charge: charge.day != day)


def lost_weeks(random: Random, sent: Sent, before: Sent) -> Sent | None:
    """Half of the month only; the first or the second."""
    last = max(charge.day for charge in sent.charges)
    is_first = random.random() < 0.5
    return without(sent, before, lambda charge: (charge.day * 2 <= last) is is_first)


def slice_as_whole(random: Random, sent: Sent, before: Sent) -> Sent | None:
    last = max(charge.day for charge in sent.charges)
    first = random.randint(2, max(2, last))
    return without(sent, before, lambda charge: charge.day >= first)


def lost_shard(random: Random, sent: Sent, before: Sent) -> Sent | None:
    shards, nth = random.randint(2, 5), random.randrange(2)
    return without(sent, before, lambda charge: hash_of(charge) % shards != nth)


def hash_of(charge: Charge) -> int:
    key = (charge.day, charge.account, charge.service, charge.resource, charge.description)
    return int.from_bytes(blake2b(repr(key).encode(), digest_size=4).digest())


def lost_account(random: Random, sent: Sent, before: Sent) -> Sent | None:
    account = random.choice([charge.account for charge in before.charges])
    return without(sent, before, lambda charge: charge.account != account)


def lost_category(random: Random, sent: Sent, before: Sent) -> Sent | None:
    category = random.choice(sorted({charge.category for charge in before.charges}))
    return without(sent, before, lambda charge: charge.category != category)


def truncated(random: Random, sent: Sent, before: Sent) -> Sent | None:
    """The file ends at some row, in one of the orders in which clouds write them."""
    orders: list[Callable[[Charge], object]] = [
        lambda charge: (charge.day, charge.account, charge.service),
        lambda charge: (charge.account, charge.service, charge.day),
        hash_of,
    ]
    rows = sorted(sent.charges, key=random.choice(orders))
    left = set(rows[: random.randint(len(rows) * 3 // 10, len(rows) * 95 // 100)])
    kept_keys = {hash_of(charge) for charge in left}
    return without(sent, before, lambda charge: hash_of(charge) in kept_keys)


def shrunk(random: Random, sent: Sent, before: Sent) -> Sent | None:
    """Amounts are 30 to 70% of what they were."""
    share = cents(random, 30, 70)
    return replace(sent, charges=tuple(charge.times(share) for charge in sent.charges))


def other_export(random: Random, history: History) -> History:
    """The same bill from another source, format or billing account, its ids spelled otherwise."""
    choices: list[dict[str, str]] = [
        {"source": "second", "payer": "contract 9"},
        {"family": "focus", "payer": "contract 9"},
        {"source": "second", "family": "focus"},
    ]
    place = random.choice(choices)

    def spelled(charge: Charge) -> Charge:
        return replace(
            charge, account=f"ocid1.{charge.account}", resource=None, number=None,
            sku=f"other {charge.sku}", description="as another export has it",
        )  # fmt: skip

    deliveries = whole(history) if random.random() < 0.5 else history
    return [
        replace(sent, charges=tuple(map(spelled, sent.charges)), dataset=None, also=(), **place)
        for sent in deliveries
    ]


def posted_beside(random: Random, history: History) -> History:
    """The same deliveries in another source."""
    return [replace(sent, source="second") for sent in history]


def other_period(random: Random, history: History) -> History:
    """The same charges in a billing period that overlaps."""
    first = MONTH.first + timedelta(days=random.randint(-10, 5))
    period = BillingPeriod(first, first + timedelta(days=random.randint(15, 29)))
    return [replace(sent, period=period) for sent in history]


LOSSES: tuple[Fault, ...] = (
    lost_day, lost_weeks, slice_as_whole, lost_shard, lost_account, lost_category, truncated,
    shrunk,
)  # fmt: skip
DOUBLES: tuple[Double, ...] = (other_export, posted_beside, other_period)


def losing(random: Random, history: History, fault: Fault) -> tuple[History, int] | None:
    """Put a loss into a history; return it and where, or None where it cannot be put in."""
    places = list(range(1, len(history)))
    random.shuffle(places)
    for place in places:
        sent = history[place]
        older = [
            one for one in history[:place]
            if (one.payer, one.dataset) == (sent.payer, sent.dataset)
        ]  # fmt: skip
        if not older or sent.batch or sent.exported or sent.dataset == Dataset.ACTUAL:
            continue  # what only adds takes nothing away; of Azure the amortized export is live
        with localcontext(Context(traps=[])):
            faulty = fault(random, sent, older[-1])
        if faulty is not None:
            return [*history[:place], faulty, *history[place + 1 :]], place
    return None


def doubling(random: Random, history: History, double: Double) -> History:
    """Have another bill of the same come in beside a history, from some delivery on."""
    place = random.randrange(len(history))
    others = iter(double(random, history)[place:])
    mixed = history[:place]
    for sent, other in zip(history[place:], others, strict=True):
        mixed += [sent, replace(other, at=sent.at + timedelta(minutes=5))]
    return mixed


def whole(history: History) -> History:
    """Return a history of which each delivery holds all charges so far, where files add up."""
    if not any(sent.batch or sent.exported for sent in history):
        return history
    every: dict[Charge, None] = {}
    wholes = []
    for sent in history:
        every |= dict.fromkeys(sent.charges)
        wholes.append(replace(sent, charges=tuple(every), batch=None, exported=None))
    return wholes
