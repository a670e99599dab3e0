"""Every page, as people see it: wide and narrow, light and dark, with and without scripts.

The pages come from the application's own routes, so that a new one is looked at without asking.
"""

from __future__ import annotations

from itertools import product
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from costoptix import create_app
from tests.conftest import make_config
from tests.e2e.conftest import looking
from tests.support.demo import Demo
from tests.support.proving import count

WIDTHS = (1440, 390, 320)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
RUN_AXE = "axe.run({resultTypes: ['violations']}).then(results => results.violations)"
"""As ``Axe().run`` does, which would read axe itself anew at each width and theme."""
# Not ``a.href``: that of a link within a chart is no text.
HREFS = "links => links.map(a => new URL(a.getAttribute('href'), document.baseURI).href)"
NOT_PAGES = (".csv", ".json", "/costs/export", "/healthz", "/setup/demo")
"""Ends of paths that answer with something else than a page."""


@pytest.fixture(scope="session")
def paths(
    demo: Demo, signed_in: dict[str, Any], browser: Browser, tmp_path_factory: Any
) -> list[str]:
    """Every page without a variable in its path, and one of each kind that has one."""
    app = create_app(make_config(tmp_path_factory.mktemp("routes")))
    plain = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("web.")
        and "GET" in (rule.methods or ())
        and not rule.arguments
        and not rule.rule.endswith(NOT_PAGES)
    ]
    return sorted(plain) + _linked_details(demo, signed_in, browser, set(plain))


def _make(page: Page, demo: Demo, path: str, body: dict[str, str]) -> None:
    """Make a thing, so that the page of one is looked at."""
    made = page.request.post(
        f"{demo.server.url}/api/v1{path}", headers={"X-API-Key": demo.key}, data=body
    )
    assert made.status == 201


def _linked_details(
    demo: Demo, state: dict[str, Any], browser: Browser, plain: set[str]
) -> list[str]:
    """Follow each page's first link to each kind of thing (an import, a key, …)."""
    found: dict[str, str] = {}
    with looking(browser, state, width=1440) as context:
        page = context.new_page()
        _make(page, demo, "/budgets", {"name": "All of Acme", "amount": "60000", "currency": "USD"})
        _make(page, demo, "/views", {"name": "By region", "question": "group_by=region_id"})
        for path in sorted(plain):
            page.goto(demo.server.url + path)
            for href in page.eval_on_selector_all("main a", HREFS):
                target = urlsplit(href)
                kind = "/".join(p for p in target.path.split("/") if not any(map(str.isdigit, p)))
                if target.netloc == urlsplit(demo.server.url).netloc and target.path not in plain:
                    found.setdefault(kind, target.path)
    return [path for path in found.values() if not path.endswith(NOT_PAGES)]


class Watch:
    """What went wrong on a page: script errors, policy violations, requests to elsewhere."""

    def __init__(self, page: Page, home: str) -> None:
        self.wrong: list[str] = []
        page.on("console", lambda message: self._add(message.type == "error", message.text))
        page.on("pageerror", lambda error: self._add(True, str(error)))
        page.on("request", lambda request: self._add(not _is_ours(request.url, home), request.url))

    def _add(self, is_wrong: bool, text: str) -> None:
        if is_wrong:
            self.wrong.append(text)


def _is_ours(url: str, home: str) -> bool:
    return url.startswith((home, "data:", "blob:"))


def test_every_page_is_sound(
    demo: Demo, signed_in: dict[str, Any], paths: list[str], browser: Browser
) -> None:
    """S16: no violation of the policy; no overflow; nothing that axe objects to."""
    wrong: list[str] = []
    with looking(browser, signed_in, width=1440) as context:
        for number, path in enumerate(paths):
            read_at = _widths_of_axe(number)
            page = context.new_page()
            watch = Watch(page, demo.server.url)
            answer = page.goto(demo.server.url + path)
            if answer is not None and answer.status == 403:
                watch.wrong.clear()  # Chromium logs the refusal, which is meant (/register)
            page.evaluate(f"() => {{ {AXE_SCRIPT} }}")
            for width, theme in product(WIDTHS, THEMES):
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=theme)
                faults = _faults(page, width)
                if width in read_at[theme]:
                    faults += _objections(page)
                wrong += [f"{path} {width} {theme}: {text}" for text in faults]
            wrong += [f"{path}: {text}" for text in watch.wrong]
            page.close()
    assert not wrong, "\n".join(wrong)


def _faults(page: Page, width: int) -> list[str]:
    faults = []
    overflow = page.evaluate("document.documentElement.scrollWidth")
    if overflow > width:
        faults.append(f"is {overflow} px wide at {width}")
    if not page.title():
        faults.append("has no title")
    return faults


def _widths_of_axe(number: int) -> dict[str, tuple[int, ...]]:
    """Return where axe reads a page, by theme: at one width each, another on the next page.

    Reading takes most of this test's time. ``make prove`` has it read at every width.
    """
    return {
        theme: count(small=(WIDTHS[(number + place) % len(WIDTHS)],), full=WIDTHS)
        for place, theme in enumerate(THEMES)
    }


def _objections(page: Page) -> list[str]:
    faults = []
    for violation in page.evaluate(RUN_AXE):
        nodes = "; ".join(node["html"][:120] for node in violation["nodes"][:3])
        faults.append(f"axe {violation['id']}: {nodes}")
    return faults


def test_every_page_says_the_same_without_scripts(
    demo: Demo, signed_in: dict[str, Any], paths: list[str], browser: Browser
) -> None:
    with looking(browser, signed_in, width=1440, scripts=False) as context:
        page = context.new_page()
        for path in paths:
            answer = page.goto(demo.server.url + path)
            assert answer is not None
            assert answer.status in (200, 403), path
            assert page.locator("h1").count() == 1, path


MIDDLES = """chart => {
  const middle = box => box.top + box.height / 2;
  const boxes = name => [...chart.querySelectorAll(name)].map(one => one.getBoundingClientRect());
  return [boxes('.ylab span').map(middle), boxes('.area .line').map(middle)];
}"""


@pytest.mark.parametrize("width", WIDTHS)
def test_each_label_of_a_chart_stands_at_its_line(
    demo: Demo, signed_in: dict[str, Any], browser: Browser, width: int
) -> None:
    with looking(browser, signed_in, width=width) as context:
        page = context.new_page()
        page.goto(demo.server.url)
        for labels, lines in page.eval_on_selector_all(
            "figure[data-chart]", f"charts => charts.map({MIDDLES})"
        ):
            assert len(labels) == len(lines) > 1
            assert labels == pytest.approx(lines, abs=1.5)
