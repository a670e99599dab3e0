"""Lives of a bill, made up: what clouds do asks nothing, what goes wrong asks a person.

Judged in memory, as the product judges (``ledgers``). ``make prove`` tries 200 of each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple

import pytest

from costoptix import clock
from costoptix.bills.ledger.coverage import FEWEST_DAYS, NEARLY_EQUAL, SETTLING
from tests.bills.bill import ORDINARY, write
from tests.bills.ledger.faults import DOUBLES, LEAST, LOSSES, doubling, losing
from tests.bills.ledger.histories import (
    KINDS,
    MONTH,
    Charge,
    History,
    Sent,
    cancelled,
    finalised,
    irregular,
    later,
    make,
    overwritten,
    savings_plan,
    spread_anew,
)  # fmt: skip
from tests.bills.ledger.ledgers import Ledger
from tests.support.bills import TakeIn
from tests.support.proving import count, tell

Kind = Callable[[Random], History]


def asked(history: History) -> list[tuple[int, list[str]]]:
    """Return what is asked of a history, by delivery; what waits is not live."""
    ledger = Ledger()
    every = [(place, ledger.bring(sent)) for place, sent in enumerate(history)]
    return [(place, questions) for place, questions in every if questions]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_nothing_is_asked_of_what_clouds_do(kind: Kind) -> None:
    for seed in range(count(1, 10)):
        random = Random(seed)
        history = make(kind, random)
        assert asked(history) == []
        if seed:
            assert asked(irregular(random, history)) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_nothing_is_asked_of_it_long_afterwards(kind: Kind) -> None:
    for seed in range(count(1, 10)):
        random = Random(seed)
        history = make(kind, random)
        assert asked(later(irregular(random, history))) == []


class Tried(NamedTuple):
    """What became of a history with a fault: asked about, missed, or why it could not be seen."""

    fault: str
    outcome: str
    seed: int


def drawn(seed: int) -> tuple[Random, History]:
    random = Random(seed)
    history = make(KINDS[seed % len(KINDS)], random)
    if random.random() < 0.3:
        history = irregular(random, history)
    return random, later(history) if random.random() < 0.3 else history


def lost(seed: int) -> Tried:
    random, history = drawn(seed)
    faults = [
        LOSSES[(seed + seed // len(KINDS)) % len(LOSSES)],
        *random.sample(LOSSES, len(LOSSES)),
    ]
    for fault in faults:
        made = losing(random, history, fault)
        if made is not None:
            outcome = "asked" if asked(made[0]) else _unasked(history, *made)
            return Tried(fault.__name__, outcome, seed)
    return doubled(seed)  # where files add up, none takes anything away


def _unasked(history: History, faulty: History, place: int) -> str:
    """Say why nothing was asked: of what had settled less than 2% went, or it was missed."""
    sent = history[place]
    older = [one for one in history[:place] if one.payer == sent.payer]
    settled = (older[-1].at - SETTLING).date()
    ledgers = [Ledger(), Ledger(), Ledger()]
    for ledger, deliveries in zip(
        ledgers, (history[:place], history[: place + 1], faulty[: place + 1]), strict=True
    ):
        for delivery in deliveries:
            ledger.bring(delivery)
    before, right, wrong = (ledger.charges() for ledger in ledgers)
    last = (settled - MONTH.first).days + 1
    fall = _gross(right, last) - _gross(wrong, last)
    return "settles" if fall < LEAST * _gross(before, 31) else "missed"


def _gross(charges: Counter[Charge], last: int) -> Decimal:
    return sum(
        (charge.gross * times for charge, times in charges.items() if charge.day <= last),
        Decimal(0),
    )


def doubled(seed: int) -> Tried:
    random, history = drawn(seed)
    double = DOUBLES[(seed + seed // len(KINDS)) % len(DOUBLES)]
    mixed = doubling(random, history, double)
    others = [sent for sent in mixed if not any(sent is one for one in history)]
    if asked(mixed):
        return Tried(double.__name__, "asked", seed)
    return Tried(double.__name__, "few days" if _few_days(history, others) else "missed", seed)


def _few_days(history: History, others: History) -> bool:
    """Tell whether the other bill has too few days in common that cost the same and settled."""
    one, other = Ledger(), Ledger()
    for ledger, deliveries in ((one, history), (other, others)):
        for sent in deliveries:
            ledger.bring(sent)
    last = ((others[-1].at - SETTLING).date() - MONTH.first).days + 1
    mine, theirs = one.charges(), other.charges()
    same = [
        day
        for day in range(1, last + 1)
        if 0 < _of_day(mine, day) * (1 - NEARLY_EQUAL) <= _of_day(theirs, day)
    ]
    return len(same) < FEWEST_DAYS


def _of_day(charges: Counter[Charge], day: int) -> Decimal:
    return _gross(charges, day) - _gross(charges, day - 1)


def test_a_loss_or_double_is_asked_about_unless_its_days_still_settle() -> None:
    """Of 2% or more; of a bill with other ids, once five of its days have settled."""
    tried = [doubled(seed) if seed % 4 == 3 else lost(seed) for seed in range(count(8, 200))]
    tell(_counts("histories with a fault", tried))
    assert [one for one in tried if one.outcome == "missed"] == []
    assert sum(one.outcome == "asked" for one in tried) > len(tried) / 2


def _counts(name: str, tried: list[Tried]) -> str:
    outcomes = Counter((one.fault, one.outcome) for one in tried)
    words = [f"{fault} {outcome} {times}" for (fault, outcome), times in sorted(outcomes.items())]
    return f"{name}: {len(tried)} histories; {', '.join(words)}"


COLUMNS = (*ORDINARY, "SkuId", "ChargeDescription")
AT_THE_DOOR = (savings_plan, finalised, overwritten, spread_anew, cancelled)


def as_focus(sent: Sent) -> bytes:
    """Write a delivery as a FOCUS export."""
    return write([_row(sent, charge) for charge in sent.charges], COLUMNS)


def _row(sent: Sent, charge: Charge) -> dict[str, str]:
    start = datetime(2026, 3, charge.day, charge.hour, tzinfo=UTC)
    return {
        "BillingAccountId": sent.payer, "SubAccountId": charge.account,
        "ChargePeriodStart": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "ChargePeriodEnd": f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        "ChargeCategory": charge.category, "ServiceName": charge.service,
        "ResourceId": charge.resource or "", "SkuId": charge.sku or "",
        "ChargeDescription": charge.description or "",
        "BilledCost": str(charge.billed), "EffectiveCost": str(charge.effective),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(count(2, 10)))
def test_the_door_judges_as_it_is_judged_in_memory(seed: int, take_in: TakeIn, billed) -> None:
    """Every second history has a fault; while its delivery waits, what is live stays."""
    random = Random(seed)
    history = make(AT_THE_DOOR[seed // 2 % len(AT_THE_DOOR)], random)
    history = history[-count(3, 6) :]
    made = losing(random, history, random.choice(LOSSES)) if seed % 2 else None
    ledger, waiting = Ledger(), 0
    for sent in history if made is None else made[0]:
        clock.configure(f"{sent.at:%Y-%m-%dT%H:%M:%SZ}")
        questions = ledger.bring(sent)
        row = take_in(as_focus(sent), source_name=sent.source)
        assert row.state == ("waiting" if questions else "live"), (questions, row.message)
        waiting += row.state == "waiting"
        live = (charge.billed * times for charge, times in ledger.charges().items())
        assert billed() == sum(live, Decimal(0))
    assert bool(waiting) is bool(made)


def test_new_columns_and_new_names_in_mid_month_ask_nothing(take_in: TakeIn, billed) -> None:
    first, second = make(overwritten, Random(0))[-2:]
    clock.configure(f"{first.at:%Y-%m-%dT%H:%M:%SZ}")
    assert take_in(as_focus(first), source_name="focus").state == "live"
    clock.configure(f"{second.at:%Y-%m-%dT%H:%M:%SZ}")
    news = {"SubAccountName": "Web shop", "RegionName": "Frankfurt", "x_Team": "a", "Tags": ""}
    rows = [_row(second, charge) | news for charge in second.charges]
    row = take_in(write(rows, (*COLUMNS, *news)), source_name="focus")
    assert (row.state, row.message) == ("live", None)
    assert billed() == sum((charge.billed for charge in second.charges), Decimal(0))


CUR = (
    "bill/PayerAccountId", "bill/BillingPeriodStartDate", "bill/BillingPeriodEndDate",
    "lineItem/UsageAccountId", "lineItem/LineItemType", "lineItem/UsageStartDate",
    "lineItem/UsageEndDate", "lineItem/ProductCode", "lineItem/CurrencyCode",
    "lineItem/LineItemDescription", "lineItem/ResourceId", "lineItem/UnblendedCost",
    "savingsPlan/SavingsPlanARN", "savingsPlan/SavingsPlanEffectiveCost", "product/sku",
)  # fmt: skip


def cur(last: int, sku: str) -> bytes:
    """Write the report of a day: on-demand usage, until a savings plan covers it two days later."""
    lines = [",".join(CUR)]
    for day in range(1, last + 1):
        when = f"2026-03-{day:02}T00:00:00Z,2026-03-{day:02}T01:00:00Z,AmazonEC2,USD"
        month = "1,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,2"
        lines.append(f"{month},SavingsPlanRecurringFee,{when},1 hour of a plan,,9,arn:plan,,")
        for number in range(4):
            resource = f"i-{number}"
            if day < last - 1:
                covered = f"{when},covered by a savings plan,{resource}"
                lines.append(f"{month},SavingsPlanCoveredUsage,{covered},4,arn:plan,2.2,{sku}")
                lines.append(f"{month},SavingsPlanNegation,{covered},-4,arn:plan,,{sku}")
            else:
                lines.append(f"{month},Usage,{when},on demand,{resource},4,,,{sku}")
    return "\n".join(lines).encode() + b"\n"


@pytest.mark.parametrize(("sku", "months_later"), [("S", 0), ("S", 5), ("", 0)])
def test_a_report_whose_usage_a_savings_plan_covers_later_asks_nothing(
    sku: str, months_later: int, take_in: TakeIn, billed
) -> None:
    for last in (1, 2, 4, 5):
        day = f"2026-{3 + months_later:02}-{last + 1:02}"
        clock.configure(f"{day}T06:00:00Z")
        row = take_in(cur(last, sku), source_name="cur")
        assert (row.state, row.message) == ("live", None)
    assert billed() == 5 * 9 + 2 * 4 * 4
