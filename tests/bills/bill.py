"""Small bills for tests: what a row does not say is ordinary."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

ORDINARY: Mapping[str, str] = {
    "BillingAccountId": "payer",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-03-01T00:00:00Z",
    "BillingPeriodEnd": "2026-04-01T00:00:00Z",
    "ChargePeriodStart": "2026-03-02T05:00:00Z",
    "ChargePeriodEnd": "2026-03-02T06:00:00Z",
    "ChargeCategory": "Usage",
    "BilledCost": "1",
    "EffectiveCost": "1",
    "ListCost": "1",
    "ContractedCost": "1",
    "ProviderName": "AWS",
    "ServiceName": "EC2",
    "ServiceCategory": "Compute",
    "SubAccountId": "111",
    "ResourceId": "i-1",
    "Tags": '{"team": "web"}',
}
Row = Mapping[str, str]


def write(rows: Iterable[Row], columns: Iterable[str] = ORDINARY, line_end: str = "\n") -> bytes:
    """Write rows as a CSV file of these columns."""
    text = io.StringIO(newline="")
    names = list(columns)
    writer = csv.writer(text, lineterminator=line_end)
    writer.writerow(names)
    for row in rows:
        writer.writerow([(ORDINARY | dict(row)).get(name, "") for name in names])
    return text.getvalue().encode()


def bill(amount: str, **cells: str) -> bytes:
    """Write a bill of one charge."""
    return write([{"BilledCost": amount, **cells}])


def put(path: Path, content: bytes) -> Path:
    """Write a file, and the folders that lead to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
