"""The first start: the page that makes the first organization and its admin."""

from __future__ import annotations

import logging

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field

from costoptix import queue
from costoptix.access import organizations, tiers
from costoptix.access import setup as first_start
from costoptix.access.passwords import HINT
from costoptix.database import writing
from costoptix.demo import acme, visiting
from costoptix.errors import CostOptixError, Forbidden
from costoptix.extensions import db
from costoptix.web.parts import forms
from costoptix.web.parts.filled import FilledForm, Form
from costoptix.web.parts.routing import Access, page
from costoptix.web.parts.session import address, config, sign_in

PROXY_HEADERS = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
                 "X-Real-IP")  # fmt: skip

logger = logging.getLogger(__name__)


class SetupForm(Form):
    """The set-up form."""

    name: str = Field("", title="Organization")
    tier: str = Field("enterprise", title="Tier")
    email: str = Field("", title="Your e-mail address")
    password: str = Field("", title="Password")
    with_demo: forms.Tick = Field("", title="Load the demo")
    code: str = Field("", title="Set-up code")


class DemoForm(Form):
    """The form that loads the demo instead."""

    code: str = Field("", title="Set-up code")


@page("/setup", access=Access.PUBLIC, methods=("GET", "POST"))
def setup() -> ResponseReturnValue:
    """Show the set-up form while there is no organization, or make the first one."""
    if not first_start.is_needed(db.session()):
        return redirect(url_for("web.login"))
    _require_open()
    if request.method == "GET":
        return _show()
    try:
        draft = forms.read(SetupForm)
        _check_code(draft.code)
        _, admin = organizations.create(
            db.session(), name=draft.name, tier=draft.tier, email=draft.email,
            password=draft.password, address=address(), only_first=True,
        )  # fmt: skip
    except CostOptixError as error:
        return _show(FilledForm.posted(SetupForm, error))
    if draft.with_demo:
        _load_demo()
    sign_in(admin)
    return redirect(url_for("web.home"))


@page("/setup/demo", access=Access.PUBLIC, methods=("POST",))
def setup_demo() -> ResponseReturnValue:
    """Make Acme Cloud as the first organization; its bills follow in the background.

    The admin's password is in this answer and nowhere else.
    """
    if not first_start.is_needed(db.session()):
        return redirect(url_for("web.login"))
    _require_open()
    session = db.session()
    try:
        _check_code(forms.read(DemoForm).code)
        organization, admin, password = acme.found_company(
            session, only_first=True, address=address()
        )
    except CostOptixError as error:
        return _show(FilledForm.posted(DemoForm, error))
    with writing(session):
        queue.enqueue(session, acme.JOB_KIND, {}, organization_id=organization.id)
    sign_in(admin)
    return render_template("auth/demo.html", email=admin.email, password=password)


def _load_demo() -> None:
    """Make the demo beside; where its name is taken, the own organization is there all the same."""
    try:
        visiting.load(db.session())
    except CostOptixError as error:
        flash(f"The demo could not be loaded. {error.sentence}", "warn")


def _require_open() -> None:
    if config().registration == "closed":
        raise Forbidden(
            "Registration is closed (REGISTRATION=closed). The operator makes the first "
            "organization by the command: flask --app app org create"
        )


def _check_code(given: str) -> None:
    if _needs_code():
        first_start.check_code(db.session(), config().secret_key, given, address())


def _show(refused: FilledForm | None = None) -> ResponseReturnValue:
    is_of_demo = refused is not None and refused.model is DemoForm
    needs_code = _needs_code()
    if needs_code:
        logger.warning("The set-up code is %s", first_start.code(config().secret_key))
    body = render_template(
        "auth/setup.html",
        refused=refused,
        form=refused if refused and not is_of_demo else FilledForm(SetupForm, {}),
        demo_form=refused if refused and is_of_demo else FilledForm(DemoForm, {}),
        hint=HINT,
        tiers=tiers.TIERS.values(),
        needs_code=needs_code,
    )
    return forms.answer(body, refused.error if refused else None)


def _needs_code() -> bool:
    """Tell whether somebody other than the operator could be asking.

    A header that only proxies send means that the request may come from anywhere.
    """
    came_by_proxy = any(name in request.headers for name in PROXY_HEADERS)
    return came_by_proxy or not config().listens_on_loopback_only
