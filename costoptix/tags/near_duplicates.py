"""Names that are likely one: keys, or values of a key, that people wrote in several ways.

What only letter case, blanks or separators tell apart; and what one letter tells apart, in a word
of at least five letters without digits: ``eu-1`` and ``eu-2`` are two. These are suggestions: only
a person merges them, by a rule.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

SHORTEST_WORD = 5
_SEPARATORS = re.compile(r"[\s\-_./:]+")
_BLANKS = re.compile(r"\s+")


class Difference(StrEnum):
    """What tells names apart that are likely one."""

    CASE = "case"
    BLANKS = "blanks"
    SEPARATORS = "separators"
    ONE_LETTER = "one letter"


@dataclass(frozen=True)
class NearDuplicate:
    """Names that are likely one, as they are written, and what they may be called."""

    names: tuple[str, ...]  # in the order given
    difference: Difference

    @property
    def to(self) -> str:
        """Return the first of the names without what nobody sees."""
        return _seen(self.names[0])

    @property
    def others(self) -> tuple[str, ...]:
        """Return the names that a rule would rename."""
        return tuple(name for name in self.names if name != self.to)


def near_duplicates(names: Iterable[str]) -> list[NearDuplicate]:
    """Find the names that are likely one; those that matter most are given first."""
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        alike[_joined(_folded(name))].append(name)
    same = [
        NearDuplicate(tuple(group), _difference(group))
        for group in alike.values()
        if len(group) > 1
    ]
    heads = {_folded(group[0]): group[0] for group in alike.values()}
    return [*same, *_one_letter(heads)]


def _folded(name: str) -> str:
    return _SEPARATORS.sub("-", _seen(name).casefold()).strip("-") or name


def _joined(folded: str) -> str:
    """Return a name without separators: ``check-out`` is ``checkout``; but 1-23 is not 12-3."""
    has_digits = any(letter.isdigit() for letter in folded)
    return folded if has_digits else folded.replace("-", "") or folded


def _seen(name: str) -> str:
    """Return a name without invisible marks, and without blanks that nobody sees."""
    marks_gone = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    return _BLANKS.sub(" ", marks_gone).strip() or name


def _difference(group: Sequence[str]) -> Difference:
    if len({_seen(name) for name in group}) == 1:
        return Difference.BLANKS
    if len({_seen(name).casefold() for name in group}) == 1:
        return Difference.CASE
    return Difference.SEPARATORS


def _one_letter(heads: dict[str, str]) -> Iterator[NearDuplicate]:
    """Yield the pairs that one letter of one word tells apart.

    Each name stands under what is left of it without any one letter: of many names, only those
    that meet there are compared.
    """
    meeting: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for folded in heads:
        for left in set(_shortened(folded)):
            meeting[left].append(folded)
    position = {folded: number for number, folded in enumerate(heads)}
    pairs = {
        tuple(sorted((one, other), key=position.__getitem__))
        for group in meeting.values()
        for number, one in enumerate(group)
        for other in group[number + 1 :]
        if _is_one_letter(one, other)
    }
    for one, other in sorted(pairs, key=lambda pair: (position[pair[0]], position[pair[1]])):
        yield NearDuplicate((heads[one], heads[other]), Difference.ONE_LETTER)


def _shortened(folded: str) -> Iterator[tuple[str, ...]]:
    words = folded.split("-")
    for place, word in enumerate(words):
        if _is_long(word):
            for left in (word, *(word[:at] + word[at + 1 :] for at in range(len(word)))):
                yield (*words[:place], f"*{left}", *words[place + 1 :])


def _is_one_letter(one: str, other: str) -> bool:
    """Tell whether one letter is another, or is not there, in one word of both."""
    differing = [
        (word, twin) for word, twin in zip(one.split("-"), other.split("-"), strict=True)
        if word != twin
    ]  # fmt: skip
    if len(differing) != 1:
        return False
    word, twin = differing[0]
    if not (_is_long(word) and _is_long(twin)):
        return False
    if len(word) == len(twin):
        return sum(a != b for a, b in zip(word, twin, strict=True)) == 1
    short, long = sorted((word, twin), key=len)
    return len(long) - len(short) == 1 and any(
        long[:at] + long[at + 1 :] == short for at in range(len(long))
    )


def _is_long(word: str) -> bool:
    return len(word) >= SHORTEST_WORD and not any(letter.isdigit() for letter in word)
