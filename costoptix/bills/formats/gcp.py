"""Google Cloud's detailed (or standard) usage cost export, as CSV or JSON lines.

Columns are flattened (``service.description``, ``service_description``) or nested (``service``
holds JSON). One row becomes a charge of its cost, and one
Credit charge for every member of ``credits``: Google's invoice is the sum of both. Nothing is
clamped at zero.

* Effective cost is billed cost. Contracted cost is the cost before credits, which is usage at the
  effective price; list cost is ``cost_at_list``.
* A credit that lowers the price (committed or sustained use, discounts) has neither list nor
  contracted cost, so that it counts as a saving; any other is a Credit of the same amount in all
  four. Beside a cost without a list price a credit has no list cost either: the sum of the credits
  alone would be no list price of anything.
* The billing period is ``invoice.month``, which is a month in Los Angeles.
* Google's table only grows: rows exported after all that is there add to them (``export_time``).
"""

from __future__ import annotations

from costoptix.bills.formats import Format, Header, Mapping, Options, nested_cells
from costoptix.bills.formats.expressions import (
    beside_cells,
    exact_json,
    instant,
    object_of_columns,
    object_of_pairs,
    together,
    translate,
)
from costoptix.bills.formats.lookups import left_join, service_categories
from costoptix.bills.formats.pairs import pairs, structure
from costoptix.lake.layout import literal

_CATEGORY = {
    "regular": "Usage",
    "tax": "Tax",
    "adjustment": "Adjustment",
    "rounding_error": "Adjustment",
}
_NESTED = (
    "service",
    "sku",
    "project",
    "location",
    "resource",
    "price",
    "usage",
    "invoice",
    "adjustment_info",
    "subscription",
    "credits",
)
_TAGS = ("project.labels", "tags", "labels")  # the last one wins
_TIME_ZONE = "America/Los_Angeles"
_MEMBERS = ("id", "name", "full_name", "type", "amount")
_CREDIT = "[{" + ", ".join(f'"{member}": "VARCHAR"' for member in _MEMBERS) + "}]"
_READ = "credits_read"
_IS_CREDIT = "credit IS NOT NULL"
_LOWERS_PRICE = "(contains(credit.type, 'DISCOUNT') OR credit.type = 'FEE_UTILIZATION_OFFSET')"


def _field(header: Header, name: str) -> str:
    """Return the SQL of ``parent.member``: a column of its own, or within the parent's JSON."""
    if header.has(name):
        return header.sql(name)
    parent, _, member = name.partition(".")
    if not header.has(parent):
        return "NULL"
    return f"nullif(json_extract_string({_as_json(parent)}, {literal('$.' + member)}), '')"


def _as_json(parent: str) -> str:
    return f"{parent}_json"


def _mapping(header: Header, _options: Options) -> Mapping:
    return Mapping(
        _costs(header)
        | _kinds(header)
        | _periods(header)
        | _account(header)
        | _service(header)
        | {"tags": _tags(header)},
        _relation(header),
        kept=(header.sql("cost_type"),),
        nested=(
            *nested_cells(header, pairs, *_TAGS),
            *nested_cells(header, structure, *(name for name in _NESTED if name != "credits")),
            *nested_cells(header, structure, "credits", is_needed=True),
        ),
    )


def _relation(header: Header) -> str:
    """Read each nested column once; then put a NULL for the cost before the credits of a row."""
    nested = [f"{_read(header, parent)} AS {_as_json(parent)}" for parent in _NESTED]
    readable = f"list_filter({_READ}, lambda each: each IS NOT NULL)"
    columns = (
        "ServiceCategory",
        f"from_json({_as_json('credits')}, '{_CREDIT}') AS {_READ}",
        f"unnest(list_prepend(NULL, {readable})) AS credit",
    )
    join = left_join(service_categories("gcp"), _field(header, "service.description"))
    return beside_cells(columns, join, cells=f"({beside_cells(nested)}) AS cells")


def _read(header: Header, parent: str) -> str:
    return exact_json(header.sql(parent)) if header.has(parent) else "CAST(NULL AS VARCHAR)"


def _costs(header: Header) -> dict[str, str]:
    cost, credits_ = header.sql("cost"), header.sql("credits")
    # Credits that cannot be read must not be left out: their row is rejected for what it says.
    is_unread = f"{credits_} IS NOT NULL AND {_READ} IS NULL"
    billed = _either("credit.amount", f"CASE WHEN {is_unread} THEN {credits_} ELSE {cost} END")
    of_credit = f"CASE WHEN {_LOWERS_PRICE} THEN '0' ELSE credit.amount END"
    listed = header.sql("cost_at_list")
    has_list = f"TRY_CAST({listed} AS DOUBLE) IS NOT NULL"
    return {
        "billed_cost": billed,
        "effective_cost": billed,
        "list_cost": _either(f"CASE WHEN {has_list} THEN {of_credit} END", listed),
        "contracted_cost": _either(of_credit, cost),
        "list_unit_price": _cost_only(_field(header, "price.list_price")),
        "contracted_unit_price": _cost_only(_field(header, "price.effective_price")),
        "consumed_quantity": _cost_only(_field(header, "usage.amount")),
        "consumed_unit": _cost_only(_field(header, "usage.unit")),
        "pricing_quantity": _cost_only(_field(header, "usage.amount_in_pricing_units")),
        "pricing_unit": _cost_only(_field(header, "usage.pricing_unit")),
    }


