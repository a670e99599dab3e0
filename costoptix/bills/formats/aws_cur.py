"""AWS Cost and Usage Report, legacy (``lineItem/UnblendedCost``) and 2.0 (``line_item_…``).

Both name the same columns, so that one mapping serves them. A charge's kind is its LineItemType:

* Billed cost is the invoice's view: the net unblended cost where the report has it, else the
  unblended one. Usage that a savings plan covers is billed by the plan's fee: its cost is 0, and
  so is that of the ``SavingsPlanNegation`` which takes it back.
* Effective cost is AWS's amortised view. A recurring fee of a commitment is billed once and
  covers usage that carries its share, so its effective cost is 0; what the month left unused
  becomes a charge of its own, a Usage with the status Unused, billed 0. Nothing was saved on it:
  its list and contracted cost are its effective cost. It is net where the fee is: FOCUS has
  Σ effective cost of a commitment's usage = Σ billed cost of its purchase.
* List cost is the public on-demand cost. Contracted cost is the unblended cost before
  commitments: of usage that a reservation covers (unblended 0) the public on-demand cost.
"""

from __future__ import annotations

from functools import partial

from costoptix.bills.formats import Cancelling, Format, Header, Mapping, Options, nested_cells
from costoptix.bills.formats.expressions import (
    amount,
    any_of,
    beside_cells,
    choose,
    object_of_columns,
    together,
    translate,
)
from costoptix.bills.formats.lookups import left_join, service_categories
from costoptix.bills.formats.pairs import pairs
from costoptix.lake.layout import literal

_CATEGORY = {
    "RIFee": "Purchase",
    "Fee": "Purchase",
    "SavingsPlanRecurringFee": "Purchase",
    "SavingsPlanUpfrontFee": "Purchase",
    "Tax": "Tax",
    "Credit": "Credit",
    "Usage": "Usage",
    "DiscountedUsage": "Usage",
    "SavingsPlanCoveredUsage": "Usage",
    "SavingsPlanNegation": "Usage",
    "EdpDiscount": "Usage",
    "SppDiscount": "Usage",
    "PrivateRateDiscount": "Usage",
    "BundledDiscount": "Usage",
    "Discount": "Usage",
}
_COVERED = ("DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation")
_RECURRING = ("RIFee", "SavingsPlanRecurringFee")
_FEES = (*_RECURRING, "Fee", "SavingsPlanUpfrontFee")
_ONCE = ("Fee", "SavingsPlanUpfrontFee", "Credit", "Refund", "Tax")


class _CurColumns:
    """The columns of one header, by what they mean."""

    def __init__(self, header: Header) -> None:
        self.kind = header.sql("lineItem/LineItemType")
        self.is_unused = "part = 'unused'"
        self.unblended = header.sql("lineItem/UnblendedCost")
        self.billed = header.coalesce("lineItem/NetUnblendedCost", "lineItem/UnblendedCost")
        self.on_demand = header.sql("pricing/publicOnDemandCost")
        self.reservation = header.sql("reservation/ReservationARN")
        self.savings_plan = header.sql("savingsPlan/SavingsPlanARN")
        self.commitment = f"coalesce({self.savings_plan}, {self.reservation})"
        self.start = header.sql("lineItem/UsageStartDate")
        self.period_start = header.sql("bill/BillingPeriodStartDate")
        self.usage = header.sql("lineItem/UsageAmount")
        self.unit = header.sql("pricing/unit")
        self.reservation_share = header.coalesce(
            "reservation/NetEffectiveCost", "reservation/EffectiveCost"
        )
        self.savings_plan_share = header.coalesce(
            "savingsPlan/NetSavingsPlanEffectiveCost", "savingsPlan/SavingsPlanEffectiveCost"
        )
        self.unused = choose(
            self.kind,
            {"RIFee": _unused_reservation(header), "SavingsPlanRecurringFee": _unused_plan(header)},
        )


