"""Unsubscribing from mail: the page behind the link in each, for whoever reads it there."""

from __future__ import annotations

from typing import Literal

from flask import render_template
from flask.typing import ResponseReturnValue
from pydantic import Field

from costoptix.drafts import Draft
from costoptix.extensions import csrf, db
from costoptix.notify import unsubscribing
from costoptix.web.parts import forms
from costoptix.web.parts.routing import Access, page
from costoptix.web.parts.session import address, config


class OneClick(Draft):
    """What a client of mail sends by itself (RFC 8058); the page's own form sends nothing."""

    one_click: Literal["One-Click"] | None = Field(default=None, alias="List-Unsubscribe")


@page("/unsubscribe/<subscription>", access=Access.PUBLIC)
def subscription(subscription: str) -> ResponseReturnValue:
    """Ask whether the reader of a link wants no more mail; looking changes nothing."""
    about = unsubscribing.subscription(db.session(), config(), subscription)
    return render_template("settings/unsubscribe.html", about=about, is_done=not about.address)


@page("/unsubscribe/<subscription>", access=Access.PUBLIC, methods=("POST",))
def unsubscribe(subscription: str) -> ResponseReturnValue:
    """Unsubscribe, also by one click of a client of mail: it has no session and no token.

    The link itself says who may: a site that knows it needs no browser's help.
    """
    forms.read(OneClick)
    about = unsubscribing.unsubscribe(db.session(), config(), subscription, network=address())
    return render_template("settings/unsubscribe.html", about=about, is_done=True)


csrf.exempt(unsubscribe)
