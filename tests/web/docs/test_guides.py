"""Documents as pages."""

from __future__ import annotations

from tests.support.pages import Browser


def test_the_guide_to_imports_has_a_recipe_for_every_cloud(bob_browser: Browser) -> None:
    page = bob_browser.get("/docs/imports").text
    for recipe in ("aws s3 sync", "azcopy sync", "gcloud storage rsync", "OnCalendar"):
        assert recipe in page
    assert "<title>Bills that come in by themselves" in page


def test_without_bills_the_imports_lead_to_the_guide(alice_browser: Browser) -> None:
    assert 'href="/docs/imports"' in alice_browser.get("/imports").text
