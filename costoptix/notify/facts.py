"""What a filter of a channel may ask of an event, and what an event says of it.

A condition asks only events that say it: a budget has no severity, and an event whose tags nobody
knows is sent. So a filter never silences what it is not about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from costoptix.money import Amount, exact


@dataclass(frozen=True)
class Facts:
    """What an event is about; empty where it says nothing of that kind."""

    accounts: frozenset[str] = frozenset()  # "aws:123456789012"
    services: frozenset[str] = frozenset()
    tags: frozenset[tuple[str, str]] = frozenset()
    severity: str | None = None
    amounts: Mapping[str, Amount] = field(default_factory=dict)  # by currency, the money at stake


NO_FACTS = Facts()


def facts_of_budget(data: Mapping[str, Any]) -> Facts:
    """Return what an event of a budget is about; its money is what was spent."""
    rules = data.get("tag_rules") or ()
    return Facts(
        accounts=frozenset({data["account"]} if data.get("account") else ()),
        tags=frozenset((rule["key"], value) for rule in rules for value in rule["values"]),
        amounts={data["currency"]: exact(data["current_spend"])},
    )


def facts_of_anomaly(data: Mapping[str, Any]) -> Facts:
    """Return what an anomaly is about, with all of its parts; its money is its impact."""
    parts = (data, *(data.get("parts") or ()))
    drivers = data.get("drivers") or ()
    return Facts(
        accounts=frozenset(part["account"] for part in parts),
        services=frozenset(part["service_name"] for part in parts if part.get("service_name")),
        tags=frozenset(
            (driver["dimension"].partition(":")[2], driver["value"])
            for driver in drivers
            if driver["dimension"].startswith("tag:") and driver["value"]
        ),
        severity=data["severity"],
        amounts={data["currency"]: abs(exact(data["impact"]))},
    )
