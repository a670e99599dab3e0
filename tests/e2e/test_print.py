"""Reports on paper: as few sheets as they promise, each section on its own."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e.conftest import looking
from tests.support.demo import Demo

SIDES = ("top", "right", "bottom", "left")


@pytest.mark.parametrize(("path", "sheets"), [("/quarterly", 4), ("/daily", 2)])
def test_a_report_is_printed_on_few_sheets(
    demo: Demo, signed_in: dict[str, Any], browser: Browser, path: str, sheets: int
) -> None:
    with looking(browser, signed_in, width=1440) as context:
        page = context.new_page()
        page.goto(demo.server.url + path)
        printed = page.pdf(format="A4", margin=dict.fromkeys(SIDES, "10mm"))
        count = len(re.findall(rb"/Type\s*/Page\b", printed))
        assert 1 <= count <= sheets
