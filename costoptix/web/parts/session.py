"""Who is signed in: Flask-Login over a server-side session.

Flask's signed cookie holds the random token of a session row and the CSRF token, nothing else;
before sign-in there is no row. Flask-Login's "user id" is that token, so that a copied cookie is
worth nothing once the row is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from flask import Flask, Request, after_this_request, current_app, flash, session
from flask import request as flask_request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import UserMixin, current_user, login_user

from config import Config
from costoptix.access import sessions
from costoptix.access.permissions import ROLE_PERMISSION, Caller, Role
from costoptix.extensions import db, login_manager
from costoptix.frame import request_log
from costoptix.models import Organization, User, UserSession
from costoptix.web.parts import known_browser


@dataclass(eq=False)
class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login is untyped
    """The person and the session behind a request; templates know it as ``current_user``."""

    row: UserSession
    token: str

    def get_id(self) -> str:
        """Return what Flask-Login keeps in the cookie."""
        return self.token

    @property
    def user(self) -> User:
        """Return the person."""
        return self.row.user

    @property
    def organization(self) -> Organization:
        """Return the person's organization."""
        return self.row.user.organization

    @property
    def role(self) -> Role:
        """Return what the person is within it."""
        return Role(self.row.user.role)

    @property
    def is_admin(self) -> bool:
        """Tell whether the person is an admin."""
        return self.role is Role.ADMIN

    @property
    def email(self) -> str:
        """Return the person's address."""
        return self.row.user.email

    @property
    def label(self) -> str:
        """Return the person's name, or the address without one."""
        return self.row.user.name or self.row.user.email

    @property
    def initials(self) -> str:
        """Return up to two letters for the avatar."""
        words = self.label.replace("@", " ").replace(".", " ").split()
        return "".join(word[0] for word in words[:2]).upper()

    @property
    def password_is_fresh(self) -> bool:
        """Tell whether the password was given within the last ten minutes."""
        return sessions.has_fresh_password(self.row)

    @property
    def caller(self) -> Caller:
        """Return the person as the domain's caller."""
        return Caller(
            self.organization.id,
            ROLE_PERMISSION[self.role],
            self.email,
            user_id=self.user.id,
            address=address(),
        )


class PageSessions(SecureCookieSessionInterface):
    """The signed cookie, for pages only: the API knows keys, and calls there pay for no cookie."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Read the cookie; below ``/api`` there is none, and nothing can be put into it."""
        return None if request.path.startswith("/api/") else super().open_session(app, request)


def init_app(app: Flask, settings: Config) -> None:
    """Set the cookie's name and flags, and Flask-Login's way to find who is signed in."""
    app.config.from_mapping(
        SESSION_COOKIE_NAME="__Host-sid" if settings.is_https else "sid",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the session
        WTF_CSRF_SSL_STRICT=False,  # web.hosts checks Origin, which browsers always send
    )
    app.session_interface = PageSessions()
    login_manager.session_protection = None  # the row decides, not the browser's name
    login_manager.user_loader(_load)
    app.add_template_global(current_user, "current_user")


def config() -> Config:
    """Return the installation's configuration."""
    configured: Config = current_app.config["COSTOPTIX"]
    return configured


def address() -> str:
    """Return the network address of the browser, as far as FORWARDED_HOPS trusts proxies."""
    return flask_request.remote_addr or ""


def sign_in(user: User) -> None:
    """Begin a session for the person in this browser; whatever the cookie held before is gone.

    The answer tells the browser that it was signed in to this account (``known_browser``).
    """
    token = sessions.begin(
        db.session(), user, address=address(), user_agent=flask_request.user_agent.string
    )
    _use_token(token)
    after_this_request(partial(known_browser.remember, email=user.email))


def confirm_password() -> None:
    """Note that the password was just given again; the session gets a new token."""
    _use_token(sessions.renew(db.session(), current_user.row, confirmed=True))


def _use_token(token: str) -> None:
    """Put the token into an otherwise empty cookie, with a new CSRF token to come."""
    session.clear()
    row = sessions.find(db.session(), token)
    if row is not None:
        login_user(SignedIn(row, token))


def _load(token: str) -> SignedIn | None:
    row = sessions.find(db.session(), token)
    if row is None:
        return None
    if row.role != row.user.role:
        token = sessions.renew(db.session(), row)
        session["_user_id"] = token
        flash(f"Your role is now {row.user.role}.")
    sessions.touch(db.session(), row)
    request_log.note_caller(flask_request.environ, row.user.organization_id)
    return SignedIn(row, token)
