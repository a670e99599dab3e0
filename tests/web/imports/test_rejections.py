"""The rejected rows of an import: any number of them, from their file, a page at a time."""

from __future__ import annotations

import csv
import io
import re

import pytest

from config import Config
from costoptix.bills.read import rejections
from costoptix.models import Import, Organization
from tests.support.fetched import most_memory
from tests.support.pages import Browser

LIMIT = 4 << 20
"""Bytes; one rejected row takes about 1 kB while it is held."""


def test_the_file_of_rejected_rows_is_streamed_in_constant_memory(
    alice_browser: Browser, rejected: Import, config: Config, acme: Organization
) -> None:
    """30,000 of them, which took 30 MB: memory is traced, and that is slow."""
    file = rejections.path(config.lake_dir, acme.id, rejected.id)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:30_000]))
    path = f"/imports/{rejected.id}/rejections.csv"
    lines = 0
    with most_memory(LIMIT):
        answer = alice_browser.stream(path)
        for block in answer.iter_encoded():
            lines += block.count(b"\r\n")
        answer.close()
    assert lines == 30_001


def test_the_page_of_an_import_leads_through_all_of_its_rejected_rows(
    alice_browser: Browser, rejected: Import
) -> None:
    with most_memory(LIMIT):
        first = alice_browser.get(f"/imports/{rejected.id}").text
        (older,) = re.findall(r'rel="next" href="([^"]+)"', first)
        second = alice_browser.get(older.replace("&amp;", "&")).text
    assert '<td class="num" data-label="Line">2<' in first
    assert '<td class="num" data-label="Line">102<' in second
    assert '<td class="num" data-label="Line">101<' not in second
    assert 'rel="prev"' in second


@pytest.mark.parametrize("start", ["1", "-1", "x", "99999999999", "83"])
def test_a_page_of_rejected_rows_that_begins_nowhere_is_the_first_one(
    alice_browser: Browser, rejected: Import, start: str
) -> None:
    shown = alice_browser.get(f"/imports/{rejected.id}?rejected={start}")
    assert shown.status_code == 200
    assert '<td class="num" data-label="Line">2<' in shown.text


def test_a_streamed_file_guards_against_formulas(
    alice_browser: Browser, rejected: Import, config: Config, acme: Organization
) -> None:
    """S43"""
    path = rejections.path(config.lake_dir, acme.id, rejected.id)
    path.write_bytes(path.read_bytes()[:200].rpartition(b"\n")[0] + b"\n")
    rows = csv.DictReader(
        io.StringIO(alice_browser.get(f"/imports/{rejected.id}/rejections.csv").text)
    )
    assert [row["value"] for row in rows] == ["'=1", "'=1"]
