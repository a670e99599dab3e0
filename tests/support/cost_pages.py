"""Reading cost pages, and names that try to break them."""

from __future__ import annotations

import csv
import html
import io
import re
import shlex
from collections import defaultdict
from decimal import Decimal
from urllib.parse import urlsplit

from tests.support.pages import Browser

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


def table(page: str) -> tuple[list[str], list[list[str]], list[list[str]]]:
    """The headings, rows and totals of the explorer's table; amounts as their exact values."""
    [found] = re.findall(r'<table class="table costs(?: dense)?">(.*?)</table>', page, re.DOTALL)
    found = re.sub(r"<small>.*?</small>", "", found, flags=re.DOTALL)
    parts = [
        re.findall(rf"<{part}>(.*?)</{part}>", found, re.DOTALL)[0]
        for part in ("thead", "tbody", "tfoot")
    ]
    head, body, foot = (
        [
            _cells(row)
            for row in re.findall(r"<tr(?: class=\"others\")?>(.*?)</tr>", part, re.DOTALL)
        ]
        for part in parts
    )
    return head[0], body, foot


def _cells(row: str) -> list[str]:
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
    values = (re.findall(r'<data value="([^"]*)"', cell) for cell in cells)
    return [
        value[0] if value else text(cell).removesuffix(" ↓").removesuffix(" ↑")
        for value, cell in zip(values, cells, strict=True)
    ]


def csv_rows(browser: Browser, params: str) -> list[dict[str, str]]:
    answer = browser.get(f"/costs.csv?{params}")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    found = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["X-Row-Count"] == str(len(found))
    return found


def csv_sums(rows: list[dict[str, str]], column: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["Currency"]] += Decimal(row[column] or 0)
    return dict(sums)


def curl_of(page: str) -> str:
    """The address that the page's curl asks."""
    [command] = re.findall(r'<pre id="curl">(.*?)</pre>', page, re.DOTALL)
    words = shlex.split(text(command))
    assert words[:3] == ["curl", "-H", "X-API-Key: $COST_OPTIX_KEY"]
    parts = urlsplit(words[3])
    return f"{parts.path}?{parts.query}"
