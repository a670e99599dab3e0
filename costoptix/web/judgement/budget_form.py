"""The form that makes and changes a budget: its fields, and what it suggests for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from flask_login import current_user
from pydantic import Field

from costoptix import drafts
from costoptix.budgets.drafts import (
    CRITICAL,
    DEFAULT_METRIC,
    WARNING,
    BudgetDraft,
    BudgetPeriod,
    ChargeCategory,
)
from costoptix.clock import utc_today
from costoptix.costs import report
from costoptix.costs.query import TAG_PREFIX, CostQuery
from costoptix.currencies import ISO_4217
from costoptix.errors import Invalid
from costoptix.extensions import db
from costoptix.figures import summary
from costoptix.lake.providers import account_of
from costoptix.models import Budget
from costoptix.money import to_text
from costoptix.periods import DateRange, Preset, resolve_preset
from costoptix.web.costs.account_names import account_name, given_name
from costoptix.web.costs.questions import asker, cost_store
from costoptix.web.parts.filled import FilledForm, Form
from costoptix.web.parts.numbers import WrittenNumber, written_number
from costoptix.web.parts.panels import panel

RULES = 3
"""How many tag rules the form has room for; the API takes more."""

MAX_ACCOUNTS = 500
"""Of more accounts the dearest are suggested, and any other can be typed."""

MAX_TAG_VALUES = 100
_RULE_FIELD = re.compile(r"tag_rules\.(\d+)\.(key|operator|values)")


def rule_fields(number: int) -> tuple[str, str, str]:
    """Return the names of the fields of a tag rule: key, operator, values."""
    return f"key_{number}", f"operator_{number}", f"values_{number}"


class BudgetForm(Form):
    """The form of a budget. A category that is not ticked is absent; none ticked means all."""

    name: str = Field("", title="Name")
    amount: WrittenNumber = Field("", title="Amount")
    currency: str = Field("", title="Currency")
    period: str = Field(BudgetPeriod.MONTHLY.value, title="Period")
    account: str = Field("", title="Account")
    metric: str = Field(DEFAULT_METRIC, title="Metric")
    warning_threshold: WrittenNumber = Field(to_text(WARNING), title="Warning at, percent")
    critical_threshold: WrittenNumber = Field(to_text(CRITICAL), title="Critical at, percent")
    usage: str = ""
    purchase: str = ""
    tax: str = ""
    credit: str = ""
    adjustment: str = ""
    key_1: str = Field("", title="Key 1")
    operator_1: str = Field("=", title="Operator 1")
    values_1: str = Field("", title="Values 1")
    key_2: str = Field("", title="Key 2")
    operator_2: str = Field("=", title="Operator 2")
    values_2: str = Field("", title="Values 2")
    key_3: str = Field("", title="Key 3")
    operator_3: str = Field("=", title="Operator 3")
    values_3: str = Field("", title="Values 3")
    try_it: str = ""  # the button that only shows what would be
    suggest: str = ""  # the button that only offers the values of the keys

    @classmethod
    def asks_for(cls, field: str, values: Mapping[str, str]) -> str:
        """Return which field asks for a part of the draft; of rules, those with a key count."""
        if field == "tag_rules":
            return "key_1"
        if (part := _RULE_FIELD.match(field)) is None:
            return super().asks_for(field, values)
        given = [n for n in range(1, RULES + 1) if values.get(f"key_{n}", "").strip()]
        position = int(part[1])
        return f"{part[2]}_{given[position]}" if position < len(given) else ""

    def draft(self, before: Budget | None = None) -> BudgetDraft:
        """Return what the domain is asked for; rules that the form has no room for are kept.

        Raises:
            Invalid: a field is wrong, or a rule has values and no key.
        """
        given = self.model_dump()
        names = ("name", "amount", "currency", "period", "metric")
        values = {name: given[name] for name in (*names, "warning_threshold", "critical_threshold")}
        more = before.tag_rules[RULES:] if before else []
        return drafts.read(
            BudgetDraft,
            values
            | {
                "currency": self.currency.strip().upper(),
                "account": self.account.strip() or None,
                "charge_categories": [c.value for c in ChargeCategory if given[c.value.lower()]],
                "tag_rules": [*self._rules(), *more],
            },
        )

    def _rules(self) -> Iterator[dict[str, object]]:
        given = self.model_dump()
        for number in range(1, RULES + 1):
            key, operator, values = (given[name].strip() for name in rule_fields(number))
            if key:
                parts = [values] if operator == "=" else values.split(",")
                stripped = [part.strip() for part in parts]
                yield {"key": key, "operator": operator, "values": stripped}
            elif values:
                reason = "the values need a key"
                raise Invalid(f"{reason}.", field=f"key_{number}", reason=reason)


def form_of(budget: Budget) -> BudgetForm:
    """Fill the form from a budget, whether or not it is a valid one."""
    return filled_with(
        charge_categories=budget.charge_categories,
        tag_rules=budget.tag_rules,
        name=budget.name,
        amount=written_number(budget.amount),
        currency=budget.currency,
        period=budget.period,
        account=budget.account or "",
        metric=budget.metric,
        warning_threshold=written_number(budget.warning_threshold),
        critical_threshold=written_number(budget.critical_threshold),
    )


def filled_with(
    charge_categories: Sequence[str], tag_rules: Sequence[Mapping[str, object]], **values: str
) -> BudgetForm:
    """Fill the form; of the rules, those that it has room for. The values are not checked."""
    values |= {category.lower(): "1" for category in charge_categories}
    for number, rule in enumerate(tag_rules[:RULES], start=1):
        key, operator, names = rule_fields(number)
        chosen = rule["values"]
        values |= {key: str(rule["key"]), operator: str(rule["operator"])}
        values[names] = ", ".join(chosen) if isinstance(chosen, list) else ""
    return BudgetForm.model_construct(None, **values)


@dataclass(frozen=True)
class Suggestions:
    """What the fields of the form offer to choose from; where that cannot be asked, nothing."""

    accounts: list[tuple[str, str]]  # (``slug:id``, name), by name
    has_all_accounts: bool
    currencies: list[str]  # those of the bills first
    tag_keys: list[str]
    tag_values: dict[int, list[str]]  # by number of rule, where its key is known


def suggestions(filled: FilledForm) -> Suggestions:
    """Ask the bills of the last year what the fields can hold."""
    accounts = panel("the accounts", lambda: _accounts(filled.value("account"))).shown
    keys = panel("the tags", _tag_keys).shown or []
    billed = panel("the currencies", currencies_in_bills).shown or []
    return Suggestions(
        accounts=accounts[0] if accounts else [],
        has_all_accounts=accounts is not None and accounts[1],
        currencies=[*billed, *sorted(ISO_4217.difference(billed))],
        tag_keys=keys,
        tag_values={
            number: panel("the values of a tag", partial(tag_values, key)).shown or []
            for number in range(1, RULES + 1)
            if (key := filled.value(f"key_{number}").strip()) in keys
        },
    )


def last_year() -> DateRange:
    """Return the days of whose bills the form suggests things."""
    return resolve_preset(Preset.LAST_12_MONTHS, utc_today())


def currencies_in_bills() -> list[str]:
    """List the currencies of the last year's bills, the one with the largest costs first."""
    return list(summary.totals(asker(), CostQuery(last_year()), last_year(), DEFAULT_METRIC))


