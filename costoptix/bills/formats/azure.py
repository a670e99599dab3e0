"""Azure cost details: EA and MCA, actual, amortized, or both in one file.

The mapping follows Microsoft's published conversion of Cost Management data to FOCUS: all rows of
the amortized export, and the rows of the actual one that buy or refund a reservation or savings
plan. Each row is mapped by itself, so that the rule holds in one file as in two:

* Billed cost is the cost, but 0 for usage that a commitment covers and for what of it was unused:
  its purchase is billed. Effective cost is the cost, but 0 for the purchase.
* The published rule divides Quantity by the block size of the unit of measure. In every real file
  Cost = Quantity × EffectivePrice, also where the unit is ``10K``: Quantity counts blocks
  already. So it is the pricing quantity, and is multiplied to get the consumed one.
* An EA price sheet says 0 for what it has no pay-as-you-go price of. Beside another price that
  is a gap, not a gift: the list cost is missing.
* Exports of partners' customers (CSP) leave the billing period empty: it is the month of the
  service period, else of the date. They name no billing account: it is the customer's tenant.
* The published rule names billed cost 0 for usage only. The amortized cost of what was unused is
  on no invoice either: its billed cost is 0 too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from collections.abc import Mapping as MappingOf
from enum import StrEnum

from costoptix.bills.formats import (
    DatasetClues,
    DatasetPart,
    Format,
    Header,
    Mapping,
    Options,
    V,
    month_first,
    nested_cells,
)
from costoptix.bills.formats.expressions import (
    any_of,
    beside_cells,
    cost_of,
    instant,
    next_day,
    product,
    translate,
)
from costoptix.bills.formats.lookups import joined, left_join
from costoptix.bills.formats.pairs import pairs
from costoptix.errors import Invalid
from costoptix.lake.layout import literal

_CATEGORY = {
    "usage": "Usage",
    "unusedreservation": "Usage",
    "unusedsavingsplan": "Usage",
    "purchase": "Purchase",
    "refund": "Purchase",
    "credit": "Credit",
    "tax": "Tax",
}
_UNUSED = ("unusedreservation", "unusedsavingsplan")
_BOUGHT = ("purchase", "refund")
_COMMITMENT = ("reservation", "savingsplan")
_FREQUENCY = {"onetime": "One-Time", "recurring": "Recurring", "usagebased": "Usage-Based"}
_PRICING = {"ondemand": "Standard", "spot": "Dynamic"} | dict.fromkeys(_COMMITMENT, "Committed")

_COST = ("CostInBillingCurrency", "Cost", "PreTaxCost")
_DATE = ("Date", "UsageDateTime", "UsageDate")
_PERIOD_START = ("BillingPeriodStartDate", "BillingPeriodStart")
_PERIOD_END = ("BillingPeriodEndDate", "BillingPeriodEnd")
_SERVICE_PERIOD_START = ("ServicePeriodStartDate", "ServicePeriodStart")
_TENANT = "CustomerTenantId"
_CURRENCY = ("BillingCurrency", "BillingCurrencyCode", "Currency")
_SUBSCRIPTION = ("SubscriptionId", "SubscriptionGuid")
_RESOURCE = ("ResourceId", "InstanceId", "InstanceName")


def is_mca(header: Header) -> bool:
    """Tell whether the file is of a Microsoft Customer Agreement: priced in another currency."""
    return header.has("ExchangeRatePricingToBilling", "PricingCurrency", "PricingCurrencyCode")


class _Columns:
    """The columns of one header, by what they mean."""

    def __init__(self, header: Header) -> None:
        self.charge_type = _word(header.sql("ChargeType"))
        self.reservation = header.sql("ReservationId")
        # Exports of before 2021 tell a reservation by its id alone.
        self.pricing_model = (
            f"coalesce({_word(header.sql('PricingModel'))}, "
            f"CASE WHEN {self.reservation} IS NOT NULL THEN 'reservation' END)"
        )
        self.cost = header.coalesce(*_COST)
        self.quantity = header.coalesce("Quantity", "UsageQuantity")
        self.unit_price = header.sql("UnitPrice")
        self.list_price = header.sql("PayGPrice")
        self.resource = header.coalesce(*_RESOURCE)
        self.consumed_service = header.sql("ConsumedService")
        self.location = header.sql("ResourceLocation")
        self.unit = header.sql("UnitOfMeasure")
        self.is_commitment = any_of(self.pricing_model, *_COMMITMENT)
        self.is_unused = any_of(self.charge_type, *_UNUSED)
        self.is_bought = any_of(self.charge_type, *_BOUGHT)
        self.is_usage = f"{self.charge_type} = 'usage'"


def _word(text: str) -> str:
    """Return text without what spellings differ in: ``Savings Plan``, ``SavingsPlan``."""
    return f"lower(replace({text}, ' ', ''))"


def _mapping(header: Header, _options: Options) -> Mapping:
    columns = _Columns(header)
    charges = (
        _costs(header, columns)
        | _kinds(columns, header)
        | _commitment(columns, header)
        | _account(header)
        | _rest(columns, header)
    )
    kept = (
        header.sql("ChargeType"), header.sql("PricingModel"), header.sql(*_SERVICE_PERIOD_START),
        header.sql(_TENANT), header.sql("CustomerName"),
    )  # fmt: skip
    tags = nested_cells(header, pairs, "Tags")
    return Mapping(charges, _relation(columns), kept, tags, _noted(header))


def _relation(columns: _Columns) -> str:
    """Look up services by the type of the resource, regions by name and units of measure."""
    nested = rf"regexp_replace({columns.resource}, '{_NESTED_TYPE}', '\1/\2')"
    service = ("ServiceName", "ServiceCategory", "ServiceSubcategory")
    region, unit = ("RegionId", "RegionName"), ("PricingBlockSize", "DistinctUnits")
    joins = (
        (joined("azure_services", "nested", "ResourceType", service), nested),
        (joined("azure_services", "plain", "ResourceType", service), _type(columns)),
        (
            joined("azure_services", "consumed", "ConsumedService", ("ServiceCategory",)),
            columns.consumed_service,
        ),
        (joined("azure_regions", "regions", "OriginalValue", region), columns.location),
        (joined("azure_pricing_units", "units", "UnitOfMeasure", unit), columns.unit),
    )
    return beside_cells(
        (
            *region,
            *unit,
            "coalesce(nested.ServiceName, plain.ServiceName) AS ServiceName",
            "coalesce(nested.ServiceCategory, plain.ServiceCategory, consumed.ServiceCategory)"
            " AS ServiceCategory",
            "coalesce(nested.ServiceSubcategory, plain.ServiceSubcategory) AS ServiceSubcategory",
        ),
        *(left_join(table, key) for table, key in joins),
    )


_TYPE = "(?i)^.*/providers/([^/]+/[^/]+)"
_NESTED_TYPE = _TYPE + "/[^/]+/([^/]+)(/.*)?$"


def _type(columns: _Columns) -> str:
    """Return the type of a resource by the last provider in its id, without what is nested."""
    return f"regexp_extract({columns.resource}, '{_TYPE}', 1)"


def _costs(header: Header, columns: _Columns) -> dict[str, str]:
    covered = f"{columns.is_commitment} AND ({columns.is_usage} OR {columns.is_unused})"
    bought = f"{columns.is_commitment} AND {columns.is_bought}"
    rate = (header.sql("ExchangeRatePricingToBilling", "ExchangeRate"),) if is_mca(header) else ()
    is_gap = (
        f"TRY_CAST({columns.list_price} AS DOUBLE) = 0 "
        f"AND TRY_CAST({columns.unit_price} AS DOUBLE) <> 0"
    )
    by_price = cost_of(columns.list_price, columns.quantity, *rate)
    list_cost = f"CASE WHEN NOT coalesce({is_gap}, false) THEN {by_price} END"
    return {
        "billed_cost": f"CASE WHEN {covered} THEN '0' ELSE {columns.cost} END",
        "effective_cost": f"CASE WHEN {bought} THEN '0' ELSE {columns.cost} END",
        "list_cost": f"coalesce({header.sql('PaygCostInBillingCurrency')}, {list_cost})",
        "contracted_cost": cost_of(columns.unit_price, columns.quantity, *rate),
        "list_unit_price": product(columns.list_price, *rate) if rate else columns.list_price,
        "contracted_unit_price": (
            product(columns.unit_price, *rate) if rate else columns.unit_price
        ),
    }


def _kinds(columns: _Columns, header: Header) -> dict[str, str]:
    consumed = product(columns.quantity, "PricingBlockSize")
    return {
        "charge_category": translate(columns.charge_type, _CATEGORY, literal("Adjustment")),
        "charge_class": f"CASE WHEN {columns.charge_type} = 'refund' THEN 'Correction' END",
        "charge_frequency": translate(
            _word(header.sql("Frequency")), _FREQUENCY, header.sql("Frequency")
        ),
        "charge_description": header.coalesce("ProductName", "Product"),
        "pricing_category": translate(columns.pricing_model, _PRICING),
        "pricing_quantity": columns.quantity,
        "pricing_unit": columns.unit,
        "consumed_quantity": f"CASE WHEN {columns.is_usage} THEN {consumed} END",
        "consumed_unit": f"CASE WHEN {columns.is_usage} THEN DistinctUnits END",
    }


def _commitment(columns: _Columns, header: Header) -> dict[str, str]:
    benefit = f"coalesce({header.sql('BenefitId')}, {columns.reservation})"
    spend = f"contains(lower({benefit}), '/microsoft.billingbenefits/')"
    usage = (
        f"contains(lower({benefit}), '/microsoft.capacity/') OR {columns.reservation} IS NOT NULL"
    )
    return {
        "commitment_discount_id": benefit,
        "commitment_discount_name": header.coalesce("BenefitName", "ReservationName"),
        "commitment_discount_category": (
            f"CASE WHEN {spend} THEN 'Spend' WHEN {usage} THEN 'Usage' END"
        ),
        "commitment_discount_type": (
            f"CASE WHEN {spend} THEN 'Savings Plan' WHEN {usage} THEN 'Reservation' END"
        ),
        "commitment_discount_status": (
            f"CASE WHEN {columns.is_unused} THEN 'Unused' "
            f"WHEN {columns.is_commitment} AND {columns.is_usage} THEN 'Used' END"
        ),
    }


def _account(header: Header) -> dict[str, str]:
    enrolment, profile = header.sql("BillingAccountId"), header.sql("BillingProfileId")
    first, second = (profile, enrolment) if is_mca(header) else (enrolment, profile)
    names = ("BillingAccountName", "BillingProfileName")
    day = month_first(header.coalesce(*_DATE))
    start, end = _billing_period(header)
    return {
        "billing_account_id": f"coalesce({first}, {second}, {header.sql(_TENANT)})",
        "billing_account_name": header.coalesce(
            *(names[::-1] if is_mca(header) else names), "CustomerName"
        ),
        "billing_currency": header.coalesce(*_CURRENCY),
        "billing_period_start": start,
        "billing_period_end": end,
        "charge_period_start": day,
        "charge_period_end": next_day(day),
        "sub_account_id": header.coalesce(*_SUBSCRIPTION),
        "sub_account_name": header.sql("SubscriptionName"),
        "invoice_id": header.sql("InvoiceId"),
        "invoice_issuer_name": f"coalesce({header.sql('PartnerName')}, 'Microsoft')",
        "provider_name": literal("Microsoft"),
        "publisher_name": f"coalesce({header.sql('PublisherName')}, 'Microsoft')",
    }


def _billing_period(header: Header) -> tuple[str, str]:
    """Return the start and the end of the billing period; the end is inclusive in the file."""
    start, end = month_first(header.sql(*_PERIOD_START)), month_first(header.sql(*_PERIOD_END))
    in_month = (header.sql(*_SERVICE_PERIOD_START), header.coalesce(*_DATE))
    day = f"coalesce({end}, {', '.join(map(month_first, in_month))})"
    month = f"date_trunc('month', {instant(day)})"
    next_month = f"CAST(CAST({month} + INTERVAL 1 MONTH AS DATE) AS VARCHAR)"
    return (
        f"coalesce({start}, CAST(CAST({month} AS DATE) AS VARCHAR))",
        f"coalesce({next_day(end)}, CASE WHEN {start} IS NULL THEN {next_month} END)",
    )


EMPTY_PERIOD = (
    "The billing period of {rows} is empty: the month of the service period or date is taken "
    "({lines})."
)


def _noted(header: Header) -> str:
    """Write what is to be known of a row whose billing period is not its own."""
    return f"CASE WHEN {header.sql(*_PERIOD_START)} IS NULL THEN {literal(EMPTY_PERIOD)} END"


def _rest(columns: _Columns, header: Header) -> dict[str, str]:
    last_segment = f"nullif(regexp_extract({columns.resource}, '[^/]+$'), '')"
    return {
        "availability_zone": header.sql("AvailabilityZone"),
        "region_id": f"coalesce(RegionId, lower(replace({columns.location}, ' ', '')))",
        "region_name": f"coalesce(RegionName, {columns.location})",
        "resource_id": columns.resource,
        "resource_name": f"coalesce({header.sql('ResourceName')}, {last_segment})",
        "resource_type": f"nullif({_type(columns)}, '')",
        "service_category": "coalesce(ServiceCategory, 'Other')",
        "service_name": (
            f"coalesce(ServiceName, {header.sql('MeterCategory')}, {columns.consumed_service})"
        ),
        "service_subcategory": "ServiceSubcategory",
        "sku_id": header.sql("ProductId"),
        "sku_meter": header.sql("MeterName"),
        "tags": header.sql("Tags"),
    }


def _fact(condition: Callable[[_Columns], str]) -> Callable[[Header], str]:
    return lambda header: condition(_Columns(header))


_COSTS_SOMETHING = "coalesce(TRY_CAST({} AS DOUBLE) <> 0, true)"


def _has_price(columns: _Columns) -> str:
    """Write the condition that a row's use is not free; true where the file has no price."""
    prices = f"coalesce({columns.unit_price}, {columns.list_price}) IS NULL"
    some = " OR ".join(
        f"coalesce(TRY_CAST({price} AS DOUBLE) <> 0, false)"
        for price in (columns.unit_price, columns.list_price)
    )
    return f"({prices} OR {some})"


