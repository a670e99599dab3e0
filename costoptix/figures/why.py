"""Why costs changed, by currency: the parts, the sentence, and what newer deliveries changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from costoptix.costs.query import ACCOUNT, CostQuery, Filter
from costoptix.figures.asks import Asks
from costoptix.figures.breakdown import Group, amount_of
from costoptix.figures.covered import CoverageShift, coverage_shifts
from costoptix.figures.movers import Level, Mover, account_names, moved, movers, sums
from costoptix.figures.parts import COMMITTABLE, Parts, Untold
from costoptix.figures.sentence import Cause, ServiceInAccount, days_titles, sentence
from costoptix.figures.sides import Comparison
from costoptix.figures.summary import SERVICE, asked_over, summed
from costoptix.figures.trends import Change
from costoptix.lake.providers import account_of
from costoptix.money import EXACT, Amount, quotient, total
from costoptix.periods import Granularity
from costoptix.written import range_title

LOOKED_AT = 4
"""Of how many services in an account, those that moved most, the parts are looked at."""

CAUSES = 3
"""How many causes a sentence names at most …"""

SMALLEST = 10
"""… where each is at least one in so many of all that moved, up and down."""

FEW, SHORTEST = 3, 7
"""So few days of so many are told by their number."""

_NOTHING = Amount(0)
_CELL = (*SERVICE, "sub_account_id")


@dataclass(frozen=True)
class Restated:
    """How much of each side's figure newer deliveries changed; it is in the figures already."""

    now: Amount
    before: Amount


@dataclass(frozen=True)
class Why:
    """Why the costs of one currency changed; the parts add up to the change."""

    currency: str
    change: Change
    parts: Parts
    untold: Mapping[Untold, Amount]  # of ``parts.other``
    restated: Restated
    coverage: tuple[CoverageShift, ...]
    sentence: str
    account_names: Mapping[Group, str | None]  # in the bills, of the accounts of ``coverage``


def sentences(asks: Asks, asked: Comparison, metric: str, today: date) -> list[str]:
    """Say in one sentence per currency why costs changed, the largest change first.

    For pages and messages that show no more: it asks small files, and the charges of few services.
    """
    cells = _cells(asks, asked, metric)
    changes = {currency: summed(of_currency.values()) for currency, of_currency in cells.items()}
    titles = _titles(asks, asked, today)
    return [
        sentence(
            titles,
            currency,
            changes[currency],
            _causes(asks, asked, metric, currency, cells[currency]),
        )
        for currency in sorted(changes, key=lambda name: (-abs(changes[name].amount), name))
    ]


def explain(asks: Asks, asked: Comparison, metric: str, today: date) -> list[Why]:
    """Say why costs changed, by service: for whoever shows no movers beside it."""
    return reasons(asks, asked, metric, movers(asks, asked, metric, Level.SERVICE), today)


def reasons(
    asks: Asks, asked: Comparison, metric: str, ranked: Sequence[Mover], today: date
) -> list[Why]:
    """Say of movers why costs changed, one entry per currency."""
    shifts = coverage_shifts(asks.ask, asked) if metric in COMMITTABLE else {}
    now, before = (asks.restated(query, metric) for query in (asked.now, asked.before))
    cells = _cells(asks, asked, metric)
    titles = _titles(asks, asked, today)
    names = account_names(asks, asked, metric) if shifts else {}
    return [
        Why(
            whole.currency,
            whole.change,
            whole.parts,
            whole.untold,
            Restated(now.get(whole.currency, _NOTHING), before.get(whole.currency, _NOTHING)),
            shifts.get(whole.currency, ()),
            sentence(
                titles,
                whole.currency,
                whole.change,
                _causes(asks, asked, metric, whole.currency, cells.get(whole.currency, {})),
            ),
            names,
        )
        for whole in sums(ranked)
    ]


_Cells = dict[Group, Change]
"""What each service in each account cost before and now."""


def _cells(asks: Asks, asked: Comparison, metric: str) -> dict[str, _Cells]:
    """Ask what each service in each account cost, by currency: of a small roll-up."""
    cells: dict[str, _Cells] = {}
    names = SERVICE if asked.is_of_accounts else _CELL
    for is_now, query in ((False, asked.before), (True, asked.now)):
        for row in asks.ask(asked_over(query, query.date_range, *names, metric=metric)).rows:
            amount = amount_of(row, metric)
            if amount is not None:
                of_currency = cells.setdefault(row.currency, {})
                earlier = of_currency.get(row.group, Change(_NOTHING, _NOTHING))
                of_currency[row.group] = (
                    replace(earlier, now=amount) if is_now else replace(earlier, before=amount)
                )
    return cells


