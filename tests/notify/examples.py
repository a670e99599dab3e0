"""Data of an event of each kind, as those who raise them write them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from costoptix.models import Organization
from costoptix.notify.composing import compose
from costoptix.notify.notification import Notification

_BUDGET = {
    "budget_id": "b1", "budget_name": "Web", "budget_amount": "100", "currency": "USD",
    "account": "aws:111", "period_start": "2026-03-01", "period_end": "2026-03-31",
    "current_spend": "85", "predicted_spend": "131.5", "utilization_percent": "85",
    "days_remaining": 11, "tag_rules": [{"key": "team", "operator": "=", "values": ["web"]}],
}  # fmt: skip
_ANOMALY = {
    "anomaly_id": "a1", "date": "2026-03-14", "end_date": "2026-03-16", "provider_name": "AWS",
    "service_name": "Amazon EC2", "account": "aws:111", "currency": "USD", "actual": "900",
    "expected": "400", "impact": "500", "deviation_percent": "125", "severity": "high",
    "parts": [], "drivers": [
        {"dimension": "resource_id", "value": "i-1"}, {"dimension": "region_id", "value": None},
        {"dimension": "tag:team", "value": "platform"},
    ],
}  # fmt: skip
_IMPORT = {"import_id": "i1", "file_name": "feb.csv", "sentence": "It lacks three days."}
_CHANNEL = {"channel_id": "c1", "channel_name": "Ops", "sentence": "It failed for a day."}
_REPORT = {"sentence": "March cost $1,200.00, $200.00 more than February.", "path": "/"}

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "budget.warning": _BUDGET,
    "budget.critical": _BUDGET | {"current_spend": "96", "utilization_percent": "96"},
    "budget.exceeded": _BUDGET | {"current_spend": "101", "utilization_percent": "101"},
    "anomaly.detected": _ANOMALY,
    "anomaly.ended": _ANOMALY | {"is_withdrawn": False},
    "import.waiting": _IMPORT | {"kind": "lost_days"},
    "import.refused": _IMPORT,
    "import.restated": _IMPORT
    | {
        "source": "aws",
        "periods": [
            {"billing_period": "2026-01", "currency": "USD", "change": "212.4"},
            {"billing_period": "2026-02", "currency": "USD", "change": "-3"},
        ],
    },
    "key.expiring": {
        "key_id": "k1", "name": "CI Pipeline", "prefix": "cc_12345678",
        "expires_at": "2026-03-27T23:59:59.999999+00:00",
    },
    "report.weekly": _REPORT,
    "report.monthly": _REPORT,
    "channel.failing": _CHANNEL,
    "channel.disabled": _CHANNEL,
    "channel.test": _CHANNEL,
}  # fmt: skip


def notification(name: str = "budget.warning", **changes: Any) -> Notification:
    """Return the notification of an example, with some of its data changed."""
    at = datetime(2026, 3, 20, 12, tzinfo=UTC)
    acme = Organization(id="00000000-0000-4000-8000-000000000001", name="Acme Cloud")
    return compose(name, at, acme, {**EXAMPLES[name], **changes}, "https://cost.example")
