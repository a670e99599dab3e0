"""What an event says of itself to the filters of channels."""

from __future__ import annotations

from decimal import Decimal

from costoptix.notify.facts import facts_of_anomaly, facts_of_budget
from tests.notify.examples import EXAMPLES


def test_a_budget_is_about_its_account_its_tags_and_what_was_spent() -> None:
    facts = facts_of_budget(EXAMPLES["budget.warning"])
    assert (facts.accounts, facts.tags) == ({"aws:111"}, {("team", "web")})
    assert facts.amounts == {"USD": Decimal(85)}
    assert (facts.services, facts.severity) == (frozenset(), None)
    assert facts_of_budget({**EXAMPLES["budget.warning"], "account": None}).accounts == frozenset()


def test_an_anomaly_is_about_all_of_its_parts() -> None:
    part = {"account": "aws:222", "service_name": "Amazon S3"}
    facts = facts_of_anomaly({**EXAMPLES["anomaly.detected"], "parts": [part], "impact": "-500"})
    assert facts.accounts == {"aws:111", "aws:222"}
    assert facts.services == {"Amazon EC2", "Amazon S3"}
    assert (facts.tags, facts.severity) == ({("team", "platform")}, "high")
    assert facts.amounts == {"USD": Decimal(500)}
