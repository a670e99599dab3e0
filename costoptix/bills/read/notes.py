"""What a person should know of a file that was read although nothing of it is left out.

A note is one sentence. Notes of one kind are one note: their rows are added up, and the first
lines are named. What is kept of an import is bounded, whatever its file holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from costoptix.bills.read.columns import Rows
from costoptix.bills.read.rejections import shown
from costoptix.written import counted

LINES_NAMED = 3
MOST_NOTES = 20
MOST_CHARACTERS = 1_000  # of a sentence

_PLACEHOLDER = re.compile(r"\{(rows|lines|value)\}")


@dataclass(frozen=True)
class Noted:
    """Rows of a piece that a note is about; of a row that is rejected nothing is noted."""

    kind: str
    sentence: str
    records: Rows  # the rows of the cells; one may stand there twice
    value: str | None = None


class Place(NamedTuple):
    """Where a row is: the line on which it begins, and of several files which one."""

    line: int
    file: str | None = None

    def __str__(self) -> str:
        """Return it in words."""
        return f"line {self.line:,}" + (f" of {self.file}" if self.file else "")


@dataclass
class _Note:
    sentence: str
    value: str
    rows: int = 0
    places: list[Place] = field(default_factory=list)

    def text(self) -> str:
        """Return the sentence as people read it."""
        words = {"rows": counted(self.rows, "row"), "lines": self._lines(), "value": self.value}
        text = _PLACEHOLDER.sub(lambda match: words[match[1]], self.sentence)
        text = "".join(letter if letter.isprintable() else " " for letter in text)
        return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"

    def _lines(self) -> str:
        more = self.rows - len(self.places)
        named = ", ".join(map(str, self.places))
        return f"{named} and {more:,} more" if more and named else named


class Notes:
    """Collects the notes of one import while its files are read."""

    def __init__(self) -> None:
        self._notes: dict[tuple[str, str], _Note] = {}
        self._left_out = 0

    def add(
        self,
        kind: str,
        sentence: str,
        *,
        rows: int = 0,
        places: Iterable[Place] = (),
        value: str | None = None,
    ) -> None:
        """Count ``rows`` more of a kind, and of a value where one is given.

        ``sentence`` may hold ``{rows}`` ("1 row", "12 rows"), ``{lines}`` (the first places, and
        how many more rows there are) and ``{value}``: what a file says goes in there alone. Of the
        places only as many are taken as are named: see ``lacks_places``.
        """
        key = (kind, shown(value) or "")
        note = self._notes.get(key)
        if note is None:
            if len(self._notes) >= MOST_NOTES:
                self._left_out += 1
                return
            note = self._notes[key] = _Note(sentence, key[1])
        note.rows += rows
        for place in places:
            if len(note.places) < LINES_NAMED:
                note.places.append(place)

    def lacks_places(self, kind: str, value: str | None = None) -> int:
        """Return how many more places of a kind and value would be named."""
        note = self._notes.get((kind, shown(value) or ""))
        if note is None:
            return LINES_NAMED if len(self._notes) < MOST_NOTES else 0
        return LINES_NAMED - len(note.places)

    def sentences(self) -> tuple[str, ...]:
        """Return the notes in the order in which they came up, as people read them."""
        sentences = [note.text() for note in self._notes.values()]
        if self._left_out:
            sentences.append("There is more of this kind that is not listed here.")
        return tuple(sentences)
