"""Compares what deliveries cover: which charges come again, which bills are the same.

Pure: the same coverages give the same answer. What would go is said by ``losses``. Amounts are
*gross*: what moves in either direction, so that usage which a credit cancels counts. Bounds that
are guesses of ours are named here, and held by the histories of
``tests/bills/ledger/test_histories.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from costoptix import money

if TYPE_CHECKING:
    import pyarrow as pa

    from costoptix.lake.coverage import Coverage

SETTLING = timedelta(days=3)
"""Days younger than this when a delivery was made still change by themselves."""

TOLD_AGAIN = 0.5
"""The least share of a part's charges that a delivery must hold to take its place."""
BARELY_TOLD_AGAIN = 0.05
"""A part of which no more is told again is never taken for one whose charges settled."""
DISJOINT = 0.02
"""The largest share of charges in common with which two parts may count together unasked."""

NEARLY_EQUAL = Decimal("0.02")
"""How far apart totals may be that are taken for the same bill."""
MOST_DAYS = Decimal("0.8")
"""The share of days on which they must be."""
FEWEST_DAYS = 5
"""On fewer days bills may be equal by chance: then each sub-account's must be."""

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Part:
    """A delivery of a scope, live or to be, as far as it is compared."""

    id: str
    delivered_at: datetime
    coverage: Coverage

    @property
    def last_settled_day(self) -> date:
        """Return the last day that did not change by itself any more when it was delivered."""
        return self.delivered_at.date() - SETTLING


@dataclass(frozen=True)
class Totals:
    """Sums of charges; the negative ones are negative."""

    charge_count: int = 0
    billed_positive: Decimal = Decimal(0)
    billed_negative: Decimal = Decimal(0)
    effective_positive: Decimal = Decimal(0)
    effective_negative: Decimal = Decimal(0)

    @property
    def billed(self) -> Decimal:
        """Return the gross billed cost."""
        return self.billed_positive - self.billed_negative

    @property
    def effective(self) -> Decimal:
        """Return the gross effective cost."""
        return self.effective_positive - self.effective_negative

    @property
    def gross(self) -> Decimal:
        """Return the larger of both."""
        return max(self.billed, self.effective)

    @property
    def net_billed(self) -> Decimal:
        """Return the billed cost."""
        return self.billed_positive + self.billed_negative


NOTHING = Totals()


def share_told_again(part: Part, others: Sequence[Part]) -> float:
    """Estimate which share of a part's charges some others hold together, from 0 to 1.

    By the sketches; where a delivery has none, by the money of the groups that the others have.
    """
    if not part.coverage.table.num_rows:
        return 1.0
    sketches = [other.coverage.sketch for other in others]
    if part.coverage.sketch is not None:
        made = [sketch for sketch in sketches if sketch is not None]
        share = part.coverage.sketch.share_in(made) if len(made) == len(sketches) else None
        if share is not None:
            return share
    return _share_of_groups(part, others)


def is_told_again(part: Part, others: Sequence[Part]) -> bool:
    """Tell whether others may take the place of a part: they hold enough of its charges.

    Charges of the last days may change into others (on-demand usage that a savings plan covers
    later), as long as some are the same and the money of each day stays.
    """
    share = share_told_again(part, others)
    if share >= TOLD_AGAIN:
        return True
    return share > BARELY_TOLD_AGAIN and _is_settling(part)


def would_double(part: Part, coming: Sequence[Part], replaced: Sequence[Part]) -> bool:
    """Tell whether coming parts hold charges of a part that would stay live beside them.

    ``replaced`` are those whose place they take: what they held may come again.
    """
    sketched = share_told_again(part, coming) if part.coverage.sketch is not None else 0.0
    if sketched > DISJOINT:
        return True
    theirs = sums([part], GROUP)
    new, old = sums(coming, GROUP), sums(replaced, GROUP)
    covered = [
        min(totals.gross, new[key].gross - old.get(key, NOTHING).gross)
        for key, totals in theirs.items()
        if key in new
    ]
    again = money.total(amount for amount in covered if amount > 0)
    whole = money.total(totals.gross for totals in theirs.values())
    return whole > 0 and again * 2 > whole


