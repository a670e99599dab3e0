"""Settings → Organization: its name and what it chose, and the reader's own choice of colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, get_args

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from pydantic import Field

from costoptix import choices, drafts
from costoptix.access import organizations, users
from costoptix.access.tiers import TIERS, tier_of
from costoptix.anomalies import floors
from costoptix.choices import ChoicesDraft
from costoptix.errors import Conflict, CostOptixError
from costoptix.extensions import db
from costoptix.models import Organization, Weekday
from costoptix.web.parts import forms
from costoptix.web.parts.filled import FilledForm, Form
from costoptix.web.parts.numbers import WrittenNumber
from costoptix.web.parts.routing import Access, page
from costoptix.web.parts.wording import METRIC_TITLES

CHOICES = ("metric", "time_zone", "report_weekday")
"""What the form of choices asks for, by the names of the draft."""

ONE_YEAR_SECONDS = 31_536_000


class Theme(StrEnum):
    """Which colours pages have."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class OrganizationRenaming(Form):
    """The form that renames the organization."""

    name: str = Field("", title="New name")


class ChoicesForm(Form):
    """The form of what an organization chose, each beside what its reader saw."""

    metric: str = Field("", title="Cost that is shown")
    time_zone: str = Field("", title="Time zone of reports")
    report_weekday: str = Field("", title="Report day")
    seen_metric: str = ""
    seen_time_zone: str = ""
    seen_report_weekday: str = ""

    @classmethod
    def of(cls, own: Organization) -> ChoicesForm:
        """Fill the form with what is chosen now."""
        return cls(**_chosen(own), **_as_seen(_chosen(own)))

    def draft(self) -> ChoicesDraft:
        """Return what the domain is asked for: what is not as it was seen."""
        return drafts.read(
            ChoicesDraft,
            {name: text for name in CHOICES if (text := getattr(self, name)) != self.seen[name]},
        )

    @property
    def seen(self) -> dict[str, str]:
        """Return what the reader had before their eyes."""
        return {name: getattr(self, f"seen_{name}") for name in CHOICES}


class FloorForm(Form):
    """The form that sets the floor of one currency; empty is the usual one."""

    currency: str = Field("", title="Currency", max_length=10)
    floor: WrittenNumber = Field("", title="Floor")
    seen: str = ""  # the floors that its reader saw, as ``_floors_as_seen`` writes them

    @classmethod
    def asks_for(cls, field: str, values: Mapping[str, str]) -> str:
        """Return which field asks for a part of the floors."""
        if field.startswith("anomaly_floor"):
            return "currency" if field.endswith(".[key]") else "floor"
        return super().asks_for(field, values)

    def draft(self) -> ChoicesDraft:
        """Return what the domain is asked for."""
        return drafts.read(ChoicesDraft, {"anomaly_floor": {self._code: self.floor}})

    @property
    def floor_seen(self) -> dict[str, dict[str, str | None]]:
        """Return the floor that the reader had before their eyes; None where none was set."""
        floors_seen = dict(pair.split("=", 1) for pair in self.seen.split() if "=" in pair)
        return {"anomaly_floor": {self._code: floors_seen.get(self._code)}}

    @property
    def _code(self) -> str:
        return self.currency.strip().upper()


class ThemeChoice(drafts.Draft):
    """The form that chooses the colours."""

    theme: Theme


@page("/settings")
def settings() -> ResponseReturnValue:
    """Go to the first of the settings."""
    return redirect(url_for("web.organization"))


@page("/settings/organization")
def organization() -> ResponseReturnValue:
    """Show the organization's name and tier, and what it chose."""
    return _show_organization()


@page("/settings/organization", access=Access.ADMIN, methods=("POST",))
def rename_organization() -> ResponseReturnValue:
    """Change the organization's name."""
    try:
        forms.require_fresh_password()
        draft = forms.read(OrganizationRenaming)
        own = current_user.organization
        organizations.rename(db.session(), own, current_user.caller, draft.name)
    except CostOptixError as error:
        return _show_organization(FilledForm.posted(OrganizationRenaming, error))
    flash("Organization renamed.")
    return redirect(url_for("web.organization"))


@page("/settings/organization/choices", access=Access.ADMIN, methods=("POST",))
def choose() -> ResponseReturnValue:
    """Change the cost that is shown, and when reports go out."""
    try:
        form = forms.read(ChoicesForm)
        _change(form.draft(), form.seen)
    except CostOptixError as error:
        refused = FilledForm.posted(ChoicesForm, error)
        if isinstance(error, Conflict):  # what somebody else chose has been seen now
            seen = _as_seen(_chosen(current_user.organization))
            refused = replace(refused, values={**refused.values, **seen})
        return _show_organization(refused)
    flash("Saved.")
    return redirect(url_for("web.organization"))


@page("/settings/organization/floors", access=Access.ADMIN, methods=("POST",))
def set_floor() -> ResponseReturnValue:
    """Set below how much anomalies are neither kept nor told, in one currency."""
    try:
        form = forms.read(FloorForm)
        _change(form.draft(), form.floor_seen)
    except CostOptixError as error:
        refused = FilledForm.posted(FloorForm, error)
        if isinstance(error, Conflict):
            seen = {"seen": _floors_as_seen(current_user.organization)}
            refused = replace(refused, values={**refused.values, **seen})
        return _show_organization(refused)
    flash("Floor saved.")
    return redirect(url_for("web.organization"))


def _change(draft: ChoicesDraft, seen: Mapping[str, Any]) -> None:
    own, caller = current_user.organization, current_user.caller
    choices.change(db.session(), own, caller, draft, seen)


def _chosen(own: Organization) -> dict[str, str]:
    return {name: str(choices.current(own)[name]) for name in CHOICES}


def _floors_as_seen(own: Organization) -> str:
    return " ".join(f"{currency}={text}" for currency, text in own.anomaly_floors.items())


def _as_seen(chosen: Mapping[str, str]) -> dict[str, str]:
    return {f"seen_{name}": text for name, text in chosen.items()}


def _show_organization(refused: FilledForm | None = None) -> ResponseReturnValue:
    own = current_user.organization
    in_force = floors.of_organization(db.session(), own)
    filled = {
        OrganizationRenaming: FilledForm.of(OrganizationRenaming(name=own.name)),
        ChoicesForm: FilledForm.of(ChoicesForm.of(own)),
        FloorForm: FilledForm.of(
            FloorForm(currency=next(iter(in_force), "USD"), floor="", seen=_floors_as_seen(own))
        ),
    }
    if refused is not None:
        filled[refused.model] = refused
    body = render_template(
        "settings/organization.html",
        organization=own,
        tier=tier_of(own.tier),
        tiers=TIERS.values(),
        people=len(users.list_of(db.session(), own)),
        themes=[(theme.value, theme.value.capitalize()) for theme in Theme],
        naming=filled[OrganizationRenaming],
        choosing=filled[ChoicesForm],
        flooring=filled[FloorForm],
        metrics=[(name, METRIC_TITLES[name]) for name in get_args(choices.DefaultMetric)],
        weekdays=[(day.value, day.value.capitalize()) for day in Weekday],
        time_zones=list(choices.time_zones().values()),
        floors=in_force,
        chosen_floors=floors.chosen(own),
        chosen_theme=request.cookies.get("theme", Theme.SYSTEM),
    )
    return forms.answer(body, refused.error if refused else None)


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
