"""How much of the costs carries a tag: by key and month, by value, and what lacks it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from costoptix.costs.answers import CostReport, CostStore, Cursor
from costoptix.costs.asking import Ask, asker
from costoptix.costs.query import PERIOD_START, TAG_PREFIX, CostQuery, Filter, Order
from costoptix.costs.report import run
from costoptix.costs.tag_coverage import KeysAsked, TaggedCost, TaggedCosts, keys_of, tagged_costs
from costoptix.figures.breakdown import amount_of
from costoptix.figures.trends import share
from costoptix.models import Organization
from costoptix.money import EXACT, Amount
from costoptix.periods import Granularity
from costoptix.tags.near_duplicates import NearDuplicate, near_duplicates

MAX_COMPARED = 2_000
"""Among so many keys or values, the dearest, near-duplicates are looked for."""

UNTAGGED_BY = {
    "accounts": ("provider_name", "sub_account_id"),
    "services": ("provider_name", "service_name"),
    "resources": ("provider_name", "sub_account_id", "service_name", "resource_id"),
}
"""By what untagged costs are listed, the worst first."""

_NOTHING = Amount(0)


@dataclass(frozen=True)
class TagCoverage:
    """How much of the costs in one currency carries a tag: ``cost`` and ``untagged`` are all."""

    currency: str
    cost: Amount
    untagged: Amount
    total: Amount
    period_start: date | None = None  # of a month

    @property
    def percent(self) -> Decimal | None:
        """Return how much of all it is; None where nothing was spent."""
        return share(self.cost, self.total)


@dataclass(frozen=True)
class KeyCoverage:
    """How much carries a key, in one currency: in all, and month by month."""

    key: str
    whole: TagCoverage
    months: tuple[TagCoverage, ...]


@dataclass(frozen=True)
class KeyPage:
    """A page of keys, how many rows there are, and under which version of the data."""

    keys: tuple[KeyCoverage, ...]
    row_count: int
    data_version: str


class Tags:
    """The tags of an organization's costs, over the days and filters of a question."""

    def __init__(
        self,
        session: Session,
        organization: Organization,
        query: CostQuery,
        metric: str,
        store: CostStore,
    ) -> None:
        self._session, self._organization, self._store = session, organization, store
        self.query = replace(query, granularity=Granularity.TOTAL, group_by=())
        self.metric = metric
        self.ask: Ask = asker(session, organization, store)

    def keys(
        self, order_by: str = "cost", *, descending: bool = True, limit: int, offset: int = 0
    ) -> KeyPage:
        """List keys with how much carries them, one row for each key and currency."""
        asked = KeysAsked(
            order_by="key" if order_by == "key" else self.metric, descending=descending
        )
        page = self._tagged(self.query, asked, limit, offset)
        monthly = replace(self.query, granularity=Granularity.MONTHLY)
        by_month = self._tagged(monthly, KeysAsked(keys=keys_of(page.rows))).rows
        totals, months = self._totals(self.query), self._totals(monthly)
        tagged = {(one.key, one.currency, one.period_start): one for one in by_month}
        rows = (
            KeyCoverage(
                one.key,
                self._coverage(one, one.currency, totals[one.currency, None]),
                tuple(
                    self._coverage(tagged.get((one.key, currency, month)), currency, total, month)
                    for (currency, month), total in months.items()
                    if currency == one.currency
                ),
            )
            for one in page.rows
        )
        return KeyPage(tuple(rows), page.row_count, page.data_version)

    def any(self) -> list[TagCoverage]:
        """Return how much carries any tag at all, by currency."""
        tagged = self._tagged(self.query, KeysAsked(is_any=True)).rows
        by_currency = {one.currency: one for one in tagged}
        return [
            self._coverage(by_currency.get(currency), currency, total)
            for (currency, _), total in self._totals(self.query).items()
        ]

    def alike_keys(self) -> list[NearDuplicate]:
        """Find keys that are likely one, the dearest first."""
        page = self._tagged(self.query, KeysAsked(order_by=self.metric), MAX_COMPARED)
        return near_duplicates(keys_of(page.rows))

    def of_key(self, key: str) -> list[TagCoverage]:
        """Return how much carries a key, by currency."""
        untagged = replace(self.query, filters=(*self.query.filters, _lacks(key)))
        lacking = self._totals(untagged)
        return [
            TagCoverage(
                currency,
                EXACT.subtract(total, lacking.get((currency, None), _NOTHING)),
                lacking.get((currency, None), _NOTHING),
                total,
            )
            for (currency, _), total in self._totals(self.query).items()
        ]

    def values(
        self,
        key: str,
        order_by: str = "cost",
        *,
        descending: bool = True,
        limit: int | None = None,
        cursor: Cursor | None = None,
    ) -> CostReport:
        """Report the values of a key, and what lacks it."""
        tag = TAG_PREFIX + key
        order = Order(self.metric if order_by == "cost" else tag, descending)
        query = replace(self.query, group_by=(tag,), order_by=(order,))
        return run(
            self._session, self._organization, query, self._store, limit=limit, cursor=cursor
        )

    def alike_values(self, key: str) -> list[NearDuplicate]:
        """Find values of a key that are likely one, the dearest first."""
        tag = TAG_PREFIX + key
        by_value = replace(self.query, group_by=(tag,), order_by=(Order(self.metric, True),))
        rows = self.ask(by_value, MAX_COMPARED).rows
        return near_duplicates(row.group[0] for row in rows if row.group[0])

    def untagged_by(self, key: str, by: str, limit: int | None) -> CostReport:
        """Report what lacks a key, the worst first; ``by`` is of ``UNTAGGED_BY``."""
        return self.ask(self.untagged_query(key, by), limit)

    def untagged_query(self, key: str, by: str) -> CostQuery:
        """Return the question what lacks a key."""
        return replace(
            self.query,
            group_by=UNTAGGED_BY[by],
            filters=(*self.query.filters, _lacks(key)),
            order_by=(Order(self.metric, True),),
        )

    def _tagged(
        self, query: CostQuery, asked: KeysAsked, limit: int | None = None, offset: int = 0
    ) -> TaggedCosts:
        return tagged_costs(
            self._session, self._organization, query, asked, self._store,
            limit=limit, offset=offset,
        )  # fmt: skip

    def _totals(self, query: CostQuery) -> dict[tuple[str, date | None], Amount]:
        """Return what all costs, by currency and, of a monthly question, month."""
        rows = self.ask(replace(query, order_by=(Order(PERIOD_START),))).rows
        is_whole = query.granularity is Granularity.TOTAL
        return {
            (row.currency, None if is_whole else row.period_start.replace(day=1)): (
                amount_of(row, self.metric) or _NOTHING
            )
            for row in rows
        }

    def _coverage(
        self, tagged: TaggedCost | None, currency: str, total: Amount, month: date | None = None
    ) -> TagCoverage:
        cost = tagged.of(self.metric) if tagged else _NOTHING
        return TagCoverage(currency, cost, EXACT.subtract(total, cost), total, month)


def _lacks(key: str) -> Filter:
    return Filter(TAG_PREFIX + key, (None,))
