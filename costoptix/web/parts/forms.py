"""Forms: the posted fields, the password asked for again, the place to go next."""

from __future__ import annotations

from typing import Literal, TypeVar
from urllib.parse import urlsplit

from flask import Response, request, url_for
from flask_login import current_user

from costoptix import drafts
from costoptix.access import throttle, users
from costoptix.errors import CostOptixError, Invalid, refused_field
from costoptix.extensions import db
from costoptix.web.parts import refusals, session

CSRF_FIELD = "csrf_token"
PASSWORD_FIELD = "current_password"  # noqa: S105 - the name of a field

Tick = Literal["", "1"]
"""What a box of a form sends: nothing, or that it is ticked."""

Model = TypeVar("Model", bound=drafts.Draft)


def fields() -> dict[str, str]:
    """Return the posted fields but for the CSRF token and the password asked for again.

    Raises:
        Invalid: a field was sent twice.
    """
    values: dict[str, str] = {}
    for name, value in request.form.items(multi=True):
        if name in values:
            reason = "it may be given only once"
            raise Invalid(f"The field {name[:100]!a}: {reason}.", field=name, reason=reason)
        values[name] = value
    return {k: v for k, v in values.items() if k not in (CSRF_FIELD, PASSWORD_FIELD)}


def read(model: type[Model]) -> Model:
    """Read the posted form as a draft.

    Raises:
        Invalid: a field is wrong, missing or unknown; the sentence names it.
    """
    return drafts.read(model, fields())


class Button(drafts.Draft):
    """A form that is a button alone."""


def read_button() -> None:
    """Read a form that has no fields of its own.

    Raises:
        Invalid: it has one; nobody learns from silence that it changes nothing.
    """
    read(Button)


def require_fresh_password() -> None:
    """Let pass when the password was given within ten minutes, or comes with this form.

    The macro ``fresh_password`` shows the field when it is due.

    Raises:
        Invalid: the password is missing or wrong.
        TooManyRequests: it was wrong too often.
    """
    if not current_user.password_is_fresh:
        require_password()


def require_password() -> None:
    """Let pass when the person's password comes with this form; the session gets a new token.

    Raises:
        Invalid: the password is missing or wrong.
        TooManyRequests: it was wrong too often.
    """
    password = request.form.get(PASSWORD_FIELD, "")
    if not password:
        raise refused_field(PASSWORD_FIELD, "Please give your password to confirm this.")
    person, browser = current_user.email, current_user.row.id
    with throttle.attempt(
        db.session(), "password", person, session.address(), browser=browser
    ) as tried:
        if not users.has_password(current_user.user, password):
            refusals.note_wrong_password()
            raise refused_field(PASSWORD_FIELD, "Your password is not correct.")
        tried.succeeded()
    session.confirm_password()


def answer(body: str, error: CostOptixError | None = None) -> Response:
    """Return a page; with the status of the refusal that it shows, if any."""
    refusals.note(error)
    response = Response(body, error.status if error else 200)
    if error is not None and error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def local_target(target: str | None) -> str:
    """Return ``target`` when it is a path on this site, else the start page.

    Browsers read a backslash as a slash and drop tabs and line ends, so none may be there.
    """
    is_path = bool(target) and str(target).startswith("/") and str(target)[1:2] not in ("/", "\\")
    if target is None or not is_path or not target.isprintable() or "\\" in target:
        return url_for("web.home")
    decoded = target.lower().replace("%2f", "/").replace("%5c", "\\")
    is_plain = not any(sign in decoded for sign in ("%0", "%1", "//", "\\"))
    parts = urlsplit(target)
    return target if is_plain and not parts.scheme and not parts.netloc else url_for("web.home")
