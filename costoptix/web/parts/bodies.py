"""How much a form may hold: little, but for an admin's billing file."""

from __future__ import annotations

from flask import Flask, request
from flask_login import current_user

from config import Config

FORM_BYTES = 1 << 20
UPLOAD = "web.upload"


def init_app(app: Flask, config: Config) -> None:
    """Bound the body of every form before anything reads it."""

    def bound_body() -> None:
        if request.blueprint != "web":
            return
        may_upload = (
            request.endpoint == UPLOAD and current_user.is_authenticated and current_user.is_admin
        )
        request.max_content_length = FORM_BYTES + (config.max_upload_bytes if may_upload else 0)

    # Ahead of the check of the form's token, which reads the whole body.
    app.before_request_funcs.setdefault(None, []).insert(0, bound_body)
