"""The one table of tiers. Every gate asks here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from costoptix.errors import Forbidden


class Feature(StrEnum):
    """What a tier may lack; the value is how a sentence names it."""

    TAG_BUDGETS = "Tag-scoped budgets"
    PORTFOLIO = "The portfolio"
    QUARTERLY = "The quarterly report"
    SINGLE_SIGN_ON = "Single sign-on"


@dataclass(frozen=True)
class Tier:
    """What an organization gets. ``None`` is unlimited."""

    name: str
    calls_per_day: int | None
    users: int | None
    anomalies_per_month: int | None
    features: frozenset[Feature]

    @property
    def title(self) -> str:
        """Return the name as people read it."""
        return self.name.capitalize()


_PROFESSIONAL = frozenset({Feature.TAG_BUDGETS, Feature.PORTFOLIO, Feature.QUARTERLY})
_BUSINESS = _PROFESSIONAL | {Feature.SINGLE_SIGN_ON}

TIERS = {
    tier.name: tier
    for tier in (
        Tier("starter", 100, 1, 3, frozenset()),
        Tier("professional", 1_000, 3, 100, _PROFESSIONAL),
        Tier("business", 10_000, 50, None, _BUSINESS),
        Tier("enterprise", None, None, None, _BUSINESS),
    )
}
"""By name, smallest first."""

SMALLEST = TIERS["starter"]


def tier_of(name: str) -> Tier:
    """Return the tier of that name; an unknown name gets the smallest, never no limit."""
    return TIERS.get(name, SMALLEST)


def require_feature(tier: Tier, feature: Feature) -> None:
    """Let pass when the tier holds the feature.

    Raises:
        Forbidden: it does not; the sentence names the smallest tier that does.
    """
    if feature in tier.features:
        return
    holder = next(other for other in TIERS.values() if feature in other.features)
    raise Forbidden(
        f"{feature.value} needs the {holder.title} tier; this organization has {tier.title}."
    )
