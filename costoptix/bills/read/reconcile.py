"""In = stored + rejected + rounding: rows and sums, to the last digit, or nothing goes live."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from costoptix import money
from costoptix.bills.read.staged import Line
from costoptix.lake.charges import COLUMNS
from costoptix.lake.layout import METRICS
from costoptix.periods import BillingPeriod

ZERO = Decimal(0)
LARGEST_POWER = 40


class Unreconciled(Exception):
    """The sums do not agree: a defect of ours, so nothing of the file is made live."""


@dataclass(frozen=True)
class ReconciledGroup:
    """The key of the reconciled sums."""

    billing_period: BillingPeriod | None  # None where the row does not say
    currency: str | None
    charge_category: str | None


@dataclass
class _Sum:
    """One metric within one group."""

    kept: Decimal = ZERO  # as the file has it, before rounding
    rejected: Decimal = ZERO
    rounding: Decimal = ZERO
    rows_rounded: int = 0
    rows_unread: int = 0  # rejected, and what they cost is not to be read


@dataclass
class _Tally:
    rows_kept: int = 0  # charges that are made of rows
    rows_rejected: int = 0
    sums: dict[str, _Sum] = field(default_factory=lambda: {metric: _Sum() for metric in METRICS})


class Ledger:
    """Adds up what a file holds while it is read.

    A row of the file may become several charges: rows are counted apart, sums are of charges.
    """

    def __init__(self) -> None:
        self._tallies: defaultdict[ReconciledGroup, _Tally] = defaultdict(_Tally)
        self._rows_kept = 0
        self._rows_rejected = 0

    @property
    def rows_read(self) -> int:
        """Rows that the file holds."""
        return self._rows_kept + self._rows_rejected

    @property
    def rows_kept(self) -> int:
        """Rows whose charges are on their way into the store."""
        return self._rows_kept

    @property
    def rows_rejected(self) -> int:
        """Rows that are left out."""
        return self._rows_rejected

    @property
    def charges(self) -> int:
        """Charges on their way into the store."""
        return sum(tally.rows_kept for tally in self._tallies.values())

    def count(self, *, kept: int = 0, rejected: int = 0) -> None:
        """Count rows of the file."""
        self._rows_kept += kept
        self._rows_rejected += rejected

    def keep(self, group: ReconciledGroup, rows: int, sums: Mapping[str, Decimal | None]) -> None:
        """Add charges whose amounts need no rounding: their count and their sums."""
        tally = self._tallies[group]
        tally.rows_kept += rows
        for metric, amount in sums.items():
            tally.sums[metric].kept = money.FILE_SUMS.add(tally.sums[metric].kept, amount or ZERO)

    def keep_rounded(self, group: ReconciledGroup, written: Mapping[str, str | None]) -> None:
        """Add one charge by its amounts as the file has them, of more than 18 places."""
        tally = self._tallies[group]
        tally.rows_kept += 1
        for metric, text in written.items():
            if text is not None:
                _add_rounded(tally.sums[metric], money.exact(text.strip()))

    def reject(self, group: ReconciledGroup, written: Mapping[str, str | None]) -> None:
        """Add one charge that is left out; its amounts count where they can be read."""
        tally = self._tallies[group]
        tally.rows_rejected += 1
        for metric, text in written.items():
            sum_, amount = tally.sums[metric], _readable(text)
            if amount is not None:
                sum_.rejected = money.FILE_SUMS.add(sum_.rejected, amount)
            elif text is not None or COLUMNS[metric].is_required:
                sum_.rows_unread += 1

    def lines(
        self, stored: Mapping[ReconciledGroup, tuple[int, Mapping[str, Decimal | None]]]
    ) -> Iterator[Line]:
        """Compare with what the stored files hold: per group, the rows and the sum per metric.

        Raises:
            Unreconciled: the two differ, in a row or in the last digit.
        """
        if surplus := stored.keys() - self._tallies.keys():
            raise Unreconciled(f"stored, but never read: {surplus}")
        for group, tally in self._tallies.items():
            rows, sums = stored.get(group, (0, {}))
            if rows != tally.rows_kept:
                raise Unreconciled(f"{group}: {tally.rows_kept} rows kept, {rows} stored")
            yield from _lines(group, tally, sums)


def _lines(
    group: ReconciledGroup, tally: _Tally, stored: Mapping[str, Decimal | None]
) -> Iterator[Line]:
    for metric, sum_ in tally.sums.items():
        line = Line(
            billing_period=group.billing_period,
            currency=group.currency,
            charge_category=group.charge_category,
            metric=metric,
            rows_read=tally.rows_kept + tally.rows_rejected,
            rows_kept=tally.rows_kept,
            rows_rejected=tally.rows_rejected,
            rows_rounded=sum_.rows_rounded,
            rows_unread=sum_.rows_unread,
            sum_file=money.FILE_SUMS.add(sum_.kept, sum_.rejected),
            sum_stored=stored.get(metric) or ZERO,
            sum_rejected=sum_.rejected,
            sum_rounding=sum_.rounding,
            is_missing=stored.get(metric) is None
            and not (COLUMNS[metric].is_required and not tally.rows_kept),
        )
        if not is_balanced(line):
            raise Unreconciled(f"{group} {metric}: the sums differ: {line}")
        yield line


def is_balanced(line: Line) -> bool:
    """Tell whether file = stored + rejected + rounding."""
    return line.sum_file == _total((line.sum_stored, line.sum_rejected, line.sum_rounding))


def _add_rounded(sum_: _Sum, number: Decimal) -> None:
    lost = money.FILE_SUMS.subtract(number, money.to_amount(number))
    sum_.kept = money.FILE_SUMS.add(sum_.kept, number)
    sum_.rounding = money.FILE_SUMS.add(sum_.rounding, lost)
    sum_.rows_rounded += lost != 0


def _readable(text: str | None) -> Decimal | None:
    """Read an amount of a rejected row; None where it is no amount of this world."""
    try:
        number = None if text is None else money.exact(text.strip())
    except ValueError:
        return None
    if not number:
        return number
    return number if -LARGEST_POWER < number.adjusted() < LARGEST_POWER else None


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return money.total(amounts, money.FILE_SUMS)
