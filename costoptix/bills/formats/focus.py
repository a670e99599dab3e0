"""FOCUS Cost and Usage, 1.0-preview to 1.4: the columns by their own names.

What was renamed on the way: Region → RegionId and RegionName, UsageQuantity → ConsumedQuantity
and UsageUnit → ConsumedUnit (1.0); ProviderName → ServiceProviderName (1.3, removed in 1.4).

Times are ISO 8601. Files that went through an American spreadsheet have ``4/1/25`` instead. What
is day and what is month there is only taken for known where it shows: the billing period, read
month first, goes from the first of a month to the first of a month.

Two providers' own columns say how their files go together: ``oci_ReferenceNumber`` (each row is in
one of several files a day) and ``x_ExportTime`` (of Google's view of a table that only grows).
"""

from __future__ import annotations

from costoptix.bills.formats import (
    CellUnless,
    Format,
    Header,
    Mapping,
    Options,
    month_first,
    nested_cells,
)
from costoptix.bills.formats.pairs import pairs
from costoptix.lake.charges import COLUMNS, ColumnKind

_RENAMED = {
    "ProviderName": ("ServiceProviderName", "ProviderName"),
    "RegionId": ("RegionId", "Region"),
    "ConsumedQuantity": ("ConsumedQuantity", "UsageQuantity"),
    "ConsumedUnit": ("ConsumedUnit", "UsageUnit"),
}

_FIRST_SEEN = (
    ("1.4", ("InvoiceDetailId", "CommitmentProgramEligibilityDetails")),
    ("1.3", ("ServiceProviderName", "HostProviderName", "ContractApplied", "AllocatedMethodId")),
    ("1.2", ("BillingAccountType", "SubAccountType", "InvoiceId", "PricingCurrency")),
    ("1.1", ("ServiceSubcategory", "SkuMeter", "SkuPriceDetails", "CapacityReservationId")),
    ("1.0", ("RegionId", "RegionName", "ContractedCost", "ConsumedQuantity", "ChargeClass")),
)
"""Newest first: columns that a version brought."""

_OTHER_DATASETS = {
    "Contract Commitment": ("ContractCommitmentId", "ContractId"),
    "Invoice Detail": ("InvoiceDetailId", "InvoiceDetailCreated"),
    "Billing Period": ("BillingPeriodStatus", "BillingPeriodLastUpdated"),
}
"""The datasets of 1.3 and 1.4 beside Cost and Usage: columns of each that are never null."""

_EXPORTED = "x_ExportTime"
_FIRST_OF_MONTH = r"^\s*\d{1,2}/0?1/(\d{4}|\d{2})\s*$"


def version(header: Header) -> str:
    """Return the newest version of which the file has a column that it brought."""
    if header.has("ServiceProviderName") and not header.has("ProviderName"):
        return "1.4"
    return next((name for name, new in _FIRST_SEEN if header.has(*new)), "1.0-preview")


def other_dataset(header: Header) -> str | None:
    """Return which dataset of FOCUS a file is that holds no charges; None where it is none."""
    if header.has("EffectiveCost", "ChargePeriodStart"):
        return None
    fitting = (name for name, columns in _OTHER_DATASETS.items() if all(map(header.has, columns)))
    return next(fitting, None)


def _mapping(header: Header, _options: Options) -> Mapping:
    columns = {
        column.name: header.coalesce(*_RENAMED.get(column.focus_name, (column.focus_name,)))
        for column in COLUMNS.values()
    }
    first_days = (header.sql("BillingPeriodStart"), header.sql("BillingPeriodEnd"))
    times = {
        name: _american(sql, first_days)
        for name, sql in columns.items()
        if COLUMNS[name].kind is ColumnKind.TIME
    }
    return Mapping(columns | times, nested=nested_cells(header, pairs, "Tags"))


def _american(time: str, first_days: tuple[str, ...]) -> str:
    """Bring a time of a spreadsheet into ISO shape where it is plainly month first."""
    is_plain = " AND ".join(f"regexp_matches({day}, '{_FIRST_OF_MONTH}')" for day in first_days)
    return CellUnless(time, "/", is_plain, month_first(time))


def _iso(text: str) -> str:
    """Bring BigQuery's ``2024-09-01 07:00:00 UTC`` into an ISO shape."""
    return f"replace({text}, ' UTC', 'Z')"


FOCUS = Format(
    family="focus",
    title=lambda header: f"FOCUS {version(header)}",
    required=(
        ("BilledCost",),
        ("EffectiveCost",),
        ("BillingPeriodStart",),
        ("ChargePeriodStart",),
        ("ChargeCategory",),
        ("ProviderName", "ServiceProviderName"),
        ("ServiceName",),
    ),
    currency=("BillingCurrency",),
    mapping=_mapping,
    number=lambda header: header.sql("oci_ReferenceNumber"),
    exported=lambda header: _iso(header.sql(_EXPORTED)) if header.has(_EXPORTED) else "NULL",
)
