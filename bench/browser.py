"""Look at the pages as browsers do: Lighthouse (mobile) and the HTML checker of the W3C.

    python -m bench.browser URL EMAIL PASSWORD [TOOLS]

The installation at URL is running, and best the demo. TOOLS is where `npm install` was run on
bench/browser/package.json; Node and Java are needed. Lighthouse's figures are medians of three
runs; its goals are 95 for the performance of overview, explorer and keys, 100 for everything else.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright

TOOLS = Path(__file__).parent / "browser" / "node_modules"
CHROMIUM = "/usr/bin/chromium"
RUNS = 3
LIGHTHOUSE_PAGES = {
    "overview": "/",
    "explorer": "/costs?range=last_6_months&granularity=monthly&group_by=service_name",
    "keys": "/settings/api-keys",
}
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
_MAIN_LINKS = "links => links.map(a => a.getAttribute('href'))"


def sign_in(page: Page, url: str, email: str, password: str) -> str:
    """Sign in; return the cookie's header."""
    page.goto(f"{url}/login")
    page.fill("input[type=email]", email)
    page.fill("input[type=password]", password)
    page.click("main [type=submit]")
    page.wait_for_url(f"{url}/")
    return "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in page.context.cookies())


def scores(tools: Path, address: str, cookie: str) -> dict[str, float]:
    """Return the medians of Lighthouse's four scores of a page."""
    taken = [_lighthouse(tools, address, cookie) for _ in range(RUNS)]
    return {name: statistics.median(run[name] for run in taken) for name in CATEGORIES}


def _lighthouse(tools: Path, address: str, cookie: str) -> dict[str, float]:
    try:
        return _run(tools, address, cookie)
    except subprocess.CalledProcessError:  # Chromium did not start in time: once more
        return _run(tools, address, cookie)


def _run(tools: Path, address: str, cookie: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        subprocess.run(
            [
                str(tools / ".bin" / "lighthouse"), address, "--quiet", "--output=json",
                f"--output-path={result}", f"--only-categories={','.join(CATEGORIES)}",
                "--chrome-flags=--headless=new --no-sandbox",
                "--extra-headers", json.dumps({"Cookie": cookie}),
            ],
            check=True, env={**os.environ, "CHROME_PATH": CHROMIUM},
        )  # fmt: skip
        categories = json.loads(result.read_text(encoding="utf-8"))["categories"]
    return {name: 100 * categories[name]["score"] for name in CATEGORIES}


def pages(page: Page, url: str) -> dict[str, str]:
    """Return the HTML of the overview, of what it leads to, and of the first of each kind below."""
    seen: dict[str, str] = {}
    kinds: set[str] = set()
    waiting = ["/"]
    while waiting:
        path = waiting.pop(0)
        answer = page.request.get(url + path)
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        seen[path] = answer.text()
        page.goto(url + path)
        for link in page.eval_on_selector_all("a[href]", _MAIN_LINKS):
            target = urlsplit(link)
            # An id is no kind of page: one budget stands for all.
            kind = re.sub(r"[0-9a-f-]{32,}|\d+", "*", target.path)
            if link.startswith("/") and kind not in kinds and not kind.endswith((".csv", ".md")):
                kinds.add(kind)
                waiting.append(target.path)
    return seen


def faults(tools: Path, html: dict[str, str]) -> list[str]:
    """Return what the HTML checker calls an error, with the page it is on."""
    with tempfile.TemporaryDirectory() as folder:
        names = {}
        for number, (path, text) in enumerate(html.items()):
            names[f"{number}.html"] = path
            (Path(folder) / f"{number}.html").write_text(text, encoding="utf-8")
        jar = tools / "vnu-jar" / "build" / "dist" / "vnu.jar"
        checked = subprocess.run(
            ["java", "-jar", str(jar), "--errors-only", "--format", "json", folder],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
    messages = json.loads(checked.stderr)["messages"]
    return [f"{names[Path(m['url']).name]}: {m['message']}" for m in messages]


def main(arguments: Sequence[str]) -> None:
    """Look at everything and print what was seen."""
    url, email, password = arguments[:3]
    tools = Path(arguments[3]) if len(arguments) > 3 else TOOLS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        cookie = sign_in(page, url, email, password)
        html = pages(page, url)
        browser.close()
    errors = faults(tools, html)
    print(f"{len(html)} pages, {len(errors)} errors of the HTML checker")
    print("\n".join(sorted(set(errors))))
    for name, path in LIGHTHOUSE_PAGES.items():
        taken = scores(tools, url + path, cookie)
        print(f"{name:10}", "  ".join(f"{key} {value:.0f}" for key, value in taken.items()))


if __name__ == "__main__":
    main(sys.argv[1:])
