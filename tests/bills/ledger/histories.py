"""Made-up lives of a bill: what providers deliver day by day, and what goes wrong with it.

A history is a list of deliveries, small and from a seed. None of it asks a person anything;
``faults`` puts losses and doubles in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, localcontext
from random import Random

from costoptix.bills.formats.azure import Dataset
from costoptix.bills.read.staged import Batch, Exported
from costoptix.periods import BillingPeriod

MONTH = BillingPeriod.month(date(2026, 3, 1))
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Charge:
    """A row of a bill, as far as deliveries are compared."""

    day: int
    account: str
    service: str
    resource: str | None
    billed: Decimal
    effective: Decimal
    category: str = "Usage"
    sku: str | None = None
    description: str | None = None
    hour: int = 0
    number: str | None = None  # what a growing table orders its rows by

    @property
    def gross(self) -> Decimal:
        return max(abs(self.billed), abs(self.effective))

    def times(self, factor: Decimal) -> Charge:
        return replace(self, billed=self.billed * factor, effective=self.effective * factor)


@dataclass(frozen=True)
class Sent:
    """A delivery of one scope."""

    at: datetime
    charges: tuple[Charge, ...]
    source: str = "bills"
    payer: str = "payer"
    family: str = "aws_cur"
    provider: str = "AWS"
    period: BillingPeriod = MONTH
    dataset: str | None = None
    batch: Batch | None = None
    exported: Exported | None = None
    also: tuple[tuple[str, tuple[Charge, ...]], ...] = ()  # charges staged as another dataset too


History = list[Sent]


def morning(day: int, hour: int = 6) -> datetime:
    """Return an hour of a day, counted from 1 March."""
    return datetime(2026, 3, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)


def cents(random: Random, low: int, high: int) -> Decimal:
    return random.randint(low, high) * CENT


class Estate:
    """What an organization runs: accounts, services, resources, each at a price that wavers."""

    def __init__(self, random: Random, days: int | None = None) -> None:
        self.random = random
        self.days = random.randint(8, 13) if days is None else days
        self.accounts = [f"{random.randrange(10**12):012}" for _ in range(random.randint(2, 4))]
        self.resources = [
            (account, service, f"{service}-{number}", cents(random, 200, 3000))
            for account in self.accounts
            for service in random.sample(["EC2", "RDS", "S3", "Lambda", "EKS"], 3)
            for number in range(random.randint(1, 3))
        ]
        self._usage = {day: tuple(self._of_day(day)) for day in range(1, self.days + 1)}

    def _of_day(self, day: int) -> Iterable[Charge]:
        for account, service, resource, price in self.resources:
            cost = (price * cents(self.random, 80, 120)).quantize(CENT)
            yield Charge(
                day, account, service, resource, cost, cost,
                sku=f"sku {service}", description=f"on-demand {service}",
            )  # fmt: skip

    def usage(self, last: int, first: int = 1) -> list[Charge]:
        return [charge for day in range(first, last + 1) for charge in self._usage[day]]

    def total(self, last: int) -> Decimal:
        return sum((charge.billed for charge in self.usage(last)), Decimal(0))


def partly(charges: Sequence[Charge], last: int, share: Decimal) -> list[Charge]:
    """Return charges of which those of the last day have come in for a part of it."""
    return [
        charge.times(share) if charge.day == last and charge.category == "Usage" else charge
        for charge in charges
    ]


def covered(charge: Charge, share: Decimal) -> Charge:
    """Return usage as it is written once a savings plan covers it."""
    return replace(
        charge,
        billed=Decimal(0),
        effective=(charge.effective * share).quantize(CENT),
        description=f"SavingsPlanCoveredUsage {charge.service}",
    )


def fee(day: int, account: str, amount: Decimal, kind: str = "SavingsPlanRecurringFee") -> Charge:
    amount = amount.quantize(CENT)
    return Charge(day, account, "Plan", "arn:plan", amount, Decimal(0), "Purchase", None, kind)


def savings_plan(random: Random, days: int | None = None) -> History:
    """A CUR that grows daily: on-demand first, covered by a savings plan two days later."""
    estate = Estate(random, days)
    share = cents(random, 55, 80)
    services = set(random.sample(["EC2", "RDS", "S3", "Lambda", "EKS"], random.choice([1, 2, 5])))
    fees = [fee(day, estate.accounts[0], estate.total(day) / day / 3) for day in
            range(1, estate.days + 1)]  # fmt: skip
    history = []
    for last in range(1, estate.days + 1):
        usage = [
            covered(charge, share) if charge.service in services and charge.day < last - 1
            else charge
            for charge in estate.usage(last)
        ]  # fmt: skip
        usage = partly(usage, last, cents(random, 30, 100))
        history.append(Sent(morning(last + 1), (*usage, *fees[:last])))
    return history


def finalised(random: Random) -> History:
    """A month's end: tax, credits, refunds and support move or merge."""
    estate = Estate(random)
    usage = estate.usage(estate.days)
    first, *others = estate.accounts
    total = estate.total(estate.days)

    def once(account: str, category: str, amount: Decimal, text: str) -> Charge:
        amount = amount.quantize(CENT)
        return Charge(1, account, "Other", None, amount, amount, category, None, text)

    def shared(category: str, amount: Decimal, text: str) -> list[Charge]:
        part = amount / len(estate.accounts)
        return [once(account, category, part, text) for account in estate.accounts]

    granted = -total / random.randint(3, 10)
    estimated = [
        *shared("Tax", total / 10, "Tax for EC2"),
        *shared("Credit", granted, "Credit"),
        *shared("Purchase", total / 20, "AWS Support"),
    ]
    merged = [
        once(first, "Tax", total / 10, "Tax of the month"),
        once(random.choice(others), "Credit", granted * cents(random, 80, 120), "Credits"),
        once(first, "Purchase", total / 20, "AWS Support (Business)"),
    ]
    refund = once(random.choice(others), "Usage", -total / 40, "Refund")
    end = morning(32)
    return [
        *(Sent(morning(last + 1), (*estate.usage(last),)) for last in range(1, estate.days)),
        Sent(end, (*usage, *estimated)),
        Sent(end + timedelta(days=2), (*usage, *merged)),
        Sent(end + timedelta(days=5), (*usage, *merged, refund)),
    ]


