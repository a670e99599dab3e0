"""Errors as pages."""

from __future__ import annotations

import pytest

from tests.support.pages import Browser


@pytest.mark.parametrize(
    ("path", "status"), [("/nothing", 404), ("/settings/team", 403), ("/costs?range=ever", 400)]
)
def test_who_is_signed_in_keeps_the_navigation(
    bob_browser: Browser, path: str, status: int
) -> None:
    answer = bob_browser.get(path)
    assert answer.status_code == status
    assert 'aria-label="Main"' in answer.text


def test_a_stranger_is_shown_no_navigation(stranger: Browser) -> None:
    answer = stranger.get("/nothing")
    assert answer.status_code == 404
    assert 'aria-label="Main"' not in answer.text
