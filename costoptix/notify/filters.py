"""Which events a channel is told of: those that it chose, as far as its filter lets them pass."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from costoptix.currencies import ISO_4217
from costoptix.drafts import Draft, Name
from costoptix.lake.providers import same_account
from costoptix.models import Severity
from costoptix.money import parse_amount
from costoptix.notify.facts import Facts

MAX_VALUES = 100
"""How many accounts, services or tags a filter names, each."""

_RANK = {severity: rank for rank, severity in enumerate(Severity)}


def _known_currency(code: str) -> str:
    if code not in ISO_4217:
        raise ValueError(f"{code!a} is not an ISO 4217 code")
    return code


def _known_account(text: str) -> str:
    slug, colon, number = text.partition(":")
    if not (slug and colon and number):
        raise ValueError("give slug:sub_account_id, such as aws:123456789012")
    return same_account(text)


def _least_amount(value: object) -> Decimal:
    try:
        amount = parse_amount(str(value).strip())
    except ValueError:
        amount = Decimal(-1)
    if amount < 0:
        raise ValueError("give a plain number that is not negative, such as 100.50")
    return amount


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Currency = Annotated[str, AfterValidator(_known_currency)]
Account = Annotated[Text, AfterValidator(_known_account)]
LeastAmount = Annotated[Decimal, BeforeValidator(_least_amount)]


class ChannelFilter(Draft):
    """What an event must be about; an event that does not say it passes."""

    account: list[Account] = Field(
        default=[], max_length=MAX_VALUES, description="One of these accounts: `aws:123456789012`."
    )
    service: list[Text] = Field(
        default=[], max_length=MAX_VALUES, description="One of these services."
    )
    tag: dict[Name, list[Text]] = Field(
        default={},
        max_length=20,
        description="One of these values, for each tag key that is named.",
    )
    severity: Severity | None = Field(default=None, description="At least this severe.")
    money: dict[Currency, LeastAmount] = Field(
        default={}, max_length=20, description='At least this much, by currency: `{"USD": "100"}`.'
    )

    def passes(self, facts: Facts) -> bool:
        """Tell whether an event with these facts is one that the channel wants to hear of."""
        return (
            _shares(self.account, facts.accounts)
            and _shares(self.service, facts.services)
            and all(self._has_tag(key, values, facts) for key, values in self.tag.items())
            and self._is_severe(facts.severity)
            and _is_enough(self.money, facts.amounts)
        )

    def _has_tag(self, key: str, values: list[str], facts: Facts) -> bool:
        return _shares(values, {value for name, value in facts.tags if name == key})

    def _is_severe(self, severity: str | None) -> bool:
        if self.severity is None or severity is None:
            return True
        return _RANK[Severity(severity)] >= _RANK[self.severity]


def _shares(chosen: list[str], facts: frozenset[str] | set[str]) -> bool:
    return not chosen or not facts or not facts.isdisjoint(chosen)


def _is_enough(least: Mapping[str, Decimal], amounts: Mapping[str, Decimal]) -> bool:
    """Tell whether an amount of money is large enough, or none is in a currency that is named."""
    asked = least.keys() & amounts.keys()
    return not asked or any(amounts[currency] >= least[currency] for currency in asked)
