"""Reading cost pages, and names that try to break them."""

from __future__ import annotations

import html
import re
from decimal import Decimal

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\u202eright to left",
    "n" * 300,
    "😀 café",
    '=HYPERLINK("http://example.com")',
    "{{ 7 * 7 }}",
]

_SYMBOLS = {"$": "USD", "€": "EUR"}
_TOTAL = re.compile(r"<tfoot>(.*?)</tfoot>", re.DOTALL)
_DATA = re.compile(r'<data value="([^"]*)"[^>]*>−?([$€])')


def text(page: str) -> str:
    """The words of a page, blanks folded."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def links(page: str) -> list[str]:
    """The addresses that a page leads to."""
    return [html.unescape(found) for found in re.findall(r'href="([^"]+)"', page)]


def chart_totals(page: str) -> dict[str, Decimal]:
    """The exact sum of each chart's bands, by currency."""
    found = {}
    for figure in re.findall(r"<figure data-chart>(.*?)</figure>", page, re.DOTALL):
        [foot] = _TOTAL.findall(figure)
        sums = [Decimal(value) for value, _ in _DATA.findall(foot)]
        has_previous = "Period before</th>" in figure
        *bands, whole = sums[:-1] if has_previous else sums
        assert sum(bands) == whole
        found[_SYMBOLS[_DATA.search(foot).group(2)]] = whole
    return found
