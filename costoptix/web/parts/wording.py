"""How people call what the API names: metrics, dimensions, values, presets."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from costoptix.anomalies.episodes import Series
from costoptix.costs.query import ACCOUNT, is_raw_tag, is_tag, tag_key
from costoptix.currencies import ISO_4217
from costoptix.figures.breakdown import Group
from costoptix.figures.comparison import Compare
from costoptix.lake.providers import account_of
from costoptix.models import Anomaly, AnomalyPart, BudgetState, Severity
from costoptix.periods import Preset
from costoptix.web.costs.account_names import account_name
from costoptix.web.parts.routing import web
from costoptix.written import counted

METRIC_TITLES = {
    "billed_cost": "Billed cost",
    "effective_cost": "Amortised cost",
    "list_cost": "List cost",
    "contracted_cost": "Contracted cost",
}
DIMENSION_TITLES = {
    "provider_name": "Provider",
    "billing_account_id": "Billing account",
    "sub_account_id": "Account ID",
    "sub_account_name": "Account",
    "service_name": "Service",
    "service_category": "Service category",
    "charge_category": "Charge category",
    "region_id": "Region",
    "pricing_category": "Pricing",
    "commitment_discount_status": "Commitment status",
    "invoice_id": "Invoice",
    "resource_id": "Resource",
    "sku_id": "SKU",
    "charge_description": "Description",
    "account": "Account",
}
SEVERITY_KINDS = {Severity.CRITICAL: "up", Severity.HIGH: "up", Severity.MEDIUM: "warn"}
STATE_KINDS = {
    BudgetState.OK: "down",
    BudgetState.WARNING: "warn",
    BudgetState.CRITICAL: "up",
    BudgetState.EXCEEDED: "up",
}
"""How the badges of anomalies and budgets are coloured."""

PRESET_TITLES = {
    Preset.LAST_7_DAYS: "7 days",
    Preset.LAST_14_DAYS: "14 days",
    Preset.LAST_30_DAYS: "30 days",
    Preset.LAST_60_DAYS: "60 days",
    Preset.LAST_90_DAYS: "90 days",
    Preset.THIS_MONTH: "This month",
    Preset.LAST_MONTH: "Last month",
    Preset.LAST_3_MONTHS: "3 months",
    Preset.LAST_6_MONTHS: "6 months",
    Preset.LAST_12_MONTHS: "12 months",
    Preset.LAST_6_FULL_MONTHS: "6 full months",
    Preset.LAST_12_FULL_MONTHS: "12 full months",
}


COMPARE_TITLES = {
    Compare.PREVIOUS: "vs before",
    Compare.LAST_YEAR: "vs last year",
    Compare.NONE: "Not compared",
}


@web.app_template_global()
def compare_titles() -> dict[Compare, str]:
    """Name what a range can be compared with."""
    return COMPARE_TITLES


OFFERED = (
    Preset.LAST_7_DAYS, Preset.LAST_30_DAYS, Preset.THIS_MONTH, Preset.LAST_MONTH,
    Preset.LAST_3_MONTHS, Preset.LAST_6_MONTHS, Preset.LAST_12_MONTHS,
)  # fmt: skip
"""The presets of a page that does not say which it offers."""


EMOJI_JOINER = "\u200d"
"""Makes one of several emoji; it is seen by that."""


@web.app_template_global()
def preset_titles(presets: Iterable[Preset] = OFFERED) -> dict[Preset, str]:
    """Return the words for presets, in order."""
    return {preset: PRESET_TITLES[preset] for preset in presets}


@web.app_template_global()
def currency_codes() -> list[str]:
    """Return the codes of all currencies, in order."""
    return sorted(ISO_4217)


@web.app_template_filter()
def metric_title(metric: str) -> str:
    """Return how people call a metric."""
    return METRIC_TITLES[metric]


@web.app_template_filter()
def dimension_title(name: str) -> str:
    """Return how people call a dimension: ``Service``, ``Tag team``, ``Tag Team as written``."""
    if is_tag(name):
        return f"Tag {with_blanks(tag_key(name))}{' as written' if is_raw_tag(name) else ''}"
    return DIMENSION_TITLES[name]


def with_blanks(text: str) -> str:
    """Make blanks seen that nobody sees: ``" org"`` becomes ``“␣org”``; other texts stay."""
    inner = text.strip()
    if text == inner and "  " not in text:
        return text
    start, end = text.find(inner), text.find(inner) + len(inner)
    middle = inner.replace("  ", "␣␣")
    return f"“{'␣' * start}{middle}{'␣' * (len(text) - end)}”"


@web.app_template_filter()
def visible(text: str) -> str:
    """Make seen what nobody sees in a text: blanks at its ends, and marks without a shape."""
    shown = "".join(
        f"‹U+{ord(letter):04X}›"
        if unicodedata.category(letter) in ("Cf", "Cc") and letter != EMOJI_JOINER
        else letter
        for letter in text
    )
    return with_blanks(shown)


def titles_of(names: Sequence[str]) -> dict[str, str]:
    """Return the words for dimensions; those that only case or blanks tell apart name the others.

    So ``Team`` and ``team`` do not look alike in a menu.
    """
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(" ".join(name.replace(":", ": ").split()).casefold(), []).append(name)
    titles = {}
    for name in names:
        twins = alike[" ".join(name.replace(":", ": ").split()).casefold()]
        others = ", ".join(with_blanks(tag_key(twin)) for twin in twins if twin != name)
        titles[name] = dimension_title(name) + (f" (not {others})" if others else "")
    return titles


@web.app_template_filter()
def dimension_words(name: str) -> str:
    """Return how people call a dimension within a sentence: ``service``, ``tag Team``."""
    title = dimension_title(name)
    return title if title[:2].isupper() else title[0].lower() + title[1:]


@web.app_template_filter()
def value_title(value: str | None, dimension: str) -> str:
    """Return how people call a value; what has none is named by what it lacks."""
    if value:
        return (account_name(value) if dimension == ACCOUNT else None) or with_blanks(value)
    if is_tag(dimension):
        return f"No {with_blanks(tag_key(dimension))} tag"
    return f"No {dimension_words(dimension)}"


@web.app_template_global()
def account_title(subject: Anomaly | AnomalyPart | Series) -> str:
    """Return what people call the account of an anomaly, a part of it, or a series."""
    if not subject.sub_account_id:
        return "no account"
    account = account_of(subject.provider_name, subject.sub_account_id)
    return account_name(account) or subject.sub_account_id


def group_title(group_by: tuple[str, ...], group: Group | None, count: int | None = None) -> str:
    """Return the name of a group; None is all others, of which there are ``count``."""
    if group is None:
        return counted(count, "other") if count else "All others"
    if not group_by:
        return "Total"
    return " · ".join(value_title(v, d) for d, v in zip(group_by, group, strict=True))
