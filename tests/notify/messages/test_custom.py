"""The envelope of a custom webhook."""

from __future__ import annotations

import json

import pytest

from costoptix.notify.messages import custom
from tests.notify.examples import EXAMPLES, notification


def test_the_envelope_holds_the_data_of_the_event() -> None:
    body = custom.render(notification())
    assert set(body) == {"event", "timestamp", "organization_id", "data"}
    assert (body["event"], body["timestamp"]) == ("budget.warning", "2026-03-20T12:00:00Z")
    promised = {
        "budget_name", "budget_amount", "current_spend", "utilization_percent",
        "predicted_spend", "days_remaining", "account", "budget_id",
    }  # fmt: skip
    assert promised <= body["data"].keys()
    assert body["data"]["link"] == "https://cost.example/budgets/b1"


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_event_is_json(name: str) -> None:
    json.dumps(custom.render(notification(name)), allow_nan=False)
