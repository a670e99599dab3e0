"""Who Acme Cloud is: its cloud providers, billing accounts and sub-accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

TagStyle = Mapping[str, str]
"""Tag key as somebody typed it → the fact it holds: ``team``, ``typed``, ``env`` or ``org``."""

# One mapping per resource, chosen by its name: gaps, and the misspellings that real bills hold.
_TYPED_BY_HAND: tuple[TagStyle, ...] = (
    {"team": "team", "env": "env", "org": "org"},
    {"team": "team", "env": "env"},
    {"team": "team", "env": "env"},
    {"Team": "team", "env": "env"},
    {"team": "typed", "env": "env"},
    {"team": "team", " org": "org"},
    {"env": "env"},
    {},
)
TYPED_TEAMS: Mapping[str, str] = {
    "checkout": "check-out", "data": "Data", "erp": "ERP", "platform": "Platform",
}  # fmt: skip
"""Teams whose name some people type otherwise."""

# Google Cloud refuses capitals and blanks in label keys: gaps only.
_LABELS: tuple[TagStyle, ...] = (
    {"team": "team", "env": "env", "org": "org"},
    {"team": "team", "env": "env"},
    {"env": "env"},
    {},
)


@dataclass(frozen=True, eq=False)
class Provider:
    """A cloud, and Acme's one billing account with it."""

    slug: str
    name: str
    issuer: str
    billing_account_id: str
    billing_account_name: str
    discount: Decimal  # negotiated, as a share of the list price
    resource_pattern: str
    tag_styles: tuple[TagStyle, ...] = _TYPED_BY_HAND


@dataclass(frozen=True, eq=False)
class CompanyAccount:
    """A sub-account: AWS account, Azure subscription or Google Cloud project."""

    provider: Provider
    id: str
    name: str
    environment: str
    regions: tuple[str, ...]
    weight: int  # its part of what the accounts that use a meter spend together
    currency: str = "USD"
    price_factor: Decimal = Decimal(1)  # price in ``currency`` for a list price of 1 USD
    tax_rate: Decimal = Decimal(0)


AWS = Provider(
    slug="aws",
    name="AWS",
    issuer="Amazon Web Services, Inc.",
    billing_account_id="009318274655",
    billing_account_name="Acme Cloud",
    discount=Decimal("0.07"),
    resource_pattern="arn:aws:{namespace}:{region}:{account}:{kind}/{name}",
)
AZURE = Provider(
    slug="azure",
    name="Microsoft",
    issuer="Microsoft",
    billing_account_id="7c1f0a52-93be-4d55-8a0e-6f2f4d1b9e30",
    billing_account_name="Acme Cloud Enterprise",
    discount=Decimal("0.05"),
    resource_pattern=(
        "/subscriptions/{account}/resourcegroups/rg-{team}/providers/{namespace}/{kind}/{name}"
    ),
)
GOOGLE = Provider(
    slug="gcp",
    name="Google Cloud",
    issuer="Google LLC",
    billing_account_id="01B3F7-5C20D9-84A6E1",
    billing_account_name="Acme Cloud Analytics",
    discount=Decimal("0.04"),
    resource_pattern="//{namespace}.googleapis.com/projects/{account}/{kind}/{name}",
    tag_styles=_LABELS,
)
PROVIDERS = (AWS, AZURE, GOOGLE)

ACCOUNTS: Mapping[str, CompanyAccount] = {
    "aws-prod": CompanyAccount(
        AWS, "418822007315", "acme-production", "prod", ("us-east-1", "eu-west-1"), 60
    ),
    "aws-data": CompanyAccount(
        AWS, "732900114458", "acme-data", "prod", ("us-east-1",), 28, tax_rate=Decimal("0.0625")
    ),
    "aws-staging": CompanyAccount(
        AWS, "041882200731", "acme-staging", "staging", ("us-west-2",), 12
    ),
    "azure-prod": CompanyAccount(
        AZURE, "3d8c5a10-0b7e-4f6a-9c1d-52e7f0a4b611", "acme-erp", "prod", ("eastus",), 60
    ),
    "azure-dev": CompanyAccount(
        AZURE, "91e4b7c2-6a3d-4c08-b5f9-08d1c3e2a752", "acme-erp-dev", "dev", ("eastus",), 14
    ),
    "azure-europe": CompanyAccount(
        AZURE,
        "c05f92ae-71d4-4b39-8e60-a94b7d3f1c83",
        "acme-europe",
        "prod",
        ("westeurope",),
        26,
        currency="EUR",
        price_factor=Decimal("0.92"),
        tax_rate=Decimal("0.19"),
    ),
    "gcp-analytics": CompanyAccount(
        GOOGLE, "acme-analytics-prod", "Acme Analytics", "prod", ("us-central1",), 60
    ),
    "gcp-apps": CompanyAccount(
        GOOGLE, "acme-apps-prod", "Acme Apps", "prod", ("us-central1", "europe-west1"), 32
    ),
    "gcp-sandbox": CompanyAccount(
        GOOGLE, "acme-sandbox", "Acme Sandbox", "sandbox", ("europe-west1",), 8
    ),
}

REGION_NAMES: Mapping[str, str] = {
    "us-east-1": "US East (N. Virginia)",
    "us-west-2": "US West (Oregon)",
    "eu-west-1": "Europe (Ireland)",
    "eastus": "East US",
    "westeurope": "West Europe",
    "us-central1": "Iowa",
    "europe-west1": "Belgium",
}