class Dataset(StrEnum):
    """What a delivery of Azure is of: a month comes as an actual and as an amortized export."""

    ACTUAL = "actual"
    AMORTIZED = "amortized"
    BOTH = "both"  # one file that is both
    PURCHASES = "purchases"  # the part of an actual export that an amortized one lacks


_PURCHASES = DatasetPart(
    dataset=Dataset.PURCHASES,
    whole=Dataset.ACTUAL,
    condition="charge_category = 'Purchase' AND "
    "(pricing_category = 'Committed' OR commitment_discount_id IS NOT NULL)",
)
_EXPORTS = {
    "actualcost": Dataset.ACTUAL, "actual": Dataset.ACTUAL,
    "amortizedcost": Dataset.AMORTIZED, "amortized": Dataset.AMORTIZED,
}  # fmt: skip
"""How manifests name the two exports; those of FOCUS and of usage alone are neither."""

_MIXED = (
    "These files are of the actual and of the amortized export, and {} does not show which one it"
    " is: "
    "send the two exports apart."
)
_LACKING = {
    Dataset.ACTUAL: "Effective (amortised) cost lacks what reservations and savings plans cost: "
    "only Azure's actual export is here.",
    Dataset.AMORTIZED: "Billed cost lacks what was paid for reservations and savings plans: "
    "only Azure's amortized export is here.",
}
_COMPLETED_BY = {
    Dataset.ACTUAL: {Dataset.AMORTIZED},
    Dataset.AMORTIZED: {Dataset.ACTUAL, Dataset.PURCHASES},
}