def purchases_first(random: Random) -> History:
    """A first day with purchases only."""
    estate = Estate(random)
    bought = [
        fee(1, account, cents(random, 2000, 60000), "RIFee") for account in estate.accounts
    ]  # fmt: skip
    return [
        Sent(morning(1), tuple(bought)),
        *(
            Sent(
                morning(last + 1),
                (*bought, *partly(estate.usage(last), last, cents(random, 20, 99))),
            )
            for last in range(1, estate.days + 1)
        ),
    ]


def azure(random: Random) -> History:
    """Azure's actual and amortized exports, daily, in any order."""
    estate = Estate(random)
    bought = [fee(2, estate.accounts[0], estate.total(estate.days) / 2, "Reservation")]
    reserved = random.choice([charge.service for charge in estate.usage(1)])
    history = []
    for last in range(1, estate.days + 1):
        usage = partly(estate.usage(last), last, cents(random, 40, 100))
        mine = bought if last >= 2 else []
        actual = [
            replace(charge, billed=Decimal(0), effective=Decimal(0))
            if mine and charge.service == reserved else charge
            for charge in usage
        ]  # fmt: skip
        amortized = [
            replace(charge, billed=Decimal(0), effective=charge.effective / 2)
            if mine and charge.service == reserved else charge
            for charge in usage
        ]  # fmt: skip
        also = ((Dataset.PURCHASES.value, tuple(mine)),) if mine else ()
        both = [
            Sent(morning(last + 1), (*actual, *mine), family="azure", provider="Microsoft",
                 dataset=Dataset.ACTUAL.value, also=also),
            Sent(morning(last + 1), tuple(amortized), family="azure", provider="Microsoft",
                 dataset=Dataset.AMORTIZED.value),
        ]  # fmt: skip
        random.shuffle(both)
        gap = timedelta(minutes=random.choice([1, 600]))
        history += [both[0], replace(both[1], at=both[1].at + gap)]
    return history


