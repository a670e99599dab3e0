"""The names that the team gave to accounts, read once per request."""

from __future__ import annotations

from collections.abc import Mapping

from flask import g
from flask_login import current_user

from costoptix.costs.accounts import account_id, given_names
from costoptix.extensions import db


def given_name(account: str) -> str | None:
    """Return the team's name of an account (``slug:sub_account_id``); None when it gave none."""
    if "account_names" not in g:
        g.account_names = given_names(db.session(), current_user.organization)
    names: Mapping[str, str] = g.account_names
    return names.get(account_id(account))
