"""The search of the documentation."""

from __future__ import annotations

import pytest

from tests.support.pages import Browser


def test_it_finds_calls_and_guides(bob_browser: Browser) -> None:
    page = bob_browser.get("/docs/api?q=DRY-run").text
    assert "/docs/api/budgets#" in page
    page = bob_browser.get("/docs/api?q=azcopy sync").text
    assert 'href="/docs/imports' in page


@pytest.mark.parametrize("words", ["zzqq", "<script>alert(1)</script>", "%27", "é" * 300])
def test_what_is_nowhere_is_said_to_be(bob_browser: Browser, words: str) -> None:
    answer = bob_browser.get("/docs/api", query_string={"q": words})
    assert answer.status_code == 200
    assert "Nothing was found" in answer.text
    assert "<script>alert" not in answer.text
