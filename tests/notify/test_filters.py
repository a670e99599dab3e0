"""Filters of channels: each condition asks only events that say it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from costoptix import drafts
from costoptix.errors import Invalid
from costoptix.notify.facts import NO_FACTS, Facts
from costoptix.notify.filters import ChannelFilter

ABOUT = Facts(
    accounts=frozenset({"aws:111"}),
    services=frozenset({"Amazon EC2"}),
    tags=frozenset({("team", "web"), ("env", "prod")}),
    severity="medium",
    amounts={"USD": Decimal(100)},
)


def read(**values: Any) -> ChannelFilter:
    return drafts.read(ChannelFilter, values)


@pytest.mark.parametrize(
    ("values", "passes"),
    [
        ({}, True),
        ({"account": ["aws:111", "aws:2"]}, True),
        ({"account": ["aws:2"]}, False),
        ({"service": ["Amazon EC2"]}, True),
        ({"service": ["amazon ec2"]}, False),
        ({"tag": {"team": ["web"], "env": ["prod", "dev"]}}, True),
        ({"tag": {"team": ["web"], "env": ["dev"]}}, False),
        ({"severity": "low"}, True),
        ({"severity": "medium"}, True),
        ({"severity": "high"}, False),
        ({"money": {"USD": "100"}}, True),
        ({"money": {"USD": "100.01"}}, False),
        ({"money": {"EUR": "1000"}}, True),
        ({"money": {"EUR": "1000", "USD": "1000"}}, False),
    ],
)
def test_a_filter_passes_what_it_names(values: dict[str, Any], passes: bool) -> None:
    assert read(**values).passes(ABOUT) is passes
    assert read(**values).passes(NO_FACTS)


@pytest.mark.parametrize(
    "values",
    [
        {"accounts": ["aws:111"]}, {"account": ["111"]}, {"account": [""]}, {"account": "aws:111"},
        {"account": [f"aws:{n}" for n in range(101)]}, {"severity": "urgent"}, {"service": [1]},
        {"money": {"USD": "-1"}}, {"money": {"USD": "much"}}, {"money": {"XYZ": "1"}},
        {"money": {"USD": "1e999"}}, {"money": {"USD": "NaN"}}, {"money": []},
        {"tag": {"team": "web"}}, {"tag": {"": ["web"]}},
        {"tag": {f"k{n}": ["v"] for n in range(21)}},
    ],
)  # fmt: skip
def test_a_wrong_filter_is_refused_by_name(values: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match=next(iter(values))):
        read(**values)


def test_what_is_kept_is_read_back() -> None:
    values = {"account": ["aws:111"], "tag": {"a": ["b"]}, "money": {"USD": "0.10"}}
    stored = read(**values).model_dump(mode="json")
    assert drafts.read(ChannelFilter, stored) == read(**values)
