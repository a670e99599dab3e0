"""What carries which tag: costs by cleaned key, of all keys in one look at the sets of tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from costoptix.costs.answers import CostStore
from costoptix.costs.parts import parts_of
from costoptix.costs.plan import QueryPart
from costoptix.costs.query import PERIOD_START, CostQuery
from costoptix.costs.report import with_live, with_rules
from costoptix.costs.sql import source
from costoptix.costs.sql_tags import KEY_POINTER
from costoptix.costs.sql_values import Locate, Statement, Values
from costoptix.lake.layout import CHARGES, ROLL_UPS
from costoptix.lake.live import LiveData
from costoptix.models import Organization
from costoptix.money import Amount
from costoptix.periods import Granularity

KINDS = frozenset({CHARGES, *(roll_up.name for roll_up in ROLL_UPS if roll_up.has_tags)})
SUMS = ("billed_cost", "effective_cost")


@dataclass(frozen=True)
class TaggedCost:
    """What carries a key in one currency; of a monthly question in one month."""

    key: str
    currency: str
    billed_cost: Amount
    effective_cost: Amount
    period_start: date | None = None

    def of(self, metric: str) -> Amount:
        """Return the cost by its name: billed or effective, which every charge has."""
        return self.billed_cost if metric == "billed_cost" else self.effective_cost


@dataclass(frozen=True)
class TaggedCosts:
    """A page of what carries tags, and how many rows all pages have."""

    rows: tuple[TaggedCost, ...]
    row_count: int
    data_version: str


@dataclass(frozen=True)
class KeysAsked:
    """Which keys are asked for, and in which order: None is all, ``any`` those with any tag."""

    keys: tuple[str, ...] | None = None
    is_any: bool = False
    order_by: str = "billed_cost"
    descending: bool = True


def tagged_costs(
    session: Session,
    organization: Organization,
    query: CostQuery,
    asked: KeysAsked,
    store: CostStore,
    *,
    limit: int | None = None,
    offset: int = 0,
) -> TaggedCosts:
    """Add up what carries each key among what a query selects, whole or by month.

    Raises:
        Invalid: a sum exceeds 20 digits.
    """

    def answer(live: LiveData) -> TaggedCosts:
        ungrouped = replace(with_rules(query, live), group_by=(), sides=None, search="")
        parts = parts_of(ungrouped, live.deliveries, store, kinds=KINDS)
        if not parts:
            return TaggedCosts((), 0, live.data_version)
        statement = _statement(ungrouped, parts, asked, store.engine.path, limit, offset)
        rows = list(store.engine.read(statement.sql, statement.parameters))
        costs = tuple(
            TaggedCost(key, currency, Decimal(billed), Decimal(effective), period)
            for key, currency, period, billed, effective, _ in rows
        )
        return TaggedCosts(costs, rows[0][-1] if rows else 0, live.data_version)

    return with_live(session, organization, store, answer)


def _statement(
    query: CostQuery,
    parts: tuple[QueryPart, ...],
    asked: KeysAsked,
    locate: Locate,
    limit: int | None,
    offset: int,
) -> Statement:
    values = Values(locate)
    is_whole = query.granularity is Granularity.TOTAL
    period = "CAST(NULL AS DATE)" if is_whole else PERIOD_START
    sums = ", ".join(f"sum({name}) AS {name}" for name in SUMS)
    charges = source(query, parts, ("tags", *SUMS), values)
    grouped = f"SELECT tags, {period} AS period, currency, {sums} FROM {charges} GROUP BY ALL"  # noqa: S608
    texts = ", ".join(f"CAST(sum({name}) AS VARCHAR)" for name in SUMS)
    direction = "DESC" if asked.descending else "ASC"
    order = "key" if asked.order_by == "key" else f"sum({asked.order_by})"
    where = ""
    if asked.keys is not None:
        where = f"WHERE key IN (SELECT unnest({values.bind(list(asked.keys))}))"
    cut = "" if limit is None else f"LIMIT {values.bind(limit)} OFFSET {values.bind(offset)}"
    sql = (
        f"WITH grouped AS ({grouped}), keyed AS ({_keyed(query, values, is_any=asked.is_any)}) "  # noqa: S608
        f"SELECT key, currency, period, {texts}, count(*) OVER () FROM grouped "
        f"JOIN keyed USING (tags) {where} GROUP BY key, currency, period "
        f"ORDER BY {order} {direction}, key, currency, period {cut}"
    )
    return Statement(sql, values.bound)


def _keyed(query: CostQuery, values: Values, *, is_any: bool) -> str:
    """Write the sets of tags with each of their cleaned keys, once, that has a value."""
    renamed = query.tag_rules.renamed_keys
    names, called = values.bind(list(renamed)), values.bind(list(renamed.values()))
    written = (
        "SELECT tags, unnest(json_keys(tags)) AS key "
        "FROM (SELECT DISTINCT tags FROM grouped WHERE tags IS NOT NULL)"
    )
    rules = (
        f"SELECT unnest(CAST({names} AS VARCHAR[])) AS name, "
        f"unnest(CAST({called} AS VARCHAR[])) AS called"
    )
    key = "''" if is_any else "coalesce(called, key)"
    return (
        f"SELECT DISTINCT tags, {key} AS key FROM ({written}) LEFT JOIN ({rules}) ON key = name "  # noqa: S608
        f"WHERE json_extract_string(tags, {KEY_POINTER}) <> ''"
    )


def keys_of(costs: Sequence[TaggedCost]) -> tuple[str, ...]:
    """Return the keys of some costs, each once, in their order."""
    return tuple(dict.fromkeys(cost.key for cost in costs))