def google(random: Random) -> History:
    """Google's table: rows that were exported since, some of them late; now and then all of it."""
    estate = Estate(random)
    due: dict[int, list[Charge]] = {}
    for charge in estate.usage(estate.days):
        late = random.choice([0, 0, 0, 0, 1, 2])
        due.setdefault(charge.day + late, []).append(charge)
    is_whole = random.random() < 0.5
    history: History = []
    so_far: list[Charge] = []
    for day in sorted(due):
        at = morning(day + 1, 3)
        new = [replace(charge, number=at.isoformat()) for charge in due[day]]
        first = morning(min(due) + 1, 3) if is_whole else at
        so_far += new
        history.append(
            Sent(at, tuple(so_far if is_whole else new), family="gcp", provider="Google Cloud",
                 exported=Exported(first=first, last=at))
        )  # fmt: skip
    return history


def oracle(random: Random) -> History:
    """Oracle's reports: several files a day, each of its own rows; corrections are rows."""
    estate = Estate(random)
    history: History = []
    number = 0
    for day in range(1, estate.days + 1):
        charges = estate.usage(day, day)
        random.shuffle(charges)
        middle = random.randint(1, len(charges) - 1)
        for nth, rows in enumerate((charges[:middle], charges[middle:])):
            if day > 3 and random.random() < 0.3:  # one of an earlier day, taken back and anew
                wrong = random.choice(estate.usage(day - 2, day - 2))
                right = wrong.times(cents(random, 50, 90))
                rows = [*rows, wrong.times(Decimal(-1)), right]
            numbered = [
                replace(charge, number=f"v2.{number + place:06}")
                for place, charge in enumerate(rows)
            ]
            number += len(rows)
            names = (numbered[0].number or "", numbered[-1].number or "")
            history.append(
                Sent(morning(day + 1, 1 + nth * 6), tuple(numbered), family="oci",
                     provider="Oracle", batch=Batch(file_name=f"{day}-{nth}.csv", numbers=names))
            )  # fmt: skip
    again = random.choice(history)
    name = random.choice([again.batch and again.batch.file_name, "copy.csv"])
    batch = again.batch and again.batch.model_copy(update={"file_name": name})
    return [*history, replace(again, at=history[-1].at + timedelta(hours=3), batch=batch)]


def overwritten(random: Random) -> History:
    """A FOCUS export that is overwritten daily, several times."""
    estate = Estate(random)
    history: History = []
    for last in range(1, estate.days + 1):
        shares = sorted(cents(random, 10, 100) for _ in range(random.randint(1, 3)))
        history += [
            Sent(morning(last, 8 + 5 * nth), tuple(partly(estate.usage(last), last, share)),
                 family="focus")
            for nth, share in enumerate(shares)
        ]  # fmt: skip
    return history


def spread_anew(random: Random) -> History:
    """An amortisation that is spread over the days so far, anew each day."""
    estate = Estate(random)
    paid = estate.total(estate.days) / random.choice([2, 4])
    history = []
    for last in range(1, estate.days + 1):
        part = (paid / last).quantize(CENT)
        spread = [
            Charge(day, estate.accounts[0], "Plan", "arn:plan", Decimal(0), part, sku="plan",
                   description="Amortized upfront fee")
            for day in range(1, last + 1)
        ]  # fmt: skip
        bought = fee(1, estate.accounts[0], paid, "Upfront fee")
        history.append(Sent(morning(last + 1), (*estate.usage(last), *spread, bought)))
    return history


def reserved(random: Random) -> History:
    """A reservation's fee: what of it is unused yet is a charge that shrinks day by day."""
    estate = Estate(random)
    account, service, *_ = random.choice(estate.resources)
    paid = estate.total(estate.days) * random.choice([1, 3]) / 4
    daily = (paid / estate.days).quantize(CENT)
    bought = fee(1, account, daily * estate.days, "RIFee")
    history = []
    for last in range(1, estate.days + 1):
        used = [
            Charge(day, account, service, "i-reserved", Decimal(0), daily, sku="sku reserved")
            for day in range(1, last + 1)
        ]
        left = daily * (estate.days - last)
        unused = [Charge(1, account, service, "arn:plan", Decimal(0), left)] if left else []
        history.append(Sent(morning(last + 1), (*estate.usage(last), *used, *unused, bought)))
    return history


