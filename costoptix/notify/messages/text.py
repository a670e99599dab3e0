"""Text of others in messages: on one line, harmless, and within a platform's limits.

Names from bills and people reach messages as they are. What would turn a message around or break
it into lines is taken out here; what a platform takes for markup, its own module escapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import accumulate

ELLIPSIS = "…"

_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the direction of all that follows, also outside the name that holds them."""

_BREAKS = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_HALVES = re.compile("[\ud800-\udfff]")
"""Halves of characters, which cannot be sent."""

PLENTY = 4
"""So many times its limit of a text is looked at; the rest would hardly ever be shown."""

Escape = Callable[[str], str]
"""What a platform makes of one character."""


def one_line(text: str) -> str:
    """Return a text on one line, without control characters and marks that turn what follows."""
    return _BREAKS.sub(" ", _HALVES.sub("\ufffd", _TURNS.sub("", text))).strip()


def size(text: str) -> int:
    """Count characters as the strictest platform does: an emoji is two."""
    return len(text) + sum(character > "\uffff" for character in text)


def fitted(text: str, most: int, escape: Escape = str) -> str:
    """Return a text on one line, escaped, of at most so many characters when escaped.

    Each character is escaped by itself, so that a cut never parts what belongs together.
    """
    pieces = [escape(character) for character in one_line(text[: PLENTY * most])[: most + 1]]
    if sum(map(size, pieces)) <= most:
        return "".join(pieces)
    return "".join(_first(pieces, most - size(ELLIPSIS))) + ELLIPSIS


def first_lines(
    lines: Sequence[str], most: int, longest: int, escape: Escape = str, count: int = 100
) -> list[str]:
    """Return the first lines that have room; a last one says how many have none.

    ``most`` bounds the characters of all of them with a line break after each, ``longest`` those
    of one, ``count`` how many there are beside the last.
    """
    texts = [fitted(line, longest, escape) + "\n" for line in lines[:count]]
    if len(texts) < len(lines) or sum(map(size, texts)) > most:
        texts = _first(texts, most - len(_more(len(lines))) - 1)
    kept = [text.removesuffix("\n") for text in texts]
    return kept if len(kept) == len(lines) else [*kept, _more(len(lines) - len(kept))]


def _first(texts: Sequence[str], most: int) -> list[str]:
    """Return the first texts that have so many characters in all."""
    ends = accumulate(map(size, texts))
    return [text for text, end in zip(texts, ends, strict=True) if end <= most]


def _more(count: int) -> str:
    return f"+ {count:,} more"
