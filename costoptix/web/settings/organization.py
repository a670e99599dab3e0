"""Settings → Organization, and the reader's own choice of colours."""

from __future__ import annotations

from enum import StrEnum

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix import drafts
from costoptix.access import organizations, users
from costoptix.access.tiers import TIERS, tier_of
from costoptix.anomalies import floors
from costoptix.anomalies.floors import FloorsDraft
from costoptix.errors import CostOptixError
from costoptix.extensions import db
from costoptix.web.parts import forms
from costoptix.web.parts.routing import Access, page

ONE_YEAR_SECONDS = 31_536_000


class Theme(StrEnum):
    """Which colours pages have."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class OrganizationRenaming(drafts.Draft):
    """The form that renames the organization."""

    name: str


class FloorForm(drafts.Draft):
    """The form that sets the floor of one currency; empty is the usual one."""

    currency: str
    floor: str = ""

    def draft(self) -> FloorsDraft:
        """Return what the domain is asked for."""
        return drafts.read(FloorsDraft, {"anomaly_floor": {self.currency: self.floor}})


class ThemeChoice(drafts.Draft):
    """The form that chooses the colours."""

    theme: Theme


@page("/settings")
def settings() -> ResponseReturnValue:
    """Go to the first of the settings."""
    return redirect(url_for("web.organization"))


@page("/settings/organization")
def organization() -> ResponseReturnValue:
    """Show the organization's name and tier."""
    return _show_organization()


@page("/settings/organization", access=Access.ADMIN, methods=("POST",))
def rename_organization() -> ResponseReturnValue:
    """Change the organization's name."""
    try:
        draft = forms.read(OrganizationRenaming)
        own = current_user.organization
        organizations.rename(db.session(), own, current_user.caller, draft.name)
    except CostOptixError as error:
        return _show_organization(error)
    flash("Organization renamed.")
    return redirect(url_for("web.organization"))


@page("/settings/organization/floors", access=Access.ADMIN, methods=("POST",))
def set_floor() -> ResponseReturnValue:
    """Set below how much anomalies are neither kept nor told, in one currency."""
    try:
        draft = forms.read(FloorForm).draft()
        floors.set_floors(db.session(), current_user.organization, current_user.caller, draft)
    except CostOptixError as error:
        return _show_organization(error)
    flash("Floor saved.")
    return redirect(url_for("web.organization"))


def _show_organization(error: CostOptixError | None = None) -> ResponseReturnValue:
    own = current_user.organization
    body = render_template(
        "settings/organization.html",
        organization=own,
        tier=tier_of(own.tier),
        tiers=TIERS.values(),
        people=len(users.list_of(db.session(), own)),
        themes=[(theme.value, theme.value.capitalize()) for theme in Theme],
        floors=floors.of_organization(db.session(), own),
        chosen_floors=floors.chosen(own),
        chosen_theme=request.cookies.get("theme", Theme.SYSTEM),
        error=error.sentence if error else "",
    )
    return forms.answer(body, error)


@page("/settings/theme", methods=("POST",))
def choose_theme() -> ResponseReturnValue:
    """Keep the reader's choice of colours in a cookie of this browser."""
    draft = forms.read(ThemeChoice)
    response = redirect(url_for("web.organization"))
    response.set_cookie(
        "theme", draft.theme, max_age=ONE_YEAR_SECONDS,
        httponly=True, samesite="Lax", secure=request.is_secure,
    )  # fmt: skip
    return response
