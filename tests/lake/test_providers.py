"""Slugs of providers, as ``account=slug:id`` takes them."""

from __future__ import annotations

import pytest

from costoptix.lake.providers import account_of, names_of, slug_of


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
def test_a_provider_has_one_slug(name, slug):
    assert slug_of(name) == slug
    assert slug == "my-own-cloud" or name in names_of(slug)


def test_an_account_is_slug_and_id():
    assert account_of("Microsoft", "0a-1") == "azure:0a-1"
    assert account_of("AWS", None) == "aws:"