def _accounts(chosen: str) -> tuple[list[tuple[str, str]], bool]:
    """List accounts as (``slug:id``, name), and tell whether these are all."""
    query = CostQuery(last_year(), group_by=summary.ACCOUNT)
    answer = asker()(query, MAX_ACCOUNTS)
    names: dict[str, str] = {}
    for row in answer.rows:
        provider, number, name = row.group
        if number:
            account = account_of(provider, number)
            title = given_name(account) or name or number
            names.setdefault(account, f"{title} ({provider or 'no provider'})")
    if chosen:
        names.setdefault(chosen, account_title(chosen))
    by_name = sorted(names.items(), key=lambda pair: pair[1].lower())
    return by_name, answer.row_count <= MAX_ACCOUNTS


def account_title(account: str) -> str:
    """Return the name of an account, else the account as it is written."""
    return account_name(account) or account


def nothing_counted(draft: BudgetDraft) -> list[str]:
    """Say in words which parts of a budget no charge of the last year has."""
    keys = panel("the tags", _tag_keys).shown
    billed = panel("the currencies", currencies_in_bills).shown
    sentences = []
    if billed is not None and draft.currency not in billed:
        sentences.append(f"No bill of the last 12 months is in {draft.currency}.")
    gone = [rule.key for rule in draft.tag_rules if keys is not None and rule.key not in keys]
    return [*sentences, *(f"No charge has the tag {key} any more." for key in gone)]


def _tag_keys() -> list[str]:
    names = report.dimension_names(db.session(), current_user.organization, cost_store())
    return [name.removeprefix(TAG_PREFIX) for name in names if name.startswith(TAG_PREFIX)]


def tag_values(key: str) -> list[str]:
    """List the values of a tag in the last year's bills, the dearest first."""
    answer = report.dimension_values(
        db.session(), current_user.organization, TAG_PREFIX + key, CostQuery(last_year()),
        cost_store(), limit=MAX_TAG_VALUES,
    )  # fmt: skip
    return list(dict.fromkeys(row.group[0] for row in answer.rows if row.group[0]))
