"""How values look on pages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from costoptix.web.parts.display import browser_title, flags, machine_time

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0"


@pytest.mark.parametrize(
    ("user_agent", "title"),
    [
        (f"{CHROME} Safari/537.36", "Chrome on Linux"),
        (f"{CHROME} Safari/537.36 Edg/156.0", "Edge on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0",
         "Firefox on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
         "Safari on iPhone"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "unknown"),
    ],
)  # fmt: skip
def test_a_browser_is_named_as_people_call_it(user_agent: str, title: str) -> None:
    assert browser_title(user_agent) == title


def test_an_instant_is_written_as_html_reads_it() -> None:
    value = datetime(2026, 11, 29, 16, 5, 7, 123456, tzinfo=UTC)
    assert machine_time(value) == "2026-11-29T16:05:07+00:00"
    assert machine_time(value.date()) == "2026-11-29"


def test_a_flag_stands_alone_or_not_at_all() -> None:
    assert flags({"required": True, "multiple": False, "maxlength": 60}) == {
        "required": "", "multiple": None, "maxlength": 60,
    }  # fmt: skip