def net_billed(parts: Sequence[Part]) -> dict[str, Decimal]:
    """Return what parts cost together, by currency."""
    return {
        currency: totals.net_billed for (currency,), totals in sums(parts, ("currency",)).items()
    }


def accounts(part: Part) -> frozenset[str]:
    """Return the accounts that a part has charges of."""
    return frozenset(part.coverage.table.column("account").unique().to_pylist())


def days(part: Part) -> frozenset[date]:
    """Return the days on which a part has charges."""
    return frozenset(part.coverage.table.column("day").unique().to_pylist())


def settled(part: Part) -> date:
    """Return the last day of a part that did not change by itself any more."""
    return part.last_settled_day


def looks_like(coming: Sequence[Part], other: Sequence[Part]) -> bool:
    """Tell whether parts of two scopes seem to bill the same: one provider, one currency at a time.

    Compared are the days that both have, but those that still settle: the totals, and each day's
    or each sub-account's. Net, as one export may fold credits into usage; gross, as a month that
    credits pay is nothing in net; and usage alone, as exports differ in what has fees and taxes.
    """
    mine, theirs = _settled_billed(coming), _settled_billed(other)
    providers = {key[:2] for key in mine} & {key[:2] for key in theirs}
    return any(
        _same_bill(_of(mine, one, amount), _of(theirs, one, amount))
        for one in providers
        for amount in range(len(_NOTHING_BILLED))
    )


GROUP = ("currency", "day", "charge_category", "account")


def _is_settling(part: Part) -> bool:
    """Tell whether most of a part's money lies on days that still changed when it was made."""
    whole = sums([part], ("currency",))
    final = sums([part], ("currency",), until=settled)
    return all(final.get(key, NOTHING).gross * 2 < totals.gross for key, totals in whole.items())


def _share_of_groups(part: Part, others: Sequence[Part]) -> float:
    mine, theirs = sums([part], GROUP), sums(others, GROUP)
    whole = money.total(totals.gross for totals in mine.values())
    if whole <= 0:
        return sum(key in theirs for key in mine) / len(mine)
    shared = money.total(totals.gross for key, totals in mine.items() if key in theirs)
    return float(money.quotient(shared, whole))


def sums(
    parts: Sequence[Part],
    names: tuple[str, ...],
    *,
    until: Callable[[Part], date] | None = None,
    days: Iterable[date] | None = None,
    category: str | None = None,
) -> dict[Key, Totals]:
    """Add up parts by some of the keys of their coverage."""
    from costoptix.lake.coverage import SCHEMA

    tables = [_some(part, until=until, category=category) for part in parts]
    return _grouped(tables or [SCHEMA.empty_table()], names, days)


def _grouped(
    tables: Sequence[pa.Table], names: tuple[str, ...], days: Iterable[date] | None
) -> dict[Key, Totals]:
    import pyarrow as pa
    from pyarrow import compute

    from costoptix.lake.coverage import AMOUNTS

    table = pa.concat_tables(tables)
    if days is not None:
        wanted_days = pa.array(sorted(days), type=pa.date32())
        table = table.filter(compute.is_in(table.column("day"), value_set=wanted_days))
    summed = ("charge_count", *AMOUNTS)
    grouped = table.group_by(list(names)).aggregate([(name, "sum") for name in summed])
    return _totals(grouped, names)


def _totals(grouped: pa.Table, names: tuple[str, ...]) -> dict[Key, Totals]:
    from costoptix.lake.coverage import AMOUNTS

    summed = ("charge_count", *AMOUNTS)
    keys = zip(*(grouped.column(name).to_pylist() for name in names), strict=True)
    values = zip(*(grouped.column(f"{name}_sum").to_pylist() for name in summed), strict=True)
    return {key: Totals(*amounts) for key, amounts in zip(keys, values, strict=True)}


