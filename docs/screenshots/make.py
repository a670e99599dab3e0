"""Take the README's pictures of the demo: `make screenshots` (needs Chromium).

A demo of its own is made in a temporary folder, served on a free port and taken down again.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.browser import chromium
from tests.support.demo import Demo, make_demo, served, sign_in

HERE = Path(__file__).parent
SHOTS = (
    ("dashboard-light-1440.png", "/", 1440, "light"),
    ("dashboard-dark-390.png", "/", 390, "dark"),
    ("explorer-dark-1440.png", "/costs", 1440, "dark"),
    ("tags-light-1440.png", "/tags", 1440, "light"),
    ("api-keys-light-1440.png", "/settings/api-keys", 1440, "light"),
)


def main() -> None:
    """Write every picture into this folder."""
    with tempfile.TemporaryDirectory() as folder:
        demo_facts = make_demo(Path(folder) / "instance")
        with served(demo_facts) as demo, sync_playwright() as playwright:
            browser = playwright.chromium.launch(**chromium())
            take(browser, demo)
            browser.close()


def take(browser: Browser, demo: Demo) -> None:
    """Take the pictures, signed in as the demo's admin."""
    state = sign_in(browser, demo)
    for name, path, width, theme in SHOTS:
        context = browser.new_context(
            storage_state=state, viewport={"width": width, "height": 900}, color_scheme=theme
        )
        page = context.new_page()
        page.goto(demo.server.url + path)
        page.screenshot(path=HERE / name)
        context.close()


if __name__ == "__main__":
    main()
