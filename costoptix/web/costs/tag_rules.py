"""Rules of tags: the list, and the form that shows in money what one would move."""

from __future__ import annotations

import re
from typing import ClassVar

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix import drafts
from costoptix.clock import utc_today
from costoptix.costs.query import CostQuery
from costoptix.errors import CostOptixError, Invalid
from costoptix.extensions import db
from costoptix.periods import Preset, resolve_preset
from costoptix.tags import service
from costoptix.tags.drafts import RuleDraft
from costoptix.tags.listing import RuleOrder, count_rules, list_rules
from costoptix.tags.preview import Move, preview
from costoptix.web.costs.questions import cost_store
from costoptix.web.parts import forms
from costoptix.web.parts.list_forms import ListAddress
from costoptix.web.parts.routing import Access, page

PER_PAGE = 50
OVER = Preset.LAST_6_MONTHS
_FROM = re.compile(r"from\.\d{1,3}")


class RulesAddress(ListAddress):
    """How the list of rules is sorted, and which page of it is shown."""

    endpoint: ClassVar[str] = "web.tag_rules"

    order_by: RuleOrder = RuleOrder.NEWEST


@page("/tags/rules")
def tag_rules() -> ResponseReturnValue:
    """List the rules, the newest first."""
    given = [pair for pair in request.args.items(multi=True) if pair[1]]
    address = drafts.read_pairs(RulesAddress, given)
    start = (address.page - 1) * PER_PAGE
    session, organization = db.session(), current_user.organization
    rows = list_rules(session, organization, address.order_by, limit=PER_PAGE + 1, offset=start)
    return render_template(
        "tags/rules.html",
        form=address,
        rules=rows[:PER_PAGE],
        total=count_rules(session, organization),
        newer=address.url(page=str(address.page - 1)) if address.page > 1 else "",
        older=address.url(page=str(address.page + 1)) if len(rows) > PER_PAGE else "",
    )


@page("/tags/rules/new", access=Access.ADMIN)
def new_tag_rule() -> ResponseReturnValue:
    """Show the form of a rule and, when it is filled in, what the rule would move."""
    key, names, to = _asked()
    return _show(key, names, to)


@page("/tags/rules", access=Access.ADMIN, methods=("POST",))
def create_tag_rule() -> ResponseReturnValue:
    """Make a rule."""
    fields = forms.fields()
    names = [fields.pop(name) for name in list(fields) if _FROM.fullmatch(name)]
    key, to = fields.pop("key", ""), fields.pop("to", "")
    if fields:
        raise Invalid(f"Unknown field {next(iter(fields))[:100]!a}.")
    try:
        rule = service.add_rule(
            db.session(), current_user.organization, current_user.caller, _draft(key, names, to)
        )
    except CostOptixError as error:
        return _show(key, names, to, error)
    flash(f"From now on it is called {rule.to}.")
    return redirect(url_for("web.tag_rules"))


@page("/tags/rules/<rule_id>/delete", access=Access.ADMIN, methods=("POST",))
def delete_tag_rule(rule_id: str) -> ResponseReturnValue:
    """Delete a rule."""
    forms.read_button()
    service.delete_rule(db.session(), current_user.organization, current_user.caller, rule_id)
    flash("The rule is deleted: tags are again as they were without it.")
    return redirect(url_for("web.tag_rules"))


def _asked() -> tuple[str, list[str], str]:
    given = [pair for pair in request.args.items(multi=True) if pair[1]]
    unknown = [name for name, _ in given if name not in ("key", "from", "to")]
    if unknown:
        raise Invalid(f"Unknown parameter {unknown[0][:100]!a}; allowed: key, from, to.")
    first = dict(reversed(given))
    return first.get("key", ""), [v for name, v in given if name == "from"], first.get("to", "")


def _draft(key: str, names: list[str], to: str) -> RuleDraft:
    return drafts.read(RuleDraft, {"key": key or None, "from": names, "to": to}, is_typed=True)


def _show(
    key: str, names: list[str], to: str, error: CostOptixError | None = None
) -> ResponseReturnValue:
    moves: list[Move] | None = None
    days = resolve_preset(OVER, utc_today())
    if names and to and error is None:
        try:
            moves = preview(
                db.session(), current_user.organization, _draft(key, names, to),
                CostQuery(days, preset=OVER), cost_store(),
            )  # fmt: skip
        except CostOptixError as refused:
            error = refused
    body = render_template(
        "tags/rule.html",
        key=key,
        names=names,
        to=to,
        moves=moves,
        days=days,
        metric=current_user.organization.metric,
        error=error.sentence if error else "",
    )
    return forms.answer(body, error)
