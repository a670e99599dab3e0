"""What is asked of one organization to say why its costs changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Protocol, TypeVar

from sqlalchemy.orm import Session

from costoptix.bills.ledger import replaced as replacements
from costoptix.clock import utc_now
from costoptix.costs import accounts, report
from costoptix.costs import restated as restating
from costoptix.costs.answers import BothSums, CostStore, PricedLine
from costoptix.costs.asking import Ask, asker
from costoptix.costs.query import CostQuery, called_now
from costoptix.lake.live import Replaced
from costoptix.lake.tag_rules import TagCleaning, read_tag_rules
from costoptix.models import Organization
from costoptix.money import Amount

_Made = TypeVar("_Made")

RESTATED_WITHIN = timedelta(days=30)
"""How new a delivery is whose changes to earlier figures are told beside them."""


class AskPriced(Protocol):
    """Adds up a metric and what was priced, now and before."""

    def __call__(self, sides: tuple[CostQuery, CostQuery], metric: str) -> tuple[PricedLine, ...]:
        """Return one line per group and currency."""


class AskBoth(Protocol):
    """Adds up a metric, now and before."""

    def __call__(self, sides: tuple[CostQuery, CostQuery], metric: str) -> tuple[BothSums, ...]:
        """Return one line per group and currency."""


class WorkOut(Protocol):
    """Works something out, once for the same question about the same data."""

    def __call__(
        self, question: Hashable, work: Callable[[], Iterable[_Made]]
    ) -> tuple[_Made, ...]:
        """Return what the work makes, or made before."""


@dataclass(frozen=True)
class Asks:
    """Answers of one organization: costs, what was priced, what newer deliveries changed, names."""

    ask: Ask
    both: AskBoth
    priced: AskPriced
    worked_out: WorkOut
    restated: Callable[[CostQuery, str], Mapping[str, Amount]]  # by currency
    given_name: Callable[[str], str | None]  # of an account, by the team


def asks_of(session: Session, organization: Organization, store: CostStore) -> Asks:
    """Return what answers for an organization."""

    def both(sides: tuple[CostQuery, CostQuery], metric: str) -> tuple[BothSums, ...]:
        return worked_out(
            ("both", sides, metric),
            lambda: report.both(session, organization, sides, metric, store),
        )

    def priced(sides: tuple[CostQuery, CostQuery], metric: str) -> tuple[PricedLine, ...]:
        return report.priced(session, organization, sides, metric, store)

    def worked_out(question: Hashable, work: Callable[[], Iterable[_Made]]) -> tuple[_Made, ...]:
        return report.worked_out(session, organization, question, work, store)

    @cache
    def replaced() -> tuple[Replaced, ...]:
        return replacements.replaced(session, organization, utc_now() - RESTATED_WITHIN)

    @cache
    def rules() -> TagCleaning:
        return read_tag_rules(session, organization.id)

    def restated(query: CostQuery, metric: str) -> Mapping[str, Amount]:
        asked = replace(called_now(query, rules()), tag_rules=rules())
        return restating.restated(asked, metric, replaced(), store)

    names = accounts.given_names(session, organization)
    return Asks(
        asker(session, organization, store),
        both,
        priced,
        worked_out,
        restated,
        lambda account: names.get(accounts.account_id(account)),
    )