def shrinking(
    before: Sequence[Part], after: Sequence[Part], names: tuple[str, ...], category: str
) -> dict[Key, Totals]:
    """Return by how much groups of settled days fall that lose charges from before to after."""
    import pyarrow as pa
    from pyarrow import compute

    from costoptix.lake.coverage import AMOUNTS, SCHEMA

    summed = ("charge_count", *AMOUNTS)
    there = [_some(part, until=settled, category=category) for part in before]
    every = [_some(part, until=None, category=category) for part in after]
    left = pa.concat_tables([SCHEMA.empty_table(), *every])
    for name in summed:
        place = left.schema.get_field_index(name)
        left = left.set_column(place, left.schema.field(name), compute.negate(left.column(name)))
    table = (
        pa.concat_tables([*there, left])
        .group_by(list(names))
        .aggregate([(name, "sum") for name in summed])
    )
    return _totals(table.filter(compute.greater(table.column("charge_count_sum"), 0)), names)


def _some(part: Part, *, until: Callable[[Part], date] | None, category: str | None) -> pa.Table:
    from pyarrow import compute

    table = part.coverage.table
    if until is not None:
        table = table.filter(compute.less_equal(table.column("day"), until(part)))
    if category is not None:
        table = table.filter(compute.equal(table.column("charge_category"), category))
    return table


Billed = Mapping[Key, tuple[Decimal, Decimal, Decimal]]
"""Billed cost by provider, currency, day and account: net, gross, and of usage alone."""
_NOTHING_BILLED = (Decimal(0), Decimal(0), Decimal(0))


def _settled_billed(parts: Sequence[Part]) -> Billed:
    if not parts:
        return {}
    last = max(map(settled, parts))  # of reports that add up, a later one says that a day is done
    names = ("currency", "day", "account", "charge_category")
    billed: dict[Key, tuple[Decimal, Decimal, Decimal]] = {}
    for (currency, day, account, category), group in sums(
        parts, names, until=lambda _part: last
    ).items():
        key = (account.split(":", 1)[0], currency, day, account)
        net, gross, usage = billed.get(key, _NOTHING_BILLED)
        used = group.net_billed if category == "Usage" else Decimal(0)
        billed[key] = (net + group.net_billed, gross + group.billed, usage + used)
    return billed


def _of(billed: Billed, provider_and_currency: Key, amount: int) -> dict[Key, Decimal]:
    return {
        key[2:]: amounts[amount]
        for key, amounts in billed.items()
        if key[:2] == provider_and_currency
    }


def _same_bill(mine: Mapping[Key, Decimal], theirs: Mapping[Key, Decimal]) -> bool:
    days = {day for day, _ in mine} & {day for day, _ in theirs}
    one, other = _on(days, mine), _on(days, theirs)
    total = money.total(one.values())
    if not total or not _is_near(total, money.total(other.values())):
        return False
    by_day, by_day_there = _summed(one, 0), _summed(other, 0)
    with_money = [day for day in days if by_day[day] or by_day_there[day]]
    near = [day for day in with_money if _is_near(by_day[day], by_day_there[day])]
    if len(with_money) >= FEWEST_DAYS and len(near) >= MOST_DAYS * len(with_money):
        return True
    accounts, accounts_there = _summed(one, 1), _summed(other, 1)
    return accounts.keys() == accounts_there.keys() and all(
        _is_near(amount, accounts_there[account]) for account, amount in accounts.items()
    )


def _on(days: set[Any], billed: Mapping[Key, Decimal]) -> dict[Key, Decimal]:
    return {key: amount for key, amount in billed.items() if key[0] in days}


def _summed(billed: Mapping[Key, Decimal], position: int) -> dict[Any, Decimal]:
    totals: defaultdict[Any, Decimal] = defaultdict(Decimal)
    for key, amount in billed.items():
        totals[key[position]] = totals[key[position]] + amount
    return totals


def _is_near(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= max(abs(one), abs(other)) * NEARLY_EQUAL
