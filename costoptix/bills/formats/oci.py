"""Oracle Cloud's cost report: what is charged is ``cost/myCost``.

Billed and effective cost are both of it. Oracle tells no list price; the contracted cost is the
unit price times the billed quantity. A corrected line arrives as a line of its own, with
``isCorrection``. The billing period is the month of the charge. Oracle writes each
line once, into one of several files a day: files add up.
"""

from __future__ import annotations

from costoptix.bills.formats import Format, Header, Mapping, Options, nested_cells
from costoptix.bills.formats.expressions import (
    beside_cells,
    cost_of,
    instant,
    object_of_columns,
    together,
)
from costoptix.bills.formats.lookups import left_join, service_categories
from costoptix.bills.formats.pairs import pairs
from costoptix.lake.layout import literal

_SERVICE = "product/service"


def _mapping(header: Header, _options: Options) -> Mapping:
    return Mapping(
        _charge(header) | _product(header),
        beside_cells(
            ("ServiceCategory",), left_join(service_categories("oci"), header.sql(_SERVICE))
        ),
        nested=nested_cells(header, pairs, "tags"),
    )


def _charge(header: Header) -> dict[str, str]:
    cost = header.sql("cost/myCost")
    quantity = header.sql("usage/billedQuantity")
    price = header.sql("cost/unitPrice")
    unit = header.coalesce("cost/billingUnitReadable", "cost/skuUnitDescription")
    start = header.sql("lineItem/intervalUsageStart")
    month = f"date_trunc('month', {instant(start)})"
    return {
        "billed_cost": cost,
        "effective_cost": cost,
        "contracted_cost": cost_of(price, quantity),
        "contracted_unit_price": price,
        "billing_account_id": header.coalesce("lineItem/tenantId", "cost/subscriptionId"),
        "billing_currency": header.sql("cost/currencyCode"),
        "billing_period_start": f"CAST({month} AS VARCHAR)",
        "billing_period_end": f"CAST({month} + INTERVAL 1 MONTH AS VARCHAR)",
        "charge_period_start": start,
        "charge_period_end": header.sql("lineItem/intervalUsageEnd"),
        "charge_category": literal("Usage"),
        "charge_class": (
            f"CASE WHEN lower({header.sql('lineItem/isCorrection')}) = 'true' THEN 'Correction' END"
        ),
        "charge_frequency": literal("Usage-Based"),
        "charge_description": header.coalesce("product/Description", "cost/skuUnitDescription"),
        "consumed_quantity": quantity,
        "consumed_unit": unit,
        "pricing_category": literal("Standard"),
        "pricing_quantity": quantity,
        "pricing_unit": unit,
        "invoice_issuer_name": literal("Oracle"),
        "provider_name": literal("Oracle"),
        "publisher_name": literal("Oracle"),
    }


def _product(header: Header) -> dict[str, str]:
    return {
        "availability_zone": header.sql("product/availabilityDomain"),
        "region_id": header.sql("product/region"),
        "region_name": header.sql("product/region"),
        "resource_id": header.sql("product/resourceId"),
        "service_category": "coalesce(ServiceCategory, 'Other')",
        "service_name": header.sql(_SERVICE),
        "sku_id": header.sql("cost/productSku"),
        "sub_account_id": header.sql("lineItem/tenantId"),
        "tags": together(header.sql("tags"), object_of_columns(header.starting_with("tags/"))),
    }


OCI = Format(
    family="oci",
    title=lambda _header: "Oracle Cloud cost report",
    required=(
        ("lineItem/referenceNo",),
        ("lineItem/intervalUsageStart",),
        (_SERVICE,),
        ("cost/myCost",),
        ("lineItem/tenantId", "cost/subscriptionId"),
    ),
    currency=("cost/currencyCode",),
    mapping=_mapping,
    number=lambda header: header.sql("lineItem/referenceNo"),
)
