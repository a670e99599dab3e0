"""The table of kinds of events: each is said in a sentence, with its amounts and its page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from costoptix.models import Organization
from costoptix.notify.composing import compose
from costoptix.notify.kinds import CHOICES, KINDS
from tests.notify.examples import EXAMPLES

AT = datetime(2026, 3, 20, 12, tzinfo=UTC)
ACME = Organization(id="org", name="Acme Cloud")


def sentence(name: str, **changes: Any) -> str:
    return KINDS[name].describe({**EXAMPLES[name], **changes}).sentence


def test_every_kind_has_an_example() -> None:
    assert EXAMPLES.keys() == KINDS.keys()


def test_what_is_promised_can_be_chosen() -> None:
    assert list(CHOICES) == [
        "budget.warning", "budget.critical", "budget.exceeded",
        "anomaly.detected", "anomaly.ended",
        "import.waiting", "import.refused", "import.restated",
        "key.expiring", "report.weekly", "report.monthly",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "data"), EXAMPLES.items())
def test_every_event_is_a_sentence_with_a_link(
    app: Flask, name: str, data: Mapping[str, Any]
) -> None:
    notification = compose(name, AT, ACME, data, "https://cost.example")
    assert notification.sentence.endswith(".")
    assert not notification.title.endswith(".")
    adapter = app.url_map.bind("cost.example")
    adapter.match(notification.link.removeprefix("https://cost.example"))


def test_a_budget_says_what_is_spent_of_what_and_what_is_predicted() -> None:
    assert sentence("budget.warning") == (
        "“Web” has spent $85.00 of $100.00 (85.0%) in 1–31 Mar 2026, in aws:111, with 11 days to "
        "go; $131.50 is predicted."
    )
    assert sentence("budget.warning", predicted_spend=None, account=None, days_remaining=1) == (
        "“Web” has spent $85.00 of $100.00 (85.0%) in 1–31 Mar 2026, with 1 day to go."
    )


def test_an_anomaly_says_how_much_of_what() -> None:
    assert sentence("anomaly.detected") == (
        "Amazon EC2 in aws:111 cost $500.00 more than expected in 14–16 Mar 2026: "
        "$900.00 instead of $400.00. Mostly: i-1, platform."
    )
    less = {"impact": "-3", "actual": "1", "expected": "4", "end_date": None, "drivers": []}
    assert sentence("anomaly.detected", **less) == (
        "Amazon EC2 in aws:111 cost $3.00 less than expected on 14 Mar 2026: "
        "$1.00 instead of $4.00."
    )


def test_a_driver_is_named_in_words_where_the_bills_have_them() -> None:
    sku = {"dimension": "sku_id", "value": "JRTCKXETXF", "words": "t3.micro per hour"}
    assert sentence("anomaly.detected", drivers=[sku]).endswith(" Mostly: t3.micro per hour.")


def test_an_anomaly_that_ended_says_what_it_came_to() -> None:
    assert sentence("anomaly.ended") == (
        "Amazon EC2 in aws:111 is no longer unusual. The anomaly in 14–16 Mar 2026 came to "
        "+$500.00: $900.00 instead of $400.00."
    )
    assert "no longer show" in sentence("anomaly.ended", is_withdrawn=True)


def test_a_restatement_says_each_month() -> None:
    assert sentence("import.restated") == (
        "“feb.csv” restates 2 billing periods: 2026-01 by +$212.40, 2026-02 by −$3.00."
    )


def test_an_event_whose_data_lack_something_is_told_of_all_the_same() -> None:
    for name in KINDS:
        notification = compose(name, AT, ACME, {}, "https://cost.example")
        assert KINDS[name].title in notification.sentence
