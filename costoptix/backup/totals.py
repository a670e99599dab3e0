"""What each delivery's charges add up to, by currency: added up from the files of a lake."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from costoptix import money
from costoptix.backup.manifest import Total
from costoptix.lake.files import LakeReader
from costoptix.lake.layout import METRICS, literal


def add_up(
    lake: LakeReader, organization_id: str, delivery_id: str, paths: list[str]
) -> list[Total]:
    """Read the files of a delivery's charges (their paths within the lake), by currency.

    Whatever DuckDB raises of a file that is damaged or gone comes through.
    """
    if not paths:
        return []
    files = ", ".join(literal(str(lake.path(path))) for path in paths)
    sums = ", ".join(f"CAST(sum({metric}) AS VARCHAR) AS {metric}" for metric in METRICS)
    rows = lake.read(
        f"SELECT billing_currency, count(*), {sums} FROM "  # noqa: S608 - our own ids and names
        f"read_parquet([{files}], hive_partitioning = false) GROUP BY 1 ORDER BY 1",
        {},
    )
    return [_total(organization_id, delivery_id, row) for row in rows]


def differences(before: Mapping[Any, Total], after: Mapping[Any, Total]) -> list[str]:
    """Say where what was restored does not add up to what was backed up."""
    lines = []
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            _, delivery_id, currency = key
            lines.append(f"delivery {delivery_id} in {currency}")
    return lines


def by_delivery(totals: tuple[Total, ...] | list[Total]) -> dict[tuple[str, str, str], Total]:
    """Return totals by organization, delivery and currency."""
    return {(total.organization_id, total.delivery_id, total.currency): total for total in totals}


def _total(organization_id: str, delivery_id: str, row: tuple[Any, ...]) -> Total:
    currency, charges, *sums = row
    texts = [None if text is None else money.to_text(Decimal(text)) for text in sums]
    return Total.model_validate(
        {
            "organization_id": organization_id,
            "delivery_id": delivery_id,
            "currency": currency,
            "charges": charges,
        }
        | dict(zip(METRICS, texts, strict=True))
    )
