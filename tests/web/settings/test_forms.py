"""Forms of team and security: what is wrong stands beside its field, and what was typed is kept."""

from __future__ import annotations

import re

import pytest

from costoptix.models import User
from tests.support.cast import PASSWORD
from tests.support.pages import Browser


def beside(page: str, field: str) -> str:
    """Return what the page says beside a field; "" for nothing."""
    problem = re.search(rf'<p class="error" id="{field}-error">([^<]*)</p>', page)
    return problem.group(1) if problem else ""


def test_an_invitation_says_what_is_wrong_with_the_address(alice_browser: Browser) -> None:
    page = alice_browser.post(
        "/settings/team/invitations", form="/settings/team", email="dave at example", role="admin"
    )
    assert page.status_code == 400
    assert beside(page.text, "email").endswith("must have the form name@example.com.")
    assert 'value="dave at example"' in page.text
    assert re.search(r'<option value="admin" selected>', page.text)


def test_a_deletion_says_that_the_address_is_another(alice_browser: Browser, bob: User) -> None:
    path = f"/settings/team/{bob.id}"
    page = alice_browser.post(f"{path}/delete", form=path, confirm="rob@example.com")
    assert page.status_code == 400
    assert "address" in beside(page.text, "confirm")
    assert 'value="rob@example.com"' in page.text


@pytest.mark.parametrize(
    ("password", "repeated", "field"),
    [("a longer secret word", "another secret word", "repeated"), ("short", "short", "password")],
)
def test_a_password_says_what_is_wrong_and_is_not_repeated(
    alice_browser: Browser, password: str, repeated: str, field: str
) -> None:
    page = alice_browser.post(
        "/settings/security/password", form="/settings/security",
        current_password=PASSWORD, password=password, repeated=repeated,
    )  # fmt: skip
    assert page.status_code == 400
    assert beside(page.text, field)
    assert f'value="{password}"' not in page.text


def test_a_wrong_present_password_is_said_beside_its_field(alice_browser: Browser) -> None:
    page = alice_browser.post(
        "/settings/security/password", form="/settings/security",
        current_password="not this one", password="a longer secret", repeated="a longer secret",
    )  # fmt: skip
    assert beside(page.text, "current_password") == "Your password is not correct."
