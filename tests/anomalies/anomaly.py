"""An anomaly for tests: what a test does not say is ordinary."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from costoptix.anomalies.episodes import Series
from costoptix.models import Anomaly, Organization

SERIES = Series("AWS", "EC2", "111", "USD")


def make_anomaly(session: Session, organization: Organization, **values: Any) -> Anomaly:
    """Add an anomaly of an organization: $310 where $10 was expected."""
    day = values.pop("day", date(2026, 3, 2))
    names = {name: values.pop(name, usual) for name, usual in asdict(SERIES).items()}
    known = names | {
        "series": Series(**names).digest, "first_day": day, "last_day": day,
        "actual": Decimal(310), "expected": Decimal(10), "low": Decimal(8), "high": Decimal(12),
        "impact": Decimal(300), "deviation_percent": Decimal(3000), "severity": "high",
        "method": "adaptive", "lookback_days": 30, "threshold": Decimal("4.5"),
    }  # fmt: skip
    row = Anomaly(organization_id=organization.id, **(known | values))
    session.add(row)
    session.commit()
    return row
