"""What an answer says beyond its status."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from costoptix.notify.receipt import MOST_EXCERPT, excerpt_of, retry_after

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None), ("0", 0), ("120", 120), ("100000", 100_000), ("-1", None), ("1.5", None),
        ("٣", None), ("Fri, 20 Mar 2026 12:01:00 GMT", 60), ("Fri, 20 Mar 2026 11:00:00 GMT", 0),
        ("soon", None), ("9" * 500, 999_999_999),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text}, NOW) == seconds


def test_an_excerpt_is_one_line_of_printable_text() -> None:
    assert excerpt_of(b" a\r\n\tb\x00c\xff ") == "a b c\ufffd"
    assert len(excerpt_of("ü".encode() * 10_000)) == MOST_EXCERPT
    assert excerpt_of(b"") == ""
