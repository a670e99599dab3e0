"""One event as a channel is told of it: what every platform makes its own message of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from costoptix.money import Amount
from costoptix.written import money


class Tone(StrEnum):
    """How much it matters, as colours and icons say it."""

    INFO = "info"
    GOOD = "good"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True)
class NamedAmount:
    """An amount that a message shows, with what it is called."""

    label: str  # "Spent"
    amount: Amount
    currency: str

    @property
    def text(self) -> str:
        """Return the amount as people read it: ``$1,234.50``."""
        return money(self.amount, self.currency)


@dataclass(frozen=True)
class MessageSection:
    """A part of a longer message: lines under a heading, the weightiest first.

    A line is what it is about and what is said of it; either may be empty.
    """

    title: str
    lines: tuple[tuple[str, str], ...]

    @property
    def texts(self) -> list[str]:
        """Return the lines as they are read: ``Amazon EC2: +$12.00``."""
        return [": ".join(filter(None, line)) for line in self.lines]


@dataclass(frozen=True)
class Notification:
    """What happened to an organization, in data and in words.

    ``title``, ``sentence`` and the labels may hold names from bills and people, as they are: a
    platform escapes what it takes for markup. All of it may be long; each platform cuts it to its
    limits.
    """

    kind: str  # "budget.warning": a name of ``kinds.KINDS``
    at: datetime  # when it happened
    organization_id: str
    organization_name: str
    data: Mapping[str, Any]  # JSON values, amounts as text: what the envelope holds
    tone: Tone
    title: str  # one line, without a full stop
    sentence: str  # the reason, with its amounts
    link: str  # absolute, to the page of what it is about
    amounts: tuple[NamedAmount, ...] = ()
    sections: tuple[MessageSection, ...] = ()
    is_test: bool = False