class AzureDatasets:
    """Combines the two exports: all of the amortized one, and the purchases of the actual one."""

    facts: MappingOf[str, Callable[[Header], str]] = {
        # Only the actual export buys commitments, only the amortized one charges their use.
        "has_commitment_purchases": _fact(lambda c: f"{c.is_commitment} AND {c.is_bought}"),
        "has_amortized_usage": _fact(
            lambda c: (
                f"{c.is_commitment} AND NOT {c.is_bought} AND {_COSTS_SOMETHING.format(c.cost)}"
            )
        ),
        # What has no price costs nothing in either export.
        "has_uncharged_usage": _fact(
            lambda c: (
                f"{c.is_commitment} AND {c.is_usage} AND NOT {_COSTS_SOMETHING.format(c.cost)} "
                f"AND {_COSTS_SOMETHING.format(c.quantity)} AND {_has_price(c)}"
            )
        ),
    }
    choices: tuple[str, ...] = (Dataset.ACTUAL, Dataset.AMORTIZED)
    parts: tuple[DatasetPart, ...] = (_PURCHASES,)

    def of_files(self, files: Sequence[DatasetClues]) -> list[str | None]:
        """Return the dataset of each file: by its manifest, else by its content.

        A file that shows none goes with the only dataset that the others show. One file that is
        both exports makes the others parts of it.

        Raises:
            Invalid: both exports are there, and a file could be of either.
        """
        datasets = [_dataset(file) for file in files]
        shown = {dataset for dataset in datasets if dataset is not None}
        if len(shown) > 1 and Dataset.BOTH not in shown:
            if None in datasets:
                raise Invalid(_MIXED.format(files[datasets.index(None)].name))
            return list(datasets)
        only = Dataset.BOTH if Dataset.BOTH in shown else next(iter(shown), None)
        return [only] * len(datasets)

    def live(self, oldest_first: Sequence[V]) -> tuple[V, ...]:
        """Return the newest version; of an amortized and an actual one the newest of each."""
        newest = {version.dataset: version for version in oldest_first}
        purchases = newest.pop(Dataset.PURCHASES, None)
        whole = max(newest.values(), key=lambda version: version.order, default=None)
        if whole is None:
            return ()
        amortized, actual = newest.get(Dataset.AMORTIZED), newest.get(Dataset.ACTUAL)
        if purchases and actual and purchases.delivered_at < actual.delivered_at:
            purchases = None  # what was bought is no more in the newest actual export
        if whole.dataset not in self.choices or amortized is None:
            return (whole,)
        return (amortized,) if purchases is None else (amortized, purchases)

    def lacking(self, present: Collection[str], shown: Collection[str]) -> dict[str, str]:
        """Say by dataset which cost lacks what, of those that are live without the other one."""
        return {
            dataset: _LACKING[dataset]
            for dataset, others in _COMPLETED_BY.items()
            if dataset in shown and others.isdisjoint(present)
        }


def _dataset(file: DatasetClues) -> Dataset | None:
    """Return which export a file is; None where neither manifest nor content shows it.

    A file without commitments is the same in both exports.
    """
    by_manifest = _EXPORTS.get((file.export or "").lower())
    if by_manifest is not None:
        return by_manifest
    buys, amortizes = file.facts["has_commitment_purchases"], file.facts["has_amortized_usage"]
    if buys and amortizes:
        return Dataset.BOTH
    if amortizes:
        return Dataset.AMORTIZED
    return Dataset.ACTUAL if buys or file.facts["has_uncharged_usage"] else None


AZURE = Format(
    family="azure",
    title=lambda header: f"Azure {'MCA' if is_mca(header) else 'EA'} cost details",
    required=(
        _COST,
        _DATE,
        ("BillingAccountId", "BillingProfileId", _TENANT),
        _PERIOD_START,
        ("ChargeType",),
        ("ConsumedService",),
        _SUBSCRIPTION,
    ),
    currency=_CURRENCY,
    mapping=_mapping,
    datasets=AzureDatasets(),
)
