"""The sidebar: each page is titled as the link that leads to it."""

from __future__ import annotations

import re

from tests.support.pages import Browser

LINK = re.compile(r'<a href="([^"]+)"[^>]*><svg.*?</svg>([^<]+)</a>', re.DOTALL)
TITLE = re.compile(r"<title>(.*?) ·", re.DOTALL)


def test_each_page_is_titled_as_its_link(alice_browser: Browser) -> None:
    links = dict(LINK.findall(alice_browser.get("/").text))
    assert len(links) > 10
    titles = {
        path: TITLE.findall(alice_browser.get(path).text)[0].strip()
        for path, label in links.items()
        if label != "Settings"  # is titled as its first tab
    }
    assert titles == {path: label for path, label in links.items() if label != "Settings"}
