"""The draft of a budget: one model for form and JSON alike."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from costoptix.costs.query import MAX_TAG_KEY_LENGTH, MAX_VALUE_LENGTH, is_tag_key
from costoptix.drafts import Draft, Name
from costoptix.lake.providers import same_account
from costoptix.money import is_currency, parse_amount

Metric = Literal["billed_cost", "effective_cost", "list_cost", "contracted_cost"]

WARNING, CRITICAL = Decimal(80), Decimal(95)
DEFAULT_METRIC: Metric = "billed_cost"
"""What budgets are of unless somebody says otherwise, whatever else pages show: the invoice."""

MAX_RULES = 10
MAX_RULE_VALUES = 100


class BudgetPeriod(StrEnum):
    """How long a budget runs, by the calendar, before it begins anew."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


class ChargeCategory(StrEnum):
    """What a charge is for, in the words of FOCUS."""

    USAGE = "Usage"
    PURCHASE = "Purchase"
    TAX = "Tax"
    CREDIT = "Credit"
    ADJUSTMENT = "Adjustment"


def _number(value: object) -> Decimal:
    try:
        return parse_amount(str(value).strip())
    except ValueError as error:
        if "too large" in str(error):
            raise ValueError("it is too large: at most 20 digits before the point") from None
        raise ValueError("give a plain number, such as 1250.50") from None


def _above_zero(value: Decimal) -> Decimal:
    if value <= 0:
        raise ValueError("it must be above zero")
    return value


def _percent(value: Decimal) -> Decimal:
    if not 0 < value <= 100:
        raise ValueError("it must be above 0 and at most 100 percent")
    return value


def _currency(value: str) -> str:
    if not is_currency(value):
        raise ValueError("give an ISO 4217 code, such as USD")
    return value


def _account(value: str | None) -> str | None:
    if value is None:
        return None
    slug, colon, number = value.partition(":")
    if not (slug and colon and number):
        raise ValueError("give slug:sub_account_id, such as aws:123456789012, or leave it out")
    return same_account(value)


def _tag_key(value: str) -> str:
    if not is_tag_key(value):
        raise ValueError(f"a key has 1 to {MAX_TAG_KEY_LENGTH} printable characters and no comma")
    return value


BudgetAmount = Annotated[Decimal, BeforeValidator(_number), AfterValidator(_above_zero)]
Percent = Annotated[Decimal, BeforeValidator(_number), AfterValidator(_percent)]
Currency = Annotated[str, AfterValidator(_currency)]
Account = Annotated[str | None, AfterValidator(_account)]
TagKey = Annotated[str, AfterValidator(_tag_key)]
TagValue = Annotated[str, Field(max_length=MAX_VALUE_LENGTH)]


class TagRule(Draft):
    """A tag that charges must carry, with one of the values; "" stands for "has none"."""

    key: TagKey
    operator: Literal["=", "in"] = "="
    values: list[TagValue] = Field(min_length=1, max_length=MAX_RULE_VALUES)

    @field_validator("values")
    @classmethod
    def _one_for_equals(cls, values: list[str], info: ValidationInfo) -> list[str]:
        if info.data.get("operator") == "=" and len(values) != 1:
            raise ValueError("the operator = takes exactly one value; several need in")
        return values


def _distinct_keys(rules: list[TagRule]) -> list[TagRule]:
    if len({rule.key for rule in rules}) < len(rules):
        raise ValueError("name each key in one rule; several values of a key need in")
    return rules


TagRules = Annotated[list[TagRule], Field(max_length=MAX_RULES), AfterValidator(_distinct_keys)]


class BudgetDraft(Draft):
    """A budget to be made. Without account, categories or rules it is about all costs."""

    name: Name
    amount: BudgetAmount
    currency: Currency
    period: BudgetPeriod = BudgetPeriod.MONTHLY
    account: Account = None
    metric: Metric = DEFAULT_METRIC
    charge_categories: list[ChargeCategory] = []
    tag_rules: TagRules = []
    warning_threshold: Percent = WARNING
    critical_threshold: Percent = CRITICAL

    @field_validator("critical_threshold")
    @classmethod
    def _above_warning(cls, value: Decimal, info: ValidationInfo) -> Decimal:
        warning = info.data.get("warning_threshold")
        if warning is not None and value <= warning:
            raise ValueError("it must be above the warning threshold")
        return value


class BudgetChange(Draft):
    """What shall be different; what is left out stays as it is. ``account`` null means all."""

    name: Name | None = None
    amount: BudgetAmount | None = None
    currency: Currency | None = None
    period: BudgetPeriod | None = None
    account: Account = None
    metric: Metric | None = None
    charge_categories: list[ChargeCategory] | None = None
    tag_rules: TagRules | None = None
    warning_threshold: Percent | None = None
    critical_threshold: Percent | None = None

    def changes(self) -> dict[str, object]:
        """Return the fields that shall change, by name, as JSON values and decimals."""
        given = self.model_dump(exclude_unset=True)
        return {name: v for name, v in given.items() if v is not None or name == "account"}
