"""What ``/analytics/movers`` answers. Written as in ``api.figures``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from costoptix.api.figures import ChangeData, DaysData
from costoptix.api.writing import From, written
from costoptix.figures.comparison import Compare
from costoptix.figures.covered import AccountCoverage, CoverageShift
from costoptix.figures.movers import Level, Mover, MoverState
from costoptix.figures.parts import Untold
from costoptix.figures.sides import Comparison, nothing_to_compare
from costoptix.figures.why import Why
from costoptix.lake.providers import account_of

SHOWN = 10
"""How many services whose coverage moved are told, and accounts of each."""


def _account(coverage: AccountCoverage) -> str:
    provider, number = coverage.account
    return account_of(provider, number)


def _accounts(shift: CoverageShift) -> list[AccountCoverage]:
    return list(shift.accounts[:SHOWN])


def _account_count(shift: CoverageShift) -> int:
    return len(shift.accounts)


def _untold(why: Why) -> list[UntoldData]:
    return [UntoldData(reason, amount, reason.sentence) for reason, amount in why.untold.items()]


def _service_name(shift: CoverageShift) -> str | None:
    return shift.service[0]


def _provider_name(shift: CoverageShift) -> str | None:
    return shift.service[1]


def _shifts(why: Why) -> list[CoverageShift]:
    return list(why.coverage[:SHOWN])


def _shift_count(why: Why) -> int:
    return len(why.coverage)


@dataclass(frozen=True)
class PartsData:
    """The parts of a change; they add up to it."""

    new: Decimal
    gone: Decimal
    usage: Decimal
    list_price: Decimal
    negotiated_rate: Decimal
    commitment_coverage: Decimal
    unused_commitment: Decimal
    purchases: Decimal
    credits: Decimal
    tax: Decimal
    other: Decimal


@dataclass(frozen=True)
class UntoldData:
    """How much of ``other`` the columns do not tell more precisely, and why."""

    reason: Untold
    amount: Decimal
    sentence: str


@dataclass(frozen=True)
class RestatedData:
    """How much of each side newer deliveries of the last 30 days changed; not among the parts."""

    now: Decimal
    before: Decimal


@dataclass(frozen=True)
class AccountCoverageData:
    """How much of a service's usage in an account, by list cost, commitments covered.

    ``gained`` is the list cost covered beyond the share of before; below zero it is lost.
    """

    account: Annotated[str, From(_account)]
    covered_percent_before: Annotated[Decimal | None, From("before.percent")]
    covered_percent: Annotated[Decimal | None, From("now.percent")]
    gained: Decimal


@dataclass(frozen=True)
class CoverageData:
    """A service whose commitment coverage moved, and the accounts that gained or lost most."""

    service_name: Annotated[str | None, From(_service_name)]
    provider_name: Annotated[str | None, From(_provider_name)]
    account_count: Annotated[int, From(_account_count)]
    accounts: Annotated[list[AccountCoverageData], From(_accounts)]


@dataclass(frozen=True)
class MoverSum:
    """What everything of one currency changed, and why."""

    currency: str
    sentence: str
    change: ChangeData | None
    parts: PartsData
    untold: Annotated[list[UntoldData], From(_untold)]
    restated: RestatedData
    coverage_count: Annotated[int, From(_shift_count)]
    coverage: Annotated[list[CoverageData], From(_shifts)]


@dataclass(frozen=True)
class MoverData:
    """A group of the level that was asked for, and why its cost changed."""

    group: dict[str, str | None]
    currency: str
    state: MoverState
    change: ChangeData | None
    parts: PartsData


@dataclass(frozen=True)
class Movers:
    """What moved, by money; ``note`` says why nothing could be compared."""

    level: Level
    complete: DaysData | None
    compared_with: DaysData | None
    note: str | None
    sentence: str | None
    totals: list[MoverSum]
    movers: list[MoverData]


def movers_page(
    level: Level,
    comparison: Comparison | None,
    reasons: Sequence[Why],
    shown: Sequence[Mover],
    compare: Compare,
) -> Movers:
    """Write one page of movers, and the sums of all."""
    return written(
        Movers,
        comparison,
        level=level,
        complete=comparison and comparison.now.date_range,
        compared_with=comparison and comparison.before.date_range,
        note=None if comparison else nothing_to_compare(compare),
        sentence=" ".join(why.sentence for why in reasons) or None,
        totals=reasons,
        movers=[
            written(MoverData, mover, group=dict(zip(level.group_by, mover.group, strict=True)))
            for mover in shown
        ],
    )
