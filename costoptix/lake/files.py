"""Where the files of the lake lie, and who reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from costoptix.periods import BillingPeriod

STAGING = "staging"
"""The folder, within the lake, of files that an import is making."""

EXPORTS = "exports"
"""The folder, within the temporary one, of files that are being made to be sent."""


def organization_folder(organization_id: str) -> str:
    """Return the folder of all files of an organization, within the lake."""
    return f"organization={organization_id}"


def period_folder(organization_id: str, billing_period: BillingPeriod) -> str:
    """Return the folder of an organization's billing period: our own ids only."""
    period = billing_period.text.replace("/", "_")
    return f"{organization_folder(organization_id)}/billing_period={period}"


def delivery_folder(organization_id: str, billing_period: BillingPeriod, delivery_id: str) -> str:
    """Return the folder of a delivery's files, within the lake."""
    return f"{period_folder(organization_id, billing_period)}/delivery={delivery_id}"


class LakeReader(Protocol):
    """Runs SQL over files of the lake (``costs.engine.Engine``)."""

    def path(self, relative: str) -> Path:
        """Return where a file of the lake lies."""

    def read(self, sql: str, parameters: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        """Run one statement and yield its rows."""
