"""The sidebar and the tabs of the settings: one row per page, shown once the page exists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask, current_app, request
from flask_login import current_user

from costoptix.access.permissions import Role
from costoptix.web.parts.routing import ACCESS, Access


@dataclass(frozen=True)
class Entry:
    """A link to a page: ``icon`` is an SVG path, ``key`` the letter after ``g``."""

    label: str
    endpoint: str
    icon: str = ""
    key: str = ""

    @property
    def is_current(self) -> bool:
        """Tell whether the reader is on this page or below it."""
        return request.endpoint == self.endpoint or _section(request.endpoint) == self.endpoint


@dataclass(frozen=True)
class NavigationGroup:
    """Links under one heading."""

    title: str
    entries: list[Entry]


_SETTINGS_ICON = (
    "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zm8 3h2M2 12h2m8-10v2m0 16v2m7-17-1.5 1.5"
    "M6.5 17.5 5 19m14 0-1.5-1.5M6.5 6.5 5 5"
)
_GROUPS = [
    NavigationGroup(
        "",
        [
            Entry("Overview", "web.home", "M3 12 12 4l9 8M6 10v10h12V10", "d"),
            Entry("Cost explorer", "web.costs", "M4 20V10M10 20V4M16 20v-7M21 20H3", "e"),
            Entry("Daily spend", "web.daily", "M4 6h16v14H4zM4 10h16M9 3v4M15 3v4", "y"),
            Entry("What changed", "web.changes", "M4 8h12l-3-3M20 16H8l3 3", "w"),
            Entry("Portfolio", "web.portfolio", "M3 8h18v11H3zM8 8V5h8v3M3 13h18", "p"),
            Entry("Quarterly", "web.quarterly", "M6 3h9l4 4v14H6zM9 12h7M9 16h7", "q"),
            Entry("Anomalies", "web.anomalies", "M3 12h4l3-8 4 16 3-8h4", "a"),
            Entry("Budgets", "web.budgets", "M12 3a9 9 0 1 0 9 9h-9z", "b"),
            Entry("Tags", "web.tags", "M3 12V4h8l10 10-8 8zM7.5 8.5h.01", "t"),
        ],
    ),
    NavigationGroup(
        "Data",
        [
            Entry(
                "Cloud accounts",
                "web.accounts",
                "M7 18h10a4 4 0 0 0 .6-7.95A6 6 0 0 0 6 9.5 4.3 4.3 0 0 0 7 18z",
                "c",
            ),
            Entry("Imports", "web.imports", "M12 3v12m0 0 4-4m-4 4-4-4M4 20h16", "i"),
        ],
    ),
    NavigationGroup(
        "Organization",
        [
            Entry(
                "Team",
                "web.team",
                "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm-7 9a7 7 0 0 1 14 0M17 4a4 4 0 0 1 0 7"
                "m2 9a7 7 0 0 0-3-5.7",
                "m",
            ),
            Entry(
                "API keys", "web.api_keys", "M14 10a4 4 0 1 0-3.5 4L13 16.5h3V19h3v-3l-5-5z", "k"
            ),
            Entry("Settings", "web.organization", _SETTINGS_ICON, "s"),
            Entry("API guide", "web.docs_api", "M8 7l-5 5 5 5M16 7l5 5-5 5"),
        ],
    ),
]
_SETTINGS = [
    Entry("Organization", "web.organization"),
    Entry("Team", "web.team"),
    Entry("API keys", "web.api_keys"),
    Entry("Notifications", "web.notifications"),
    Entry("Usage", "web.usage"),
    Entry("Security", "web.security"),
    Entry("Audit log", "web.audit_log"),
]


def init_app(app: Flask) -> None:
    """Give templates ``navigation()``, ``settings_tabs()`` and ``settings_title()``."""
    app.add_template_global(navigation)
    app.add_template_global(settings_tabs)
    app.add_template_global(settings_title)


def navigation() -> list[NavigationGroup]:
    """Return the sidebar as the reader may use it."""
    groups = [NavigationGroup(group.title, list(_visible(group.entries))) for group in _GROUPS]
    return [group for group in groups if group.entries]


def settings_tabs() -> list[Entry]:
    """Return the tabs of the settings as the reader may use them."""
    return list(_visible(_SETTINGS))


def settings_title() -> str:
    """Return the name of the settings page that the reader is on."""
    return next((tab.label for tab in _SETTINGS if tab.is_current), "Settings")


def _visible(entries: list[Entry]) -> Iterator[Entry]:
    is_admin = getattr(current_user, "role", None) == Role.ADMIN
    for entry in entries:
        exists = entry.endpoint in current_app.view_functions
        if exists and (is_admin or ACCESS[entry.endpoint] is not Access.ADMIN):
            yield entry


def _section(endpoint: str | None) -> str:
    """Return the page that an answer without a link of its own belongs to, by its address.

    What a form answers belongs to the page that has its address.

    ``/imports/<id>`` belongs to ``/imports``; ``/settings/team/…`` to ``/settings/team``; all
    documentation to its guide.
    """
    parts = request.path.strip("/").split("/")
    if parts[0] == "docs":
        return "web.docs_api"
    length = 2 if parts[0] == "settings" else 1
    if endpoint is None:
        return ""
    parent = "/" + "/".join(parts[:length])
    pages = (rule for rule in current_app.url_map.iter_rules() if "GET" in (rule.methods or ()))
    return next((rule.endpoint for rule in pages if rule.rule == parent), "")
