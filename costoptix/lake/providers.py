"""What bills call one and the same thing: providers, accounts and billing accounts.

Exports write one provider, subscription or billing account in several ways, and change them with
their version. What was written stays as it is in the lake; whoever groups, filters, compares or
names goes by the one spelling that is said here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

NAMES: Mapping[str, tuple[str, ...]] = {
    "aws": (
        "AWS", "Amazon", "Amazon AWS", "Amazon Web Services", "Amazon Web Services (AWS)",
        "Amazon Web Services, Inc.", "Amazon Web Services EMEA SARL", "Amazon.com, Inc.",
    ),
    "azure": (
        "Microsoft", "Azure", "Microsoft Azure", "Microsoft Corp.", "Microsoft Corporation",
        "Microsoft Ireland Operations Limited",
    ),
    "gcp": (
        "Google Cloud", "GCP", "Google", "Google Cloud EMEA Limited", "Google Cloud Platform",
        "Google Cloud Platform (GCP)", "Google, Inc.", "Google LLC",
    ),
    "oci": (
        "Oracle", "OCI", "Oracle America, Inc.", "Oracle Cloud", "Oracle Cloud Infrastructure",
        "Oracle Cloud Infrastructure (OCI)", "Oracle Corporation",
    ),
}  # fmt: skip
"""By slug, the names of a provider, in any case and with any blanks; shown is the first."""

TAG_PREFIXES: Mapping[str, tuple[str, ...]] = {
    "aws": ("aws:",),
    "azure": ("hidden-",),
    "gcp": ("goog-",),
    "oci": ("Oracle-Tags.",),
}
"""By slug, what the names of tags begin with that the provider gives by itself."""

_IGNORED = dict.fromkeys(map(ord, " \t\r\n.,-_"))
"""What does not tell two names of providers from each other."""

_GUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAME = "[^/ \t\r\n]+"
_AZURE_ACCOUNT = f"/?providers/Microsoft[.]Billing/billingAccounts/(?:{_NAME}/billingProfiles/)?"


def _folded(name: str) -> str:
    return name.lower().translate(_IGNORED)


_SLUGS = {_folded(name): slug for slug, names in NAMES.items() for name in names}


@dataclass(frozen=True)
class _Spelling:
    """A way to write an id: a pattern of the whole text, whose one group is the id."""

    pattern: re.Pattern[str]
    case: str  # lower or upper, where the id is the same in any case

    def read(self, text: str) -> str | None:
        """Return the id in its one spelling; None where the text is written otherwise."""
        match = self.pattern.fullmatch(text)
        if match is None:
            return None
        return {"lower": match[1].lower(), "upper": match[1].upper()}.get(self.case, match[1])


def _spelling(pattern: str, case: str = "") -> _Spelling:
    blanks = "[ \t\r\n]*"
    return _Spelling(re.compile(f"{blanks}{pattern}{blanks}", re.IGNORECASE | re.ASCII), case)


_ACCOUNTS = (_spelling(f"(?:/?subscriptions/)?({_GUID})/?", "lower"),)
"""Azure: ``/subscriptions/<guid>`` (FOCUS), ``<GUID>`` and ``<guid>`` (its own exports)."""

_BILLING_ACCOUNTS = (
    _spelling(
        f"(?:{_AZURE_ACCOUNT})?({_GUID}(?::{_GUID}_[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})?)/?", "lower"
    ),
    _spelling(
        f"(?:{_AZURE_ACCOUNT})?([0-9a-z]{{4}}-[0-9a-z]{{4}}(?:-[0-9a-z]{{3}}){{2}})/?", "upper"
    ),
    _spelling(f"{_AZURE_ACCOUNT}({_NAME})/?"),
    _spelling("(?:billingAccounts/)?([0-9a-f]{6}(?:-[0-9a-f]{6}){2})", "upper"),
)
"""Azure: ``/providers/Microsoft.Billing/billingAccounts/<id>`` and, of a Customer Agreement,
``…/<id>/billingProfiles/<profile>`` (FOCUS); ``<id>`` or ``<profile>`` alone (its own exports).
Google Cloud: ``billingAccounts/<id>`` and ``<id>``."""


def slug_of(provider_name: str) -> str:
    """Return the slug of a provider: one of four, else its name in lower case with dashes."""
    return _SLUGS.get(_folded(provider_name), provider_name.lower().replace(" ", "-"))


def canonical_provider(provider_name: str) -> str:
    """Return the one name of a provider: that under which all of its names are shown."""
    slug = _SLUGS.get(_folded(provider_name))
    return provider_name if slug is None else NAMES[slug][0]


def canonical_account(account_id: str) -> str:
    """Return the one spelling of the id of a sub-account."""
    return _canonical(account_id, _ACCOUNTS)


def canonical_billing_account(account_id: str) -> str:
    """Return the one spelling of the id of a billing account."""
    return _canonical(account_id, _BILLING_ACCOUNTS)


def _canonical(text: str, spellings: tuple[_Spelling, ...]) -> str:
    ids = (spelling.read(text) for spelling in spellings)
    return next((account_id for account_id in ids if account_id is not None), text)


CANONICAL: Mapping[str, Callable[[str], str]] = {
    "provider_name": canonical_provider,
    "billing_account_id": canonical_billing_account,
    "sub_account_id": canonical_account,
}
"""By dimension, what returns the one spelling of a value; others are as they are written."""


def canonical_value(dimension: str, value: str | None) -> str | None:
    """Return a value of a dimension in its one spelling; None is "has none"."""
    spell = CANONICAL.get(dimension)
    return value if spell is None or value is None else spell(value)


def account_of(provider_name: str | None, sub_account_id: str | None) -> str:
    """Write an account as the parameter ``account`` takes it: ``aws:123456789012``."""
    return f"{slug_of(provider_name or '')}:{canonical_account(sub_account_id or '')}"


def same_account(account: str) -> str:
    """Return ``slug:sub_account_id``, however both are written, as ``account_of`` writes it."""
    slug, _, account_id = account.partition(":")
    return account_of(slug, account_id)
