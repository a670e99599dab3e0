"""The start page, until the dashboard takes its place."""

from __future__ import annotations

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from costoptix.web.routing import page


@page("/")
def home() -> ResponseReturnValue:
    """Go to the imports: what the bills bring is what there is to see."""
    return redirect(url_for("web.imports"))
