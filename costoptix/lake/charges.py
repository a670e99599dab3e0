"""The charge table: a superset of FOCUS 1.0 to 1.4, and how text becomes exact values.

Every cell is read as text and cast here, once. A cell that a question needs and that cannot be
cast rejects its row, with column, value and reason; nothing is guessed and nothing is dropped
silently. Quantities and unit prices are kept as they were written: nothing adds them up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from costoptix.lake.layout import METRICS, NULLABLE_METRICS

OTHER_COLUMNS = "other_columns"
"""JSON text of the columns of the file that no expression of its format names."""

_LOCALISED = re.compile(r".*\(([A-Za-z][A-Za-z0-9 _/:.-]*)\)\s*")


class ColumnKind(StrEnum):
    """What a column of the charge table holds."""

    TEXT = "VARCHAR"
    MONEY = "DECIMAL(38,18)"
    TIME = "TIMESTAMP"  # UTC
    JSON_OBJECT = "JSON"  # text of a JSON object, minified


@dataclass(frozen=True)
class Column:
    """One column: its name here, its name in FOCUS, what it holds, whether a row needs it."""

    name: str
    focus_name: str
    kind: ColumnKind = ColumnKind.TEXT
    is_required: bool = False


_REQUIRED_TIMES = ("ChargePeriodStart", "BillingPeriodStart")

_FOCUS_NAMES = """
    AllocatedMethodDetails AllocatedMethodId AllocatedResourceId AllocatedResourceName
    AllocatedTags AvailabilityZone BilledCost BillingAccountId BillingAccountName
    BillingAccountType BillingCurrency BillingPeriodEnd BillingPeriodStart
    CapacityReservationId CapacityReservationStatus ChargeCategory ChargeClass
    ChargeDescription ChargeFrequency ChargePeriodEnd ChargePeriodStart
    CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName
    CommitmentDiscountQuantity CommitmentDiscountStatus CommitmentDiscountType
    CommitmentDiscountUnit CommitmentProgramEligibilityDetails ConsumedQuantity ConsumedUnit
    ContractApplied ContractedCost ContractedUnitPrice EffectiveCost HostProviderName
    InvoiceDetailId InvoiceId InvoiceIssuerName ListCost ListUnitPrice PricingCategory
    PricingCurrency PricingCurrencyContractedUnitPrice PricingCurrencyEffectiveCost
    PricingCurrencyListUnitPrice PricingQuantity PricingUnit ProviderName PublisherName
    RegionId RegionName ResourceId ResourceName ResourceType ServiceCategory ServiceName
    ServiceSubcategory SkuId SkuMeter SkuPriceDetails SkuPriceId SubAccountId SubAccountName
    SubAccountType Tags
"""


def plain_name(name: str) -> str:
    """Return a column name as written, a localised one without its translation."""
    localised = _LOCALISED.fullmatch(name)
    return localised[1] if localised else name


def snake_case(focus_name: str) -> str:
    """Return the name of a FOCUS column here: ``SubAccountId`` → ``sub_account_id``."""
    parts = "".join(f" {c}" if c.isupper() else c for c in focus_name).split()
    return "_".join(parts).lower()


def _column(focus_name: str) -> Column:
    name = snake_case(focus_name)
    if name in METRICS:
        return Column(name, focus_name, ColumnKind.MONEY, name not in NULLABLE_METRICS)
    if focus_name.endswith(("PeriodStart", "PeriodEnd")):
        return Column(name, focus_name, ColumnKind.TIME, focus_name in _REQUIRED_TIMES)
    if focus_name == "Tags":
        return Column(name, focus_name, ColumnKind.JSON_OBJECT)
    return Column(name, focus_name, is_required=focus_name == "BillingCurrency")


COLUMNS: Mapping[str, Column] = {
    column.name: column for column in map(_column, _FOCUS_NAMES.split())
}
"""The charge table by column name. OTHER_COLUMNS follows these in the files of the lake."""