def _either(of_credit: str, of_cost: str) -> str:
    return f"CASE WHEN {_IS_CREDIT} THEN {of_credit} ELSE {of_cost} END"


def _cost_only(sql: str) -> str:
    return f"CASE WHEN NOT ({_IS_CREDIT}) THEN {sql} END"


def _kinds(header: Header) -> dict[str, str]:
    adjusted = _field(header, "adjustment_info.id")
    described = "coalesce(nullif(credit.full_name, ''), credit.name)"
    is_committed = "starts_with(credit.type, 'COMMITTED_USAGE_DISCOUNT')"
    subscription = _field(header, "subscription.instance_id")
    return {
        "charge_category": _either(
            "'Credit'", translate(f"lower({header.sql('cost_type')})", _CATEGORY, "'Usage'")
        ),
        "charge_class": f"CASE WHEN {adjusted} IS NOT NULL THEN 'Correction' END",
        "charge_frequency": "'Usage-Based'",
        "charge_description": _either(described, _field(header, "sku.description")),
        "pricing_category": _cost_only("'Standard'"),
        "commitment_discount_id": (
            f"CASE WHEN {is_committed} THEN coalesce(nullif(credit.id, ''), credit.name) "
            f"ELSE {subscription} END"
        ),
        "commitment_discount_name": f"CASE WHEN {is_committed} THEN {described} END",
        "commitment_discount_category": (
            f"CASE WHEN {is_committed} THEN "
            "CASE WHEN contains(credit.type, 'DOLLAR_BASE') THEN 'Spend' ELSE 'Usage' END END"
        ),
        "commitment_discount_type": f"CASE WHEN {is_committed} THEN 'Committed Use Discount' END",
    }


def _periods(header: Header) -> dict[str, str]:
    start = _iso(header.sql("usage_start_time"))
    month = _field(header, "invoice.month")
    local = f"timezone('{_TIME_ZONE}', timezone('UTC', {instant(start)}))"
    first = (
        f"coalesce(CAST(try_strptime({month}, ['%Y%m', '%Y-%m']) AS TIMESTAMP), "
        f"CASE WHEN {month} IS NULL THEN date_trunc('month', {local}) END)"
    )
    return {
        "billing_period_start": _in_utc(first),
        "billing_period_end": _in_utc(f"({first} + INTERVAL 1 MONTH)"),
        "charge_period_start": start,
        "charge_period_end": _iso(header.sql("usage_end_time")),
    }


def _in_utc(local: str) -> str:
    in_utc = f"timezone('UTC', timezone('{_TIME_ZONE}', {local}))"
    return f"strftime({in_utc}, '%Y-%m-%dT%H:%M:%SZ')"


def _iso(text: str) -> str:
    """Bring BigQuery's ``2024-09-01 07:00:00 UTC`` into an ISO shape."""
    return f"replace({text}, ' UTC', 'Z')"


def _account(header: Header) -> dict[str, str]:
    return {
        "billing_account_id": header.sql("billing_account_id"),
        "billing_currency": header.sql("currency"),
        "sub_account_id": _field(header, "project.id"),
        "sub_account_name": _field(header, "project.name"),
        "invoice_issuer_name": "'Google Cloud'",
        "provider_name": "'Google Cloud'",
        "publisher_name": f"coalesce({header.sql('seller_name')}, 'Google Cloud')",
    }


def _service(header: Header) -> dict[str, str]:
    location, region = _field(header, "location.location"), _field(header, "location.region")
    resource = _field(header, "resource.global_name")
    return {
        "availability_zone": _field(header, "location.zone"),
        "region_id": f"coalesce({region}, {location})",
        "region_name": f"coalesce({region}, {location})",
        "resource_id": f"coalesce({resource}, {_field(header, 'resource.name')})",
        "resource_name": _field(header, "resource.name"),
        "service_category": "coalesce(ServiceCategory, 'Other')",
        "service_name": _field(header, "service.description"),
        "sku_id": _field(header, "sku.id"),
        "sku_meter": _field(header, "sku.description"),
    }


def _tags(header: Header) -> str:
    """Merge the project's labels, the tags and the resource's labels; the last one wins."""
    project = header.sql("project.labels")
    if not header.has("project.labels") and header.has("project"):
        project = object_of_pairs(f"json_extract({header.sql('project')}, '$.labels')")
    by_column = object_of_columns(header.starting_with("labels."))
    return together(project, header.sql("tags"), header.sql("labels"), by_column)


def _title(header: Header) -> str:
    is_detailed = header.has("resource", "resource.name", "resource.global_name")
    return f"Google Cloud {'detailed' if is_detailed else 'standard'} export"


GCP = Format(
    family="gcp",
    title=_title,
    required=(
        ("billing_account_id",),
        ("service.description", "service"),
        ("sku.id", "sku"),
        ("usage_start_time",),
        ("cost",),
        ("credits",),
        ("invoice.month", "invoice"),
    ),
    currency=("currency",),
    mapping=_mapping,
    exported=lambda header: _iso(header.sql("export_time")),
)
