"""Names of cloud providers as bills give them, and the short slugs of ``account=slug:id``."""

from __future__ import annotations

import re

_NAMES = {
    "aws": ("AWS", "Amazon Web Services"),
    "azure": ("Microsoft", "Microsoft Azure", "Azure"),
    "gcp": ("Google Cloud", "Google Cloud Platform", "Google", "GCP"),
    "oci": ("Oracle", "Oracle Cloud Infrastructure", "Oracle Cloud", "OCI"),
}
_SLUGS = {name: slug for slug, names in _NAMES.items() for name in names}


def slug_of(provider_name: str) -> str:
    """Return the slug of a provider: one of four, else its name in lower case with dashes."""
    return _SLUGS.get(provider_name, provider_name.lower().replace(" ", "-"))


def names_of(slug: str) -> tuple[str, ...]:
    """List the provider names that have a slug of their own; empty for any other provider."""
    return _NAMES.get(slug, ())


def slugs_of(provider_name: str) -> set[str]:
    """Return every slug under which the parameter ``account`` finds a provider."""
    return {slug_of(provider_name), provider_name.lower().replace(" ", "-")}


def account_of(provider_name: str | None, sub_account_id: str | None) -> str:
    """Write an account as the parameter ``account`` takes it: ``aws:123456789012``."""
    return f"{slug_of(provider_name or '')}:{sub_account_id or ''}"


_SUBSCRIPTION = re.compile(
    r"(?:/subscriptions/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/?", re.IGNORECASE
)


def canonical_account(account_id: str) -> str:
    """Return the one spelling of an account id.

    Azure writes a subscription as ``/subscriptions/<guid>``, ``<GUID>`` or ``<guid>``, by export.
    """
    subscription = _SUBSCRIPTION.fullmatch(account_id.strip())
    return account_id if subscription is None else subscription[1].lower()
