"""The one table of tiers: a larger one never has less."""

from __future__ import annotations

from itertools import pairwise

import pytest

from costoptix.access.tiers import SMALLEST, TIERS, Feature, require_feature, tier_of
from costoptix.errors import Forbidden


def amount(limit: int | None) -> float:
    return float("inf") if limit is None else limit


def test_each_tier_has_at_least_what_the_one_before_has() -> None:
    for smaller, larger in pairwise(TIERS.values()):
        assert smaller.features <= larger.features
        for name in ("calls_per_day", "users", "anomalies_per_month"):
            assert amount(getattr(smaller, name)) <= amount(getattr(larger, name))


def test_an_unknown_tier_is_the_smallest_never_without_limit() -> None:
    assert tier_of("platinum") is tier_of("") is SMALLEST
    assert SMALLEST.calls_per_day is not None


@pytest.mark.parametrize("feature", Feature)
def test_what_a_tier_lacks_is_refused_with_the_smallest_that_has_it(feature: Feature) -> None:
    holders = [tier for tier in TIERS.values() if feature in tier.features]
    with pytest.raises(Forbidden, match=f"needs the {holders[0].title} tier"):
        require_feature(SMALLEST, feature)
    for tier in holders:
        require_feature(tier, feature)
