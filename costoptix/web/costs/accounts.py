"""Cloud accounts: what the bills contain, how fresh it is, and what the team calls them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from pydantic import Field

from costoptix import drafts
from costoptix.clock import utc_today
from costoptix.costs import accounts as cloud
from costoptix.costs.accounts import AccountDraft
from costoptix.errors import CostOptixError
from costoptix.extensions import db
from costoptix.web.costs.account_curves import DAYS, account_curves, freshness_badge
from costoptix.web.costs.questions import asker, cost_store, default_metric, url_with
from costoptix.web.parts import forms
from costoptix.web.parts.filled import FilledForm, Form
from costoptix.web.parts.panels import panel
from costoptix.web.parts.routing import Access, page
from costoptix.web.parts.sorting import Comparable, sorting


class AccountRenaming(Form):
    """The form that names an account; empty is the name in the bills."""

    name: str = Field("", title="What your team calls it")


@page("/accounts")
def accounts() -> ResponseReturnValue:
    """List the accounts in the bills."""
    listed = cloud.list_accounts(db.session(), current_user.organization, cost_store())
    metric = default_metric()
    order = sorting("web.accounts", _columns(metric))
    curves = panel("the curves of the accounts", lambda: account_curves(asker(), listed, metric))
    return render_template(
        "accounts/list.html",
        accounts=[
            (account, freshness_badge(account, utc_today())) for account in order.rows(listed)
        ],
        sorting=order,
        curves=curves.shown or {},
        curve_days=DAYS,
        metric=metric,
    )


def _columns(metric: str) -> dict[str, Callable[[cloud.Account], Comparable | None]]:
    """Return what the accounts can be sorted by; of several currencies, by the largest cost."""
    return {
        "name": lambda row: (row.name or row.sub_account_id or "").casefold(),
        "provider_name": lambda row: row.provider_name,
        "cost": lambda row: max((c.of(metric) or Decimal(0) for c in row.costs), default=None),
        "first_day": lambda row: row.first_day,
        "complete_through": lambda row: row.complete_through,
        "missing_days": lambda row: row.missing_days,
    }


@page("/accounts/<account_id>")
def account_detail(account_id: str) -> ResponseReturnValue:
    """Show one account: its costs, its days, and those that are missing."""
    return _show(account_id)


@page("/accounts/<account_id>", access=Access.ADMIN, methods=("POST",))
def rename_account(account_id: str) -> ResponseReturnValue:
    """Name an account, or take its name back."""
    try:
        name = forms.read(AccountRenaming).name.strip()
        draft = drafts.read(AccountDraft, {"name": name or None})
        cloud.rename(
            db.session(), current_user.organization, current_user.caller,
            account_id, draft, cost_store(),
        )  # fmt: skip
    except CostOptixError as error:
        return _show(account_id, FilledForm.posted(AccountRenaming, error))
    flash("Account renamed." if draft.name else "The account has the name from its bills again.")
    return redirect(url_for("web.account_detail", account_id=account_id))


def _show(account_id: str, refused: FilledForm | None = None) -> ResponseReturnValue:
    account = cloud.find(db.session(), current_user.organization, account_id, cost_store())
    days = [("start_date", str(account.first_day)), ("end_date", str(account.last_day))]
    body = render_template(
        "accounts/detail.html",
        account=account,
        explorer=url_with("web.costs", [*days, ("account", account.account)]),
        form=refused or FilledForm.of(AccountRenaming(name=account.given_name or "")),
    )
    return forms.answer(body, refused.error if refused else None)
