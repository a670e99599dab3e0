"""Names that are likely one: suggested by case, blanks, separators and one letter, no more."""

from __future__ import annotations

import pytest

from costoptix.tags.near_duplicates import Difference, near_duplicates


@pytest.mark.parametrize(
    ("names", "difference", "to"),
    [
        (["team", "Team", "TEAM"], Difference.CASE, "team"),
        ([" org", "org"], Difference.BLANKS, "org"),
        (["org\u200f", "org"], Difference.BLANKS, "org"),
        (
            ["data platform", "data-platform", "data_platform"],
            Difference.SEPARATORS,
            "data platform",
        ),
        (["checkout", "check-out"], Difference.SEPARATORS, "checkout"),
        (["platform", "platfom"], Difference.ONE_LETTER, "platform"),
        (["data-platform", "data-platforn"], Difference.ONE_LETTER, "data-platform"),
    ],
)
def test_likely_one(names: list[str], difference: Difference, to: str) -> None:
    (one,) = near_duplicates(names)
    assert (one.names, one.difference, one.to) == (tuple(names), difference, to)
    assert set(one.others) == set(names) - {to}


@pytest.mark.parametrize(
    "names",
    [
        ["prod", "prob"],  # short
        ["team-a", "team-b"],
        ["eu-west-1", "eu-west-2"],
        ["server1", "server2"],  # digits
        ["zone-1-23", "zone-12-3"],
        ["platform", "platfrom"],  # two letters
        ["billing", "building-x"],
        ["platform-search", "platforn-searsh"],  # two words
        [],
        ["one"],
    ],
)
def test_not_likely_one(names: list[str]) -> None:
    assert near_duplicates(names) == []
