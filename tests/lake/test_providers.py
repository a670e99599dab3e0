"""What bills call one and the same thing, and the short slugs of ``account=slug:id``."""

from __future__ import annotations

import pytest
from hypothesis import given

from costoptix.lake import providers
from costoptix.lake.providers import account_of, same_account, slug_of
from tests.support.spellings import VALUES

GUID = "0a1b2c3d-aaaa-4bbb-8ccc-0123456789ab"
PATH = "/providers/Microsoft.Billing/billingAccounts"
TENANT = f"{GUID}:{GUID}_2019-05-31"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("AWS", "aws"),
        ("Microsoft", "azure"),
        ("Google Cloud", "gcp"),
        ("Oracle", "oci"),
        ("My Own Cloud", "my-own-cloud"),
    ],
)
def test_a_provider_has_one_slug(name: str, slug: str) -> None:
    assert slug_of(name) == slug
    assert providers.canonical_provider(name) == name


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Amazon Web Services, Inc.", "AWS"),
        (" amazon  WEB services ", "AWS"),
        ("aws", "AWS"),
        ("Microsoft Corporation", "Microsoft"),
        ("microsoft-azure", "Microsoft"),
        ("Google LLC", "Google Cloud"),
        ("Google Cloud Platform", "Google Cloud"),
        ("Oracle Corporation", "Oracle"),
        ("OCI", "Oracle"),
        ("Alibaba Cloud", "Alibaba Cloud"),
        ("AWS 中国", "AWS 中国"),
        ("Google Workspace", "Google Workspace"),
    ],
)
def test_the_names_of_a_provider_are_one_name(written: str, shown: str) -> None:
    assert providers.canonical_provider(written) == shown
    assert slug_of(written) == slug_of(shown)


@pytest.mark.parametrize(
    "written",
    [GUID, GUID.upper(), f"/subscriptions/{GUID}", f" /Subscriptions/{GUID.upper()}/ "],
)
def test_the_spellings_of_a_subscription_are_one_account(written: str) -> None:
    assert providers.canonical_account(written) == GUID
    assert account_of("Microsoft Azure", written) == f"azure:{GUID}"
    assert same_account(f"Microsoft:{written}") == f"azure:{GUID}"


@pytest.mark.parametrize(
    "written",
    ["123456789012", "My-Project", "ocid1.tenancy.oc1..AAAA", f"{GUID}0", f"x/{GUID}", ""],
)
def test_other_accounts_stay_as_they_are_written(written: str) -> None:
    assert providers.canonical_account(written) == written


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (f"{PATH}/8611537", "8611537"),
        (f"{PATH.lower()}/8611537/", "8611537"),
        ("8611537", "8611537"),
        (f"{PATH}/{TENANT}/billingProfiles/ABCD-EFGH-BG7-PGB", "ABCD-EFGH-BG7-PGB"),
        ("abcd-efgh-bg7-pgb", "ABCD-EFGH-BG7-PGB"),
        (f"{PATH}/{TENANT.upper()}", TENANT),
        (TENANT, TENANT),
        ("billingAccounts/01b3f7-5c20d9-84a6e1", "01B3F7-5C20D9-84A6E1"),
        ("009318274655", "009318274655"),
        (f"{PATH}/8611537/departments/12", f"{PATH}/8611537/departments/12"),
        ("Payer", "Payer"),
    ],
)
def test_the_spellings_of_a_billing_account_are_one(written: str, shown: str) -> None:
    assert providers.canonical_billing_account(written) == shown


@given(VALUES)
def test_what_is_in_its_one_spelling_stays(written: str) -> None:
    for spell in providers.CANONICAL.values():
        assert spell(spell(written)) == spell(written)
    account = same_account(f"aws:{written}")
    assert same_account(account) == account


def test_an_account_is_slug_and_id() -> None:
    assert account_of("Microsoft", "0a-1") == "azure:0a-1"
    assert account_of("AWS", None) == "aws:"
