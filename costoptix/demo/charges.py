"""One charge as a FOCUS 1.0 row: the columns, and the parts that every kind of charge shares."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from costoptix.demo.catalogue import SERVICES, Meter, Product
from costoptix.demo.company import REGION_NAMES, TYPED_TEAMS, CompanyAccount, Provider
from costoptix.money import EXACT, to_text
from costoptix.periods import month_start, next_month

Row = Mapping[str, str]
"""Column → cell as text; a column that is not there is null."""

COLUMNS = (
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency",
    "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass",
    "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart",
    "CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName",
    "CommitmentDiscountStatus", "CommitmentDiscountType", "ConsumedQuantity", "ConsumedUnit",
    "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "InvoiceId", "InvoiceIssuerName",
    "ListCost", "ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit",
    "ProviderName", "PublisherName", "RegionId", "RegionName", "ResourceId", "ResourceName",
    "ResourceType", "ServiceCategory", "ServiceName", "SkuId", "SkuPriceId", "SubAccountId",
    "SubAccountName", "Tags",
)  # fmt: skip
"""FOCUS 1.0, and the InvoiceId of 1.2, which auditors ask for."""

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class UnitPrices:
    """What one unit costs by each of the four metrics, in the account's currency."""

    listed: Decimal
    contracted: Decimal
    billed: Decimal
    effective: Decimal


def priced(quantity: Decimal, prices: UnitPrices) -> dict[str, str]:
    """Return the quantity, unit prices and costs of ``quantity`` units; the product is exact."""
    return {
        "PricingQuantity": to_text(quantity),
        "ListUnitPrice": to_text(prices.listed),
        "ListCost": to_text(EXACT.multiply(prices.listed, quantity)),
        "ContractedUnitPrice": to_text(prices.contracted),
        "ContractedCost": to_text(EXACT.multiply(prices.contracted, quantity)),
        "BilledCost": to_text(EXACT.multiply(prices.billed, quantity)),
        "EffectiveCost": to_text(EXACT.multiply(prices.effective, quantity)),
    }


def lump(billed: Decimal, *, listed: Decimal, contracted: Decimal) -> dict[str, str]:
    """Return the costs of a charge that has no quantity: a tax or a credit."""
    return {
        "ListCost": to_text(listed),
        "ContractedCost": to_text(contracted),
        "BilledCost": to_text(billed),
        "EffectiveCost": to_text(billed),
    }


@cache
def period_of(day: date) -> dict[str, str]:
    """Return the columns of a charge for the whole of ``day``."""
    return charged_from(day, day + timedelta(days=1))


def charged_from(start: date, end: date) -> dict[str, str]:
    """Return billing and charge period for a charge from ``start`` to ``end``, exclusive.

    The billing period is the month of ``start``.
    """
    return {
        "BillingPeriodStart": _midnight(month_start(start)),
        "BillingPeriodEnd": _midnight(next_month(start)),
        "ChargePeriodStart": _midnight(start),
        "ChargePeriodEnd": _midnight(end),
    }


@cache
def invoice_of(account: CompanyAccount, month: date) -> dict[str, str]:
    """Return the invoice of ``month`` (its first day): one per billing account and currency."""
    number = token(f"{account.provider.slug} {month} {account.currency}", 6).upper()
    return {"InvoiceId": f"{account.provider.slug.upper()}-{month:%Y%m}-{number}"}


@cache
def account_columns(account: CompanyAccount, service: Product) -> dict[str, str]:
    """Return who bills whom for which service."""
    provider = account.provider
    return {
        "ProviderName": provider.name,
        "PublisherName": service.publisher or provider.issuer,
        "InvoiceIssuerName": provider.issuer,
        "BillingAccountId": provider.billing_account_id,
        "BillingAccountName": provider.billing_account_name,
        "BillingCurrency": account.currency,
        "SubAccountId": account.id,
        "SubAccountName": account.name,
        "ServiceName": service.name,
        "ServiceCategory": service.category,
    }


@cache
def sku_columns(meter: Meter, provider: Provider, pricing_category: str) -> dict[str, str]:
    """Return what is sold, and under which of its prices."""
    sku = token(f"{provider.slug} {meter.service} {meter.sku}", 16).upper()
    return {
        "ChargeDescription": f"{SERVICES[meter.service].name}, {meter.sku}",
        "PricingCategory": pricing_category,
        "PricingUnit": meter.unit,
        "SkuId": sku,
        "SkuPriceId": f"{sku}.{token(pricing_category, 6).upper()}",
    }


@cache
def resource_columns(meter: Meter, account: CompanyAccount, name: str) -> dict[str, str]:
    """Return the resource ``name``: its full id, where it runs and its tags."""
    service, provider = SERVICES[meter.service], account.provider
    region = account.regions[_digest(name) % len(account.regions)]
    return {
        "RegionId": region,
        "RegionName": REGION_NAMES[region],
        "ResourceId": provider.resource_pattern.format(
            namespace=service.namespace, kind=service.kind, region=region,
            account=account.id, team=meter.team, name=name,
        ),
        "ResourceName": name,
        "ResourceType": service.kind,
        "Tags": _tags(meter, account, name),
    }  # fmt: skip


def token(text: str, length: int) -> str:
    """Return ``length`` hexadecimal digits that stand for ``text``: ids that never change."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def _tags(meter: Meter, account: CompanyAccount, name: str) -> str:
    styles = account.provider.tag_styles
    typed = TYPED_TEAMS.get(meter.team, meter.team)
    facts = {"team": meter.team, "typed": typed, "env": account.environment, "org": "acme"}
    tags = {key: facts[fact] for key, fact in styles[_digest(name) // 8 % len(styles)].items()}
    return json.dumps(tags) if tags else ""


def _digest(text: str) -> int:
    return zlib.crc32(text.encode())


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