def moved_account(random: Random) -> History:
    """An account that moves between payers: both bill it, each its days."""
    estate = Estate(random)
    mover, at = estate.accounts[-1], random.randint(3, estate.days - 2)
    new = Estate(random, estate.days)
    history = []
    for last in range(1, estate.days + 1):
        mine = [c for c in estate.usage(last) if c.account != mover or c.day <= at]
        theirs = [c for c in estate.usage(last) if c.account == mover and c.day > at]
        history += [
            Sent(morning(last + 1, 5), tuple(mine), payer="old payer"),
            Sent(morning(last + 1, 6), (*new.usage(last), *theirs), payer="new payer"),
        ]
    return history


def stopped_service(random: Random) -> History:
    """A team that stops a service, or all that an account had."""
    estate = Estate(random)
    service, account = random.choice([(c.service, c.account) for c in estate.usage(1)])
    whole_account, at = random.random() < 0.5, random.randint(2, estate.days - 2)

    def runs(charge: Charge) -> bool:
        is_of = charge.account == account and (whole_account or charge.service == service)
        return not is_of or charge.day <= at

    return [
        Sent(morning(last + 1), tuple(filter(runs, estate.usage(last))))
        for last in range(1, estate.days + 1)
    ]


def renamed(random: Random) -> History:
    """Accounts, billing accounts and providers under another spelling from some day on."""
    estate = Estate(random)
    at = random.randint(2, estate.days - 1)

    def spelled(charge: Charge) -> Charge:
        return replace(charge, account=f"/subscriptions/{charge.account.upper()}")

    ids = {one: f"{one[:8]}-ab{one[8:10]}-cd{one[10:12]}-ab00-{one}" for one in estate.accounts}
    history = []
    for last in range(1, estate.days + 1):
        usage = [replace(charge, account=ids[charge.account]) for charge in estate.usage(last)]
        history.append(
            Sent(morning(last + 1), tuple(map(spelled, usage) if last > at else usage),
                 family="azure", provider="Microsoft" if last > at else "Microsoft Azure")
        )  # fmt: skip
    return history


def cancelled(random: Random) -> History:
    """An upfront purchase that a negative row cancels."""
    estate = Estate(random)
    bought, at = random.randint(1, 3), random.randint(4, estate.days)
    amount = estate.total(estate.days) * random.choice([1, 3])
    bill = fee(bought, estate.accounts[0], amount, "Upfront fee")
    back = replace(bill.times(Decimal(-1)), day=at if random.random() < 0.5 else bought,
                   description="Upfront fee cancelled")  # fmt: skip
    return [
        Sent(
            morning(last + 1),
            (
                *estate.usage(last),
                *([bill] if last >= bought else []),
                *([back] if last >= at else []),
            ),
        )
        for last in range(1, estate.days + 1)
    ]


def on_credits(random: Random) -> History:
    """A month that credits pay."""
    estate = Estate(random)

    def credit(charge: Charge) -> Charge:
        return replace(charge.times(Decimal(-1)), category="Credit", description="Credit")

    return [
        Sent(morning(last + 1), (*estate.usage(last), *map(credit, estate.usage(last))))
        for last in range(1, estate.days + 1)
    ]


def repeated(random: Random) -> History:
    """A finished month that comes again and again as it was."""
    estate = Estate(random)
    return [Sent(morning(40 + nth), tuple(estate.usage(estate.days))) for nth in range(3)]


KINDS: tuple[Callable[[Random], History], ...] = (
    savings_plan, finalised, purchases_first, azure, google, oracle, overwritten, spread_anew,
    reserved, moved_account, stopped_service, renamed, cancelled, on_credits, repeated,
)  # fmt: skip


def make(kind: Callable[[Random], History], random: Random) -> History:
    """Return a history of a kind; prices that are made up may be rounded."""
    with localcontext(Context(traps=[])):
        return kind(random)


def later(history: History) -> History:
    """Return a history that is imported long afterwards, in its order."""
    start = datetime(2026, 8, 1, tzinfo=UTC)
    return [replace(sent, at=start + timedelta(minutes=n)) for n, sent in enumerate(history)]


def irregular(random: Random, history: History) -> History:
    """Return a history of which some deliveries did not come in; no rows are lost by that."""
    if any(sent.batch or sent.exported for sent in history):
        return history
    return [
        sent for place, sent in enumerate(history)
        if place == len(history) - 1 or random.random() < 0.6
    ]  # fmt: skip
