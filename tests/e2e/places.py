"""Where each page of the application is: its path on an installation that has one of each thing."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from werkzeug.exceptions import NotFound

from costoptix import create_app
from tests.conftest import make_config

NOT_PAGES = (".csv", ".json", ".md", ".txt", "/costs/export")
"""Ends of routes that answer with something else than a page."""
MISSING = "00000000-0000-4000-8000-000000000000"
"""The id of no thing; a page of it says so."""
ELSEWHERE = {
    "web.subscription": "only a mail holds its address: tests/web/settings/test_unsubscribe.py",
}
"""Pages of things that no demo leads to, and where they are looked at; as missing here, too."""


class Places:
    """The routes of pages, and how an address belongs to one."""

    def __init__(self, folder: Path) -> None:
        app: Flask = create_app(make_config(folder))
        self._adapter = app.url_map.bind("localhost")
        self.rules = {
            rule.endpoint: rule.rule
            for rule in app.url_map.iter_rules()
            if rule.endpoint.startswith("web.")
            and "GET" in (rule.methods or ())
            and not rule.rule.endswith(NOT_PAGES)
        }
        self.plain = sorted(path for path in self.rules.values() if "<" not in path)
        self.of_things = {name: path for name, path in self.rules.items() if "<" in path}

    def endpoint(self, path: str) -> str:
        """Return the endpoint of a path; "" for none of ours."""
        try:
            endpoint, _ = self._adapter.match(path)
        except NotFound:
            return ""
        return str(endpoint)

    def missing(self) -> list[str]:
        """Return the address of each page of a thing, for things that there are not."""
        return [
            "/".join(MISSING if part.startswith("<") else part for part in path.split("/"))
            for path in self.of_things.values()
        ]