def _unused_reservation(header: Header) -> str:
    """Return what the period left unused of a reservation, net where the report says it."""
    parts = ("UnusedAmortizedUpfrontFeeForBillingPeriod", "UnusedRecurringFee")
    gross, net = (
        " + ".join(amount(header.sql(f"reservation/{prefix}{part}")) for part in parts)
        for prefix in ("", "Net")
    )
    stated = " OR ".join(f"{header.sql(f'reservation/Net{part}')} IS NOT NULL" for part in parts)
    return f"CASE WHEN {stated} THEN {net} ELSE {_in_ratio(gross, *_fee(header))} END"


def _unused_plan(header: Header) -> str:
    """Return what the period left unused of a savings plan, as net as what was used.

    The total and the used commitment are gross. A report says the net and the gross commitment of
    the same line, else the net and the gross fee.
    """
    unused = (
        f"{amount(header.sql('savingsPlan/TotalCommitmentToDate'))}"
        f" - ({amount(header.sql('savingsPlan/UsedCommitment'))})"
    )
    parts = (
        "AmortizedUpfrontCommitmentForBillingPeriod", "RecurringCommitmentForBillingPeriod",
    )  # fmt: skip
    gross, net = (
        " + ".join(amount(header.sql(f"savingsPlan/{prefix}{part}")) for part in parts)
        for prefix in ("", "Net")
    )
    stated = " OR ".join(f"{header.sql(f'savingsPlan/Net{part}')} IS NOT NULL" for part in parts)
    by_fee = _in_ratio(unused, *_fee(header))
    return f"CASE WHEN {stated} THEN {_in_ratio(unused, net, gross)} ELSE {by_fee} END"


def _fee(header: Header) -> tuple[str, str]:
    """Return the net and the gross fee of a line; without a net one the same twice."""
    gross = header.sql("lineItem/UnblendedCost")
    net = f"coalesce({header.sql('lineItem/NetUnblendedCost')}, {gross})"
    return amount(net), amount(gross)


def _in_ratio(number: str, net: str, gross: str) -> str:
    """Return an amount × net / gross, to 10 places as AWS writes them; the amount where gross is 0.

    In whole numbers: DuckDB divides decimals as floats.
    """
    factor, divisor, whole = (
        f"CAST(CAST({sql} AS DECIMAL(38, 10)) * 10000000000 AS HUGEINT)"
        for sql in (net, gross, number)
    )
    scaled = f"CAST({whole} * {factor} // {divisor} AS DECIMAL(38, 0))"
    scaled = f"TRY(CAST({scaled} * CAST('0.0000000001' AS DECIMAL(11, 10)) AS DECIMAL(38, 18)))"
    return f"CASE WHEN {net} IN ({gross}, 0) OR {gross} = 0 THEN {number} ELSE {scaled} END"


def _mapping(header: Header, _options: Options) -> Mapping:
    columns = _CurColumns(header)
    return Mapping(
        _costs(columns) | _kinds(columns) | _commitment(columns) | _rest(header, columns),
        _relation(header, columns),
        kept=(columns.kind,),
        nested=(
            *nested_cells(header, partial(pairs, key=_tag_key), *_TAG_MAPS),
            *nested_cells(header, pairs, "product"),
        ),
    )


def _relation(header: Header, columns: _CurColumns) -> str:
    """Split a recurring fee in two where the month left something of it unused."""
    has_unused = f"{any_of(columns.kind, *_RECURRING)} AND ({columns.unused}) <> 0"
    parts = f"CASE WHEN {has_unused} THEN ['line', 'unused'] ELSE ['line'] END"
    join = left_join(service_categories("aws"), header.sql("lineItem/ProductCode"))
    return beside_cells(("ServiceCategory", f"unnest({parts}) AS part"), join)


