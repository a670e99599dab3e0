"""Figures as Prometheus reads them: the text format 0.0.4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

Labels = Mapping[str, str]


@dataclass
class Family:
    """One metric: its name with its unit, what it is, and its samples."""

    name: str
    kind: str  # counter, gauge, histogram
    help: str
    lines: list[str] = field(default_factory=list)

    def add(self, value: float, /, **labels: str) -> None:
        """Add a sample."""
        self._add("", value, labels)

    def add_histogram(
        self, ends: Sequence[float], counts: Sequence[int], total: float, /, **labels: str
    ) -> None:
        """Add a histogram: how many lie up to each of ``ends``, then how many above; their sum."""
        below = 0
        for end, count in zip((*map(_number, ends), "+Inf"), counts, strict=True):
            below += count
            self._add("_bucket", below, {**labels, "le": end})
        self._add("_sum", total, labels)
        self._add("_count", below, labels)

    def _add(self, suffix: str, value: float, labels: Labels) -> None:
        pairs = ",".join(f'{name}="{text.translate(_ESCAPED)}"' for name, text in labels.items())
        shown = f"{{{pairs}}}" if pairs else ""
        self.lines.append(f"{self.name}{suffix}{shown} {_number(value)}")


def text(families: Iterable[Family]) -> str:
    """Write the families that have samples."""
    lines: list[str] = []
    for family in families:
        if family.lines:
            lines += (f"# HELP {family.name} {family.help}", f"# TYPE {family.name} {family.kind}")
            lines += family.lines
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
