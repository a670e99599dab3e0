"""Notifications with any text in them, and what must hold of every message."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from costoptix.notify.notification import MessageSection, NamedAmount, Notification, Tone
from tests.notify.examples import notification

SCHEMAS = Path(__file__).parents[1] / "schemas"

NASTY = (
    "<script>alert(1)</script>", "@everyone", "@here", "<!channel>", "<@U123>", "<@&42>",
    "<https://evil.example|click>", "[click](https://evil.example)", "*bold* _it_ ~no~ `code`",
    "# heading", "- item", "> quote", "\u202egnp.exe", "\u2066x\u2069", "a\nb\r\n\tc\u2028d",
    "{{DATE(2026-01-01T00:00:00Z)}}", "x" * 300, "😀" * 1_600, "&" * 3_000, "\\" * 3_000,
    "\ud800", "", "日本語" * 1_000, '"' * 3_000, "\x00",
)  # fmt: skip

texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=60))
amounts = st.builds(
    NamedAmount,
    label=texts,
    amount=st.sampled_from([Decimal(0), Decimal("-1e19"), Decimal("0.000000000000000001")]),
    currency=st.sampled_from(["USD", "JPY", "CHF"]),
)
sections = st.builds(
    MessageSection, title=texts, lines=st.lists(st.tuples(texts, texts), max_size=9).map(tuple)
)
notifications = st.builds(
    Notification,
    kind=st.just("budget.warning"),
    at=st.just(datetime(2026, 3, 20, 12, tzinfo=UTC)),
    organization_id=st.just("o1"),
    organization_name=texts,
    data=st.just({}),
    tone=st.sampled_from(Tone),
    title=texts,
    sentence=texts,
    link=st.just("https://cost.example/budgets/b1"),
    amounts=st.lists(amounts, max_size=12).map(tuple),
    sections=st.lists(sections, max_size=6).map(tuple),
)


def named(name: str) -> Notification:
    """Return one whose every text is a name from a bill."""
    lines = tuple((name, name) for _ in range(12))
    return dataclasses.replace(
        notification(),
        title=name, sentence=name, organization_name=name,
        amounts=(NamedAmount(name, Decimal(1), "USD"),) * 30,
        sections=(MessageSection(name, lines),) * 6,
    )  # fmt: skip


def schema(name: str) -> dict[str, Any]:
    """Return a platform's own schema."""
    read: dict[str, Any] = json.loads((SCHEMAS / name).read_text())
    return read


def strings(value: object) -> Iterator[str]:
    """Yield every text in a message."""
    match value:
        case str():
            yield value
        case dict():
            for part in value.values():
                yield from strings(part)
        case list() | tuple():
            for part in value:
                yield from strings(part)


def with_key(value: object, is_it: Callable[[dict[str, Any]], bool]) -> Iterator[dict[str, Any]]:
    """Yield every object in a message for which something holds."""
    match value:
        case dict():
            if is_it(value):
                yield value
            for part in value.values():
                yield from with_key(part, is_it)
        case list() | tuple():
            for part in value:
                yield from with_key(part, is_it)