def _costs(columns: _CurColumns) -> dict[str, str]:
    zero = literal("0")
    upfront = f"CASE WHEN {columns.reservation} IS NULL THEN {columns.billed} ELSE {zero} END"
    offset = {"SavingsPlanNegation": zero}
    line = {
        "billed_cost": choose(
            columns.kind, offset | {"SavingsPlanCoveredUsage": zero}, columns.billed
        ),
        "effective_cost": choose(
            columns.kind,
            offset
            | dict.fromkeys((*_RECURRING, "SavingsPlanUpfrontFee"), zero)
            | {
                "DiscountedUsage": columns.reservation_share,
                "SavingsPlanCoveredUsage": columns.savings_plan_share,
                "Fee": upfront,
            },
            columns.billed,
        ),
        "list_cost": choose(columns.kind, offset, columns.on_demand),
        "contracted_cost": choose(
            columns.kind, offset | {"DiscountedUsage": columns.on_demand}, columns.unblended
        ),
    }
    unused = dict.fromkeys(line, f"CAST({columns.unused} AS VARCHAR)") | {"billed_cost": zero}
    return {
        name: f"CASE WHEN {columns.is_unused} THEN {unused[name]} ELSE {sql} END"
        for name, sql in line.items()
    }


def _kinds(columns: _CurColumns) -> dict[str, str]:
    """Map what kind of charge it is; a refund is one of what it refunds."""
    refunded = f"CASE WHEN {columns.commitment} IS NULL THEN 'Usage' ELSE 'Purchase' END"
    category = translate(columns.kind, _CATEGORY, choose(columns.kind, {"Refund": refunded}))
    adjusted = f"coalesce({category}, 'Adjustment')"
    usage = f"CASE WHEN {category} = 'Usage' AND NOT {columns.is_unused} THEN"
    frequency = dict.fromkeys(_RECURRING, "Recurring") | dict.fromkeys(_ONCE, "One-Time")
    return {
        "charge_category": f"CASE WHEN {columns.is_unused} THEN 'Usage' ELSE {adjusted} END",
        "charge_class": (
            f"CASE WHEN {columns.kind} = 'Refund' AND {columns.start} < {columns.period_start} "
            "THEN 'Correction' END"
        ),
        "charge_frequency": (
            f"CASE WHEN {columns.is_unused} THEN 'Usage-Based' "
            f"ELSE {translate(columns.kind, frequency, literal('Usage-Based'))} END"
        ),
        "consumed_quantity": f"{usage} {columns.usage} END",
        "consumed_unit": f"{usage} {columns.unit} END",
    }


def _commitment(columns: _CurColumns) -> dict[str, str]:
    by_plan = f"CASE WHEN {columns.savings_plan} IS NOT NULL THEN"
    by_reservation = f"WHEN {columns.reservation} IS NOT NULL THEN"
    return {
        "commitment_discount_id": columns.commitment,
        "commitment_discount_category": f"{by_plan} 'Spend' {by_reservation} 'Usage' END",
        "commitment_discount_type": (
            f"{by_plan} 'Savings Plan' {by_reservation} 'Reserved Instance' END"
        ),
        "commitment_discount_status": (
            f"CASE WHEN {columns.is_unused} THEN 'Unused' "
            f"WHEN {any_of(columns.kind, *_COVERED)} THEN 'Used' END"
        ),
    }


