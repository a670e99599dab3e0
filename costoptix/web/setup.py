"""The first start: the page that makes the first organization and its admin."""

from __future__ import annotations

import logging

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from costoptix import drafts
from costoptix.access import organizations, tiers
from costoptix.access import setup as first_start
from costoptix.access.passwords import HINT
from costoptix.errors import CostOptixError, Forbidden
from costoptix.extensions import db
from costoptix.web import forms
from costoptix.web.routing import Access, page
from costoptix.web.session import address, config, sign_in

PROXY_HEADERS = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
                 "X-Real-IP")  # fmt: skip

logger = logging.getLogger(__name__)


class FirstOrganization(drafts.Draft):
    """The set-up form."""

    name: str
    tier: str
    email: str
    password: str
    code: str = ""


@page("/setup", access=Access.PUBLIC, methods=("GET", "POST"))
def setup() -> ResponseReturnValue:
    """Show the set-up form while there is no organization, or make the first one."""
    if not first_start.is_needed(db.session()):
        return redirect(url_for("web.login"))
    if config().registration == "closed":
        raise Forbidden(
            "Registration is closed (REGISTRATION=closed). The operator makes the first "
            "organization by the command: flask --app app org create"
        )
    if request.method == "GET":
        return _show({})
    values = forms.fields()
    try:
        draft = drafts.read(FirstOrganization, values)
        if _needs_code():
            first_start.check_code(db.session(), config().secret_key, draft.code, address())
        _, admin = organizations.create(
            db.session(), name=draft.name, tier=draft.tier, email=draft.email,
            password=draft.password, address=address(), only_first=True,
        )  # fmt: skip
    except CostOptixError as error:
        return _show(values, error)
    sign_in(admin)
    return redirect(url_for("web.home"))


def _show(values: dict[str, str], error: CostOptixError | None = None) -> ResponseReturnValue:
    needs_code = _needs_code()
    if needs_code:
        logger.warning("The set-up code is %s", first_start.code(config().secret_key))
    body = render_template(
        "auth/setup.html",
        values=values,
        hint=HINT,
        tiers=tiers.TIERS.values(),
        needs_code=needs_code,
        error=error.sentence if error else "",
    )
    return forms.answer(body, error)


def _needs_code() -> bool:
    """Tell whether somebody other than the operator could be asking.

    A header that only proxies send means that the request may come from anywhere.
    """
    came_by_proxy = any(name in request.headers for name in PROXY_HEADERS)
    return came_by_proxy or not config().listens_on_loopback_only
