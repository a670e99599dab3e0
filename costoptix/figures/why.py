"""Why costs changed, by currency: the parts, the sentence, and what newer deliveries changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from costoptix.costs.query import ACCOUNT, CostQuery, Filter
from costoptix.figures.asks import Asks
from costoptix.figures.breakdown import Group, amount_of
from costoptix.figures.covered import CoverageShift, coverage_shifts
from costoptix.figures.movers import (
    Level,
    Mover,
    account_names,
    moved,
    movers,
    sums,
)
from costoptix.figures.parts import COMMITTABLE, Parts, Untold
from costoptix.figures.sentence import Cause, ServiceInAccount, days_titles, sentence
from costoptix.figures.sides import Comparison
from costoptix.figures.steps import Step, steps
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


@dataclass(frozen=True)
class Brief:
    """Why the costs of one currency changed, in a sentence and steps that add up to the change."""

    currency: str
    change: Change
    sentence: str
    steps: tuple[Step, ...]


def briefs(asks: Asks, asked: Comparison, metric: str, today: date) -> tuple[Brief, ...]:
    """Say in brief why costs changed, one entry per currency, the largest change first.

    For pages and messages that show no more: it asks small files, and the charges of few services.
    Names that the team gave are part of the data that an answer is kept for.
    """
    return asks.worked_out(
        ("briefs", asked.now, asked.before, metric, today),
        lambda: _briefs(asks, asked, metric, today),
    )


def _briefs(asks: Asks, asked: Comparison, metric: str, today: date) -> list[Brief]:
    cells, names = _cells(asks, asked, metric)
    changes = {currency: summed(of_currency.values()) for currency, of_currency in cells.items()}
    titles = _titles(asks, asked, metric, today)
    causes = _causes(asks, asked, metric, cells, names)
    return [
        Brief(
            currency,
            changes[currency],
            sentence(titles, currency, changes[currency], causes[currency]),
            steps(cells[currency], causes[currency], _named(asks, asked, names, cells[currency])),
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
    shifts = coverage_shifts(asks, asked) if metric in COMMITTABLE else {}
    now, before = (asks.restated(query, metric) for query in (asked.now, asked.before))
    cells, names = _cells(asks, asked, metric)
    titles = _titles(asks, asked, metric, today)
    causes = _causes(asks, asked, metric, cells, names)
    return [
        Why(
            whole.currency,
            whole.change,
            whole.parts,
            whole.untold,
            Restated(now.get(whole.currency, _NOTHING), before.get(whole.currency, _NOTHING)),
            shifts.get(whole.currency, ()),
            sentence(titles, whole.currency, whole.change, causes.get(whole.currency, [])),
            names if shifts else {},
        )
        for whole in sums(ranked)
    ]


_Cells = dict[Group, Change]
"""What each service in each account cost before and now."""


_Names = Mapping[Group, str | None]
"""What the bills call accounts, provider and id."""


def _cells(asks: Asks, asked: Comparison, metric: str) -> tuple[dict[str, _Cells], _Names]:
    """Ask what each service in each account cost, by currency, and the accounts' names.

    Of a small roll-up. Two accounts are compared by services only; they have titles.
    """
    depth = _depth(asked)
    names = SERVICE if asked.is_of_accounts else (*_CELL, "sub_account_name")
    rows = asks.both(asked.over_groups(*names, metric=metric), metric)
    cells: dict[str, _Cells] = {}
    for row in rows:
        if row.now is not None or row.before is not None:
            of_currency = cells.setdefault(row.currency, {})
            cell, change = row.group[:depth], Change(row.before or _NOTHING, row.now or _NOTHING)
            other = of_currency.get(cell)
            of_currency[cell] = summed([other, change]) if other else change
    if asked.is_of_accounts:
        return cells, {}
    return cells, _billed_names(asks, asked, metric, [row.group[1:] for row in rows])


def _billed_names(asks: Asks, asked: Comparison, metric: str, accounts: Iterable[Group]) -> _Names:
    """Name accounts, given provider, id and name of each: as of the last day where there are two.

    A name that is the only one needs no further question.
    """
    names: dict[Group, str | None] = {}
    for *account, name in dict.fromkeys(accounts):
        key = tuple(account)
        if name and names.get(key):
            return account_names(asks, asked, metric)
        names[key] = name or names.get(key) or None
    return names


def _depth(asked: Comparison) -> int:
    """Return how many names make a cell."""
    return len(SERVICE if asked.is_of_accounts else _CELL)


def _causes(
    asks: Asks, asked: Comparison, metric: str, cells: Mapping[str, _Cells], names: _Names
) -> dict[str, list[Cause]]:
    """Return by currency the largest parts of the changes of services in accounts.

    The charges are asked once, for all currencies.
    """
    chosen = {currency: _largest(of_currency) for currency, of_currency in cells.items()}
    ranked = [
        mover
        for mover in _of_cells(asks, asked, metric, chosen.values())
        if mover.group in chosen.get(mover.currency, ())
    ]
    largest = {name: _largest_parts(ranked, name, cells[name]) for name in cells}
    named = [mover for parts in largest.values() for _, _, mover in parts]
    days = _daily(asks, asked, metric, named)
    return {
        currency: [
            Cause(called[mover.group], part, amount, days.get(mover.key, ()), mover.group)
            for part, amount, mover in parts
        ]
        for currency, parts in largest.items()
        for called in [_named(asks, asked, names, cells[currency])]
    }


def _of_cells(
    asks: Asks, asked: Comparison, metric: str, chosen: Iterable[Iterable[Group]]
) -> Sequence[Mover]:
    """Work out how some cells changed, and perhaps others."""
    every = list(dict.fromkeys(cell for cells in chosen for cell in cells))
    if not every:
        return []
    narrowed = Comparison(*(_narrowed(query, every) for query in (asked.now, asked.before)))
    return moved(asks, narrowed, metric, _CELL[: _depth(asked)])


def _largest(cells: _Cells) -> list[Group]:
    """Return the cells that moved most."""
    largest = sorted(cells, key=lambda cell: (-abs(cells[cell].amount), str(cell)))[:LOOKED_AT]
    return [cell for cell in largest if cells[cell].amount]


def _largest_parts(
    ranked: Iterable[Mover], currency: str, cells: _Cells
) -> list[tuple[str, Amount, Mover]]:
    """Return the largest parts of movers of one currency, of those that matter to all its cells."""
    gross = total([abs(change.amount) for change in cells.values()])
    parts = [
        (part, amount, mover)
        for mover in ranked
        if mover.currency == currency
        for part, amount in mover.parts._asdict().items()
        if amount and abs(amount) * SMALLEST >= gross
    ]
    return sorted(parts, key=lambda cause: (-abs(cause[1]), cause[0], str(cause[2].group)))[:CAUSES]


def _daily(
    asks: Asks, asked: Comparison, metric: str, named: Sequence[Mover]
) -> dict[tuple[str, Group], tuple[date, ...]]:
    """Return the few days that make most of the change of movers, where these are few.

    What each cost is asked day by day.
    """
    if not named or asked.now.date_range.length < SHORTEST:
        return {}
    query = _narrowed(asked.now, [mover.group for mover in named])
    names = _CELL[: _depth(asked)]
    by_day = replace(
        asked_over(query, query.date_range, *names, metric=metric), granularity=Granularity.DAILY
    )
    days: dict[tuple[str, Group], dict[date, Amount]] = {}
    for row in asks.ask(by_day).rows:
        amount = amount_of(row, metric)
        if amount is not None:
            days.setdefault((row.currency, row.group), {})[row.period_start] = amount
    return {mover.key: few_days(mover.change, asked, days.get(mover.key, {})) for mover in named}


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
    filters = [Filter("service_name", tuple(dict.fromkeys(cell[0] for cell in cells)))]
    if len(cells[0]) == len(_CELL):
        filters.append(Filter("sub_account_id", tuple(dict.fromkeys(cell[2] for cell in cells))))
    return replace(query, filters=(*query.filters, *filters))


def _titles(asks: Asks, asked: Comparison, metric: str, today: date) -> tuple[str, str]:
    """Name both sides: by their days, or two accounts."""
    if not asked.is_of_accounts:
        return days_titles(asked.now.date_range, asked.before.date_range, today)
    billed = {
        account_of(*account): name for account, name in account_names(asks, asked, metric).items()
    }
    one, other = (_account_title(asks, query, billed) for query in (asked.now, asked.before))
    return f"{one}, {range_title(asked.now.date_range)},", other


def _account_title(asks: Asks, query: CostQuery, billed: Mapping[str, str | None]) -> str:
    """Name the accounts of a question as the team does, else as the bills do."""
    chosen = [condition for condition in query.filters if condition.dimension == ACCOUNT]
    accounts = [account for condition in chosen for account in condition.values if account]
    titles = [asks.given_name(account) or billed.get(account) or account for account in accounts]
    return " and ".join(titles) or "All accounts"


def _named(
    asks: Asks, asked: Comparison, billed: _Names, cells: _Cells
) -> dict[Group, ServiceInAccount]:
    """Name services, and the account where a service is in several."""
    if asked.is_of_accounts:
        return {cell: ServiceInAccount(cell[0], None) for cell in cells}
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