def _causes(
    asks: Asks, asked: Comparison, metric: str, currency: str, cells: _Cells
) -> list[Cause]:
    """Return the largest parts of the changes of services in accounts."""
    gross = total([abs(change.amount) for change in cells.values()])
    largest = sorted(cells, key=lambda cell: (-abs(cells[cell].amount), str(cell)))[:LOOKED_AT]
    chosen = [cell for cell in largest if cells[cell].amount]
    if not chosen:
        return []
    narrowed = Comparison(*(_narrowed(query, chosen) for query in (asked.now, asked.before)))
    causes = [
        (part, amount, mover)
        for mover in moved(asks, narrowed, metric, _CELL[: len(chosen[0])])
        if mover.currency == currency and mover.group in chosen
        for part, amount in mover.parts._asdict().items()
        if amount and abs(amount) * SMALLEST >= gross
    ]
    causes.sort(key=lambda cause: (-abs(cause[1]), cause[0], str(cause[2].group)))
    days = _daily(asks, narrowed.now, metric, currency, _CELL[: len(chosen[0])])
    names = _named(asks, asked, metric, cells)
    return [
        Cause(
            names[mover.group],
            part,
            amount,
            few_days(mover.change, asked, days.get(mover.group, {})),
        )
        for part, amount, mover in causes[:CAUSES]
    ]


def _daily(
    asks: Asks, query: CostQuery, metric: str, currency: str, names: tuple[str, ...]
) -> dict[Group, dict[date, Amount]]:
    """Ask what services in accounts cost day by day."""
    by_day = replace(
        asked_over(query, query.date_range, *names, metric=metric), granularity=Granularity.DAILY
    )
    days: dict[Group, dict[date, Amount]] = {}
    for row in asks.ask(by_day).rows:
        amount = amount_of(row, metric)
        if row.currency == currency and amount is not None:
            days.setdefault(row.group, {})[row.period_start] = amount
    return days


def few_days(change: Change, asked: Comparison, days: Mapping[date, Amount]) -> tuple[date, ...]:
    """Return the days, at most ``FEW``, that make nine tenths of a change; none where more do.

    Each against the average of a day before; of ranges of a week or more.
    """
    if asked.now.date_range.length < SHORTEST or not change.amount:
        return ()
    usual = quotient(change.before, asked.before.date_range.length)
    sign = 1 if change.amount > 0 else -1
    beyond = sorted(
        ((sign * EXACT.subtract(amount, usual), day) for day, amount in days.items()), reverse=True
    )
    for count in range(1, FEW + 1):
        reached = total([amount for amount, _ in beyond[:count]])
        if 10 * reached >= 9 * abs(change.amount):
            return tuple(sorted(day for _, day in beyond[:count]))
    return ()


def _narrowed(query: CostQuery, cells: Sequence[Group]) -> CostQuery:
    """Ask of the services and accounts of some cells."""
    filters = [Filter("service_name", tuple({cell[0] for cell in cells}))]
    if len(cells[0]) == len(_CELL):
        filters.append(Filter("sub_account_id", tuple({cell[2] for cell in cells})))
    return replace(query, filters=(*query.filters, *filters))


def _titles(asks: Asks, asked: Comparison, today: date) -> tuple[str, str]:
    """Name both sides: by their days, or two accounts."""
    if not asked.is_of_accounts:
        return days_titles(asked.now.date_range, asked.before.date_range, today)
    one, other = (_account_title(asks, query) for query in (asked.now, asked.before))
    return f"{one}, {range_title(asked.now.date_range)},", other


def _account_title(asks: Asks, query: CostQuery) -> str:
    chosen = [condition for condition in query.filters if condition.dimension == ACCOUNT]
    accounts = [account for condition in chosen for account in condition.values if account]
    titles = [asks.given_name(account) or account for account in accounts]
    return " and ".join(titles) or "All accounts"


def _named(
    asks: Asks, asked: Comparison, metric: str, cells: _Cells
) -> dict[Group, ServiceInAccount]:
    """Name services, and the account where a service is in several."""
    if asked.is_of_accounts:
        return {cell: ServiceInAccount(cell[0], None) for cell in cells}
    billed = account_names(asks, asked, metric)
    counts: dict[Group, int] = {}
    for cell in cells:
        counts[cell[:2]] = counts.get(cell[:2], 0) + 1
    return {
        (service, provider, number): ServiceInAccount(
            service,
            asks.given_name(account_of(provider, number))
            or billed.get((provider, number))
            or number
            or "no account"
            if counts[service, provider] > 1
            else None,
        )
        for service, provider, number in cells
    }
