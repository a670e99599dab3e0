"""How providers and accounts are written in files, where that is not how they are shown.

The lake keeps what bills wrote. Where files hold other spellings than the one of
``lake.providers``, questions about them go by a list of these; all other files are read as if
there were no spellings at all, so that nothing is slower for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from costoptix.lake.providers import CANONICAL, canonical_value

SPELLED = tuple(CANONICAL)
"""The dimensions whose values are written in more than one way."""


@dataclass(frozen=True)
class Spellings:
    """By dimension, each value that is written otherwise than it is shown → how it is shown."""

    shown: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of_values(cls, values: Iterable[tuple[str | None, ...]]) -> Spellings:
        """Return the spellings among values of the dimensions SPELLED."""
        shown: dict[str, dict[str, str]] = {}
        for dimension, column in zip(SPELLED, zip(*values, strict=True), strict=False):
            for value in set(column) - {None}:
                if (spelled := canonical_value(dimension, value)) is not None and spelled != value:
                    shown.setdefault(dimension, {})[value] = spelled
        return cls(shown)

    @classmethod
    def of_all(cls, parts: Iterable[Spellings]) -> Spellings:
        """Return the spellings of all parts together."""
        shown: dict[str, dict[str, str]] = {}
        for part in parts:
            for dimension, values in part.shown.items():
                shown.setdefault(dimension, {}).update(values)
        return cls(shown)

    @property
    def count(self) -> int:
        """Count the values that are written otherwise."""
        return sum(map(len, self.shown.values()))

    def of(self, dimension: str) -> Mapping[str, str]:
        """Return the values of a dimension that are written otherwise → how they are shown."""
        return self.shown.get(dimension, {})

    def written(self, dimension: str, values: Iterable[str | None]) -> list[str | None]:
        """List all that the files may hold for values in any spelling; None is "has none"."""
        chosen = {canonical_value(dimension, value) for value in values}
        others = (written for written, shown in self.of(dimension).items() if shown in chosen)
        return sorted({*chosen, *others}, key=lambda value: (value is not None, value or ""))


AS_SHOWN = Spellings()
"""Of files in which everything is written as it is shown."""
