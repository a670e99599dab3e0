"""The names of accounts, read once per request."""

from __future__ import annotations

from flask import g
from flask_login import current_user

from costoptix.costs.account_names import AccountNames
from costoptix.extensions import db
from costoptix.web.costs.questions import cost_store
from costoptix.web.parts.routing import web


def given_name(account: str) -> str | None:
    """Return the team's name of an account (``slug:sub_account_id``); None when it gave none."""
    return _names().given(account)


def account_name(account: str) -> str | None:
    """Return its name by the team or, without one, by the newest bills; None when it has none."""
    return _names().name(account)


@web.app_template_filter()
def number_title(number: str | None) -> str:
    """Return what people call the account with this ``sub_account_id``, whatever its provider."""
    if not number:
        return "No account"
    return _names().of_number(number) or number


def _names() -> AccountNames:
    if "account_names" not in g:
        g.account_names = AccountNames.of(db.session(), current_user.organization, cost_store())
    names: AccountNames = g.account_names
    return names