def _rest(header: Header, columns: _CurColumns) -> dict[str, str]:
    product = header.sql("product")  # the map of CUR 2.0
    resource = header.sql("lineItem/ResourceId")
    covered = any_of(columns.kind, *_COVERED)
    spot = f"{header.sql('lineItem/UsageType')} LIKE '%SpotUsage%'"
    return {
        "availability_zone": header.sql("lineItem/AvailabilityZone"),
        "billing_account_id": header.sql("bill/PayerAccountId"),
        "billing_account_name": header.sql("bill/PayerAccountName"),
        "billing_currency": header.sql("lineItem/CurrencyCode"),
        "billing_period_end": header.sql("bill/BillingPeriodEndDate"),
        "billing_period_start": columns.period_start,
        "charge_description": header.sql("lineItem/LineItemDescription"),
        "charge_period_end": header.sql("lineItem/UsageEndDate"),
        "charge_period_start": columns.start,
        "contracted_unit_price": header.sql("lineItem/UnblendedRate"),
        "invoice_id": header.sql("bill/InvoiceId"),
        "invoice_issuer_name": header.sql("bill/InvoicingEntity"),
        "list_unit_price": header.sql("pricing/publicOnDemandRate"),
        "pricing_category": (
            f"CASE WHEN {covered} OR {columns.is_unused} THEN 'Committed' "
            f"WHEN {any_of(columns.kind, 'Tax', 'Credit')} THEN NULL "
            f"WHEN {spot} THEN 'Dynamic' ELSE 'Standard' END"
        ),
        "pricing_quantity": columns.usage,
        "pricing_unit": columns.unit,
        "provider_name": literal("AWS"),
        "publisher_name": header.sql("lineItem/LegalEntity"),
        "region_id": (
            f"coalesce({header.coalesce('product/regionCode', 'product/region')}, "
            f"{product} ->> '$.region')"
        ),
        "region_name": f"CASE WHEN {header.sql('product/locationType')} = 'AWS Region' "
        f"THEN {header.sql('product/location')} END",
        "resource_id": (
            f"CASE WHEN {columns.is_unused} THEN {columns.commitment} "
            f"WHEN {any_of(columns.kind, *_FEES)} "
            f"THEN coalesce({resource}, {columns.commitment}) ELSE {resource} END"
        ),
        "service_category": "coalesce(ServiceCategory, 'Other')",
        "service_name": (
            f"coalesce({header.sql('product/ProductName')}, {product} ->> '$.product_name', "
            f"{header.sql('lineItem/ProductCode')})"
        ),
        "sku_id": header.sql("product/sku"),
        "sku_meter": header.sql("lineItem/UsageType"),
        "sku_price_id": header.sql("pricing/RateCode"),
        "sub_account_id": header.sql("lineItem/UsageAccountId"),
        "sub_account_name": header.sql("lineItem/UsageAccountName"),
        "tags": _tags(header),
    }


_TAG_MAPS = ("resourceTags", "tags")  # of CUR 2.0: the second takes the place of the first
_TAG_PREFIXES = {
    "resourceTags/user:": "",
    "resourceTags/": "",  # aws:createdBy keeps its prefix: it is AWS's own tag
    "resource_tags_user_": "",
    "resource_tags_aws_": "aws:",
}


def _tag_key(written: str) -> str:
    """Return the key of a tag in a map of CUR 2.0: the one that the legacy report gives it.

    Resource tags are ``user_env`` or, in the newer map, ``resourceTags/user_env``: ``env`` here.
    ``accountTag/…``, ``userAttribute/…`` and ``costCategory/…`` are none, and keep their names.
    """
    key = written.removeprefix("resourceTags/")
    for prefix in ("user_", "user:"):
        if key.startswith(prefix) and key != prefix:
            return key.removeprefix(prefix)
    return f"aws:{key.removeprefix('aws_')}" if key.startswith("aws_") else key


def _tags(header: Header) -> str:
    """Gather one column per key, and the maps of CUR 2.0."""
    by_key: dict[str, str] = {}
    taken: set[str] = set()
    for prefix, ours in _TAG_PREFIXES.items():
        for key, column in header.starting_with(prefix).items():
            if column not in taken:
                taken.add(column)
                by_key[ours + key] = column
    return together(object_of_columns(by_key), *map(header.sql, _TAG_MAPS))


def _cancelling(header: Header) -> Cancelling:
    return Cancelling(
        kinds=("SavingsPlanCoveredUsage", "SavingsPlanNegation"),
        kind=header.sql("lineItem/LineItemType"),
        amount=header.sql("lineItem/UnblendedCost"),
        currency=header.sql("lineItem/CurrencyCode"),
    )


def _title(header: Header) -> str:
    written = next((name for name in header.names if "nblended" in name), "")
    return "AWS CUR" if "/" in written else "AWS CUR 2.0"


AWS_CUR = Format(
    family="aws_cur",
    title=_title,
    required=(
        ("lineItem/LineItemType",),
        ("lineItem/UnblendedCost",),
        ("lineItem/UsageStartDate",),
        ("lineItem/UsageAccountId",),
        ("lineItem/ProductCode",),
        ("bill/PayerAccountId",),
        ("bill/BillingPeriodStartDate",),
    ),
    currency=("lineItem/CurrencyCode",),
    mapping=_mapping,
    cancelling=_cancelling,
)
