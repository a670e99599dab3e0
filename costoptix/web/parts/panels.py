"""The panels of a page: one that cannot be computed says why, and the others are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from costoptix.failures import NOT_COMPUTED, reason

Shown = TypeVar("Shown")


@dataclass(frozen=True)
class Panel(Generic[Shown]):
    """What a panel shows, or why it shows nothing: ``error`` is "" where ``shown`` is there."""

    shown: Shown | None
    error: str = ""


def panel(name: str, compute: Callable[[], Shown]) -> Panel[Shown]:
    """Compute what a panel shows; ``name`` tells it from others in the log."""
    try:
        return Panel(compute())
    except Exception as error:
        return Panel(None, NOT_COMPUTED + reason(error, f"the panel {name}"))
