"""Finds files that were sent together and hold one month twice: two versions of an export.

The files of one export hold different charges; of two versions the smaller one holds mostly
charges of the other.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from costoptix.lake.coverage import Sketch

IN_COMMON = 0.5
"""More of the charges of the smaller one than this are in the other."""


@dataclass
class _Copy:
    """Files that are parts of one version."""

    sketch: Sketch
    first_file: int


class Copies:
    """Tells file by file which version of its month it is a part of."""

    def __init__(self) -> None:
        self._copies: dict[Hashable, list[_Copy]] = {}
        self.pairs: list[tuple[int, int]] = []  # numbers of files, the earlier first

    def add(self, month: Hashable, number: int, sketch: Sketch) -> int:
        """Return which version of a month a file is a part of, from 0, and take it into that."""
        copies = self._copies.setdefault(month, [])
        alike = [at for at, copy in enumerate(copies) if _is_copy(sketch, copy.sketch)]
        at = alike[-1] + 1 if alike else 0
        if alike:
            self.pairs.append((copies[alike[-1]].first_file, number))
        if at == len(copies):
            copies.append(_Copy(sketch, number))
        else:
            copies[at].sketch = copies[at].sketch.union(sketch)
        return at


def _is_copy(one: Sketch, other: Sketch) -> bool:
    shares = (one.share_in([other]), other.share_in([one]))
    return any(share is not None and share > IN_COMMON for share in shares)
