"""What is wrong with a page as the browser shows it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.support.proving import count

Theme = Literal["light", "dark"]
WIDTHS = (1440, 390, 320)
THEMES: tuple[Theme, ...] = ("light", "dark")
RUN_AXE = "axe.run({resultTypes: ['violations']}).then(results => results.violations)"
"""As ``Axe().run`` does, which would read axe itself anew at each width and theme."""
OPEN_ALL = "document.querySelectorAll('details').forEach(one => { one.open = true })"
SMALL_TARGETS = """() => {
  const isInText = one => getComputedStyle(one).display === 'inline'
    && [...one.parentNode.childNodes].some(near => near !== one && near.textContent.trim());
  const target = one => one.matches('[type=checkbox], [type=radio]') && one.closest('label') || one;
  return [...document.querySelectorAll('a[href], button, summary, input, select, textarea')]
    .filter(one => one.checkVisibility({visibilityProperty: true}) && !one.matches('.skip'))
    .filter(one => !isInText(one))
    .map(one => [one, target(one).getBoundingClientRect()])
    .filter(([, box]) => box.width && box.height && (box.width < 23.9 || box.height < 23.9))
    .map(([one, box]) => `${Math.round(box.width)} × ${Math.round(box.height)} ${one.outerHTML}`);
}"""
"""Targets of less than 24 px, links within a sentence excepted (WCAG 2.5.8)."""


class Watch:
    """What went wrong on a page: script errors, policy violations, requests to elsewhere."""

    def __init__(self, page: Page, home: str) -> None:
        self.wrong: list[str] = []
        page.on("console", lambda message: self._add(message.type == "error", message.text))
        page.on("pageerror", lambda error: self._add(True, str(error)))
        page.on("request", lambda request: self._add(not _is_ours(request.url, home), request.url))

    def _add(self, is_wrong: bool, text: str) -> None:
        if is_wrong and not text.startswith("Failed to load resource"):
            self.wrong.append(text)  # Chromium logs each page that is refused, which is meant


def _is_ours(url: str, home: str) -> bool:
    return url.startswith((home, "data:", "blob:"))


def faults_of_layout(page: Page, themes: Iterable[Theme] = THEMES) -> list[str]:
    """Return what is wrong with the open page at each width and theme, but for what axe reads."""
    faults = [] if page.title().split(" · ")[0].strip() else ["has no title"]
    for width, theme in product(WIDTHS, themes):
        faults += _at(page, width, theme)
    return faults


def _at(page: Page, width: int, theme: Theme) -> list[str]:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)
    needed = page.evaluate("document.documentElement.scrollWidth")
    return [f"is {needed} px wide at {width} {theme}"] if needed > width else []


def faults_of_access(page: Page, number: int) -> list[str]:
    """Return what axe and the size of targets object to, with everything open at 390 px.

    Reading takes most of the time: each page is read once at 390 px and once at another width, in
    either theme by turns. ``make prove`` has it read at every width and theme.
    """
    faults = []
    for width, theme in _read_at(number):
        faults += _at(page, width, theme)
        if width == 390:
            page.evaluate(OPEN_ALL)
            faults += [f"small target: {text[:160]}" for text in page.evaluate(SMALL_TARGETS)]
            faults += _at(page, width, theme)
        faults += [f"{width} {theme}: {text}" for text in objections(page)]
    return faults


def _read_at(number: int) -> tuple[tuple[int, Theme], ...]:
    other = (1440, 320)[number // 2 % 2]
    small = ((other, THEMES[(number + 1) % 2]), (390, THEMES[number % 2]))
    return count(small=small, full=tuple(product(WIDTHS, THEMES)))


def objections(page: Page) -> list[str]:
    """Return what axe objects to on the open page."""
    page.evaluate(f"() => {{ window.axe ?? (() => {{ {AXE_SCRIPT} }})() }}")
    faults = []
    for violation in page.evaluate(RUN_AXE):
        nodes = "; ".join(node["html"][:120] for node in violation["nodes"][:3])
        faults.append(f"axe {violation['id']}: {nodes}")
    return faults
