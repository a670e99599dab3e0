"""What a rule would move, in money: from where to where, over the days of a question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from costoptix.costs.answers import CostRow, CostStore
from costoptix.costs.asking import Ask, asker
from costoptix.costs.query import TAG_PREFIX, CostQuery, Filter
from costoptix.lake.tag_rules import TagCleaning, read_tag_rules
from costoptix.models import Organization
from costoptix.money import EXACT, Amount
from costoptix.periods import Granularity
from costoptix.tags import service
from costoptix.tags.drafts import RuleDraft


@dataclass(frozen=True)
class Move:
    """The costs of one name, in one currency, and what they would be called.

    ``to`` is None of charges that carry a key beside one that is preferred: their value of it
    would not be seen any more.
    """

    name: str
    to: str | None
    currency: str
    billed_cost: Amount
    effective_cost: Amount
    charge_count: int

    def of(self, metric: str) -> Amount:
        """Return the cost by its name: billed or effective, which every charge has."""
        return self.billed_cost if metric == "billed_cost" else self.effective_cost


def preview(
    session: Session,
    organization: Organization,
    draft: RuleDraft,
    query: CostQuery,
    store: CostStore,
) -> list[Move]:
    """Return what a rule would move among the charges that a query selects.

    Raises:
        Conflict: it cannot be a rule beside those that there are.
    """
    service.check(session, organization, draft)
    rules = read_tag_rules(session, organization.id)
    ask = asker(session, organization, store)
    whole = replace(query, granularity=Granularity.TOTAL, group_by=(), sides=None)
    moves = _keys if draft.key is None else _values
    return list(moves(ask, rules, draft, whole))


def _values(ask: Ask, rules: TagCleaning, draft: RuleDraft, query: CostQuery) -> Iterator[Move]:
    tag = TAG_PREFIX + (draft.key or "")
    to = rules.chain(draft.key, draft.to)[-1]
    named = (*query.filters, Filter(tag, tuple(draft.names)))
    for row in ask(replace(query, group_by=(tag,), filters=named)).rows:
        yield _move(row.group[0] or "", to, row)


def _keys(ask: Ask, rules: TagCleaning, draft: RuleDraft, query: CostQuery) -> Iterator[Move]:
    """Look at one key after the other: of a charge with several, the first counts."""
    to = rules.key(draft.to)
    preferred = [to]
    for name in draft.names:
        having = replace(query, exclusions=(*query.exclusions, Filter(TAG_PREFIX + name, (None,))))
        lacking = tuple(Filter(TAG_PREFIX + key, (None,)) for key in preferred)
        alone = ask(replace(having, filters=(*query.filters, *lacking))).rows
        moved = {row.currency: _move(name, to, row) for row in alone}
        yield from moved.values()
        for row in ask(having).rows:
            rest = _less(_move(name, None, row), moved.get(row.currency))
            if rest.charge_count:
                yield rest
        preferred.append(name)


def _move(name: str, to: str | None, row: CostRow) -> Move:
    return Move(name, to, row.currency, row.billed_cost, row.effective_cost, row.charge_count)


def _less(whole: Move, part: Move | None) -> Move:
    if part is None:
        return whole
    return replace(
        whole,
        billed_cost=EXACT.subtract(whole.billed_cost, part.billed_cost),
        effective_cost=EXACT.subtract(whole.effective_cost, part.effective_cost),
        charge_count=whole.charge_count - part.charge_count,
    )
