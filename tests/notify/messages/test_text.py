"""Text of others: on one line, escaped, cut where it must be."""

from __future__ import annotations

from html import escape

from hypothesis import given
from hypothesis import strategies as st

from costoptix.notify.messages.text import first_lines, fitted, one_line, size


def test_a_name_stays_on_its_line_and_turns_nothing_around() -> None:
    assert one_line(" a\r\n\tb\u2028c\x00d ") == "a b c d"
    assert one_line("invoice\u202egpj.exe\u2066x\u2069") == "invoicegpj.exex"
    assert one_line("half \ud83d") == "half \ufffd"
    assert one_line("שלום 😀") == "שלום 😀"


def test_a_cut_never_parts_an_escape_or_a_character() -> None:
    assert fitted("<<<", 12, escape) == "&lt;&lt;&lt;"
    assert fitted("<<<", 11, escape) == "&lt;&lt;…"
    assert fitted("😀😀", 3) == "😀…"


@given(st.text(), st.integers(1, 50))
def test_a_text_never_exceeds_its_limit(text: str, most: int) -> None:
    assert size(fitted(text, most, escape)) <= most


def test_lines_without_room_are_counted() -> None:
    assert first_lines(["a", "b"], 4, 10) == ["a", "b"]
    assert first_lines(["aaaa"] * 20, 20, 10) == ["aaaa", "aaaa", "+ 18 more"]
    assert first_lines(["a"] * 20, 20, 10, count=3) == ["a", "a", "a", "+ 17 more"]
    assert first_lines(["a" * 30], 20, 10) == ["aaaaaaaaa…"]
    assert first_lines([], 20, 10) == []


@given(st.lists(st.text()), st.integers(15, 200))
def test_lines_never_exceed_their_room(lines: list[str], most: int) -> None:
    assert size("\n".join(first_lines(lines, most, 50, escape))) <= most
