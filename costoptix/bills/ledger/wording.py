"""Puts into words what would go or come twice, as a person reads it above the answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from costoptix import money
from costoptix.bills.ledger import coverage
from costoptix.bills.ledger.coverage import Part, Totals
from costoptix.bills.ledger.losses import Aspect, Loss
from costoptix.bills.ledger.questions import Effect

MOST_NAMED = 5
"""Of many losses of a kind so many are named, the largest; the rest is counted."""

_OF_ASPECT = {
    Aspect.DAY: "Usage of {}",
    Aspect.CATEGORY: "{} charges",
    Aspect.ACCOUNT: "The account {}",
    Aspect.CURRENCY: "Every charge in {}",
}


def losses(every: Sequence[Loss]) -> list[str]:
    """Say in a sentence each what would go, the most money first: ``… would go: 40.10 USD``."""
    largest = sorted(every, key=lambda loss: loss.amount, reverse=True)
    sentences = [_loss(loss) for loss in largest[:MOST_NAMED]]
    if len(largest) > MOST_NAMED:
        sentences.append(f"And {len(largest) - MOST_NAMED} more.")
    return sentences


def _loss(loss: Loss) -> str:
    subject = loss.subject
    if loss.aspect is Aspect.DAY:
        subject = day(date.fromisoformat(subject))
    elif loss.aspect is Aspect.ACCOUNT:
        subject = subject.split(":", 1)[1] or "without a name"
    what = _OF_ASPECT[loss.aspect].format(subject)
    return f"{what} would go: {money.to_text(loss.amount)} {loss.currency}."


def untold(part: Part, share: float) -> str:
    """Ask what a delivery is to a live part of which it holds only a share, from 0 to 1."""
    what = f"{_days(part)} ({_amounts(part)})"
    if share > coverage.DISJOINT:
        return (
            f"Of {what}, which is live, this delivery holds about {share:.0%} of the charges. "
            "Does it replace that (replace), or is it another part (add)?"
        )
    return (
        f"{what} is live and not in this delivery. "
        "Is this another part (add), or does it replace that (replace)?"
    )


def late(part: Part) -> str:
    """Ask about charges that are older than what is live and not in it."""
    return (
        f"What is live was delivered later and does not hold these charges: {_days(part)} "
        f"({_amounts(part)}). Are they another part (add)?"
    )


def _amounts(part: Part) -> str:
    """Write the billed cost by currency; what a credit cancels is not left out: ``1000 − 700``."""
    by_currency = coverage.sums([part], ("currency",))
    return ", ".join(
        f"{_amount(totals)} {currency}" for (currency,), totals in sorted(by_currency.items())
    )


def _amount(totals: Totals) -> str:
    positive, negative = totals.billed_positive, totals.billed_negative
    if not positive or not negative:
        return money.to_text(positive + negative)
    return f"{money.to_text(positive)} − {money.to_text(-negative)}"


def also(doubled: Iterable[Effect]) -> str:
    """Say that to replace a month takes out what other sources bill of the same accounts."""
    for effect in doubled:
        return (
            f" It also brings accounts that the source {effect.source} bills already:"
            " replacing removes those there."
        )
    return ""


def span(part: Part) -> tuple[str, ...]:
    """Return the days of a part in one text: ``2026-03-01/2026-03-15``, or the only one."""
    first, last = _first_and_last(part)
    return (first.isoformat() if first == last else f"{first.isoformat()}/{last.isoformat()}",)


def day(one: date) -> str:
    """Write a day: ``12 March 2026``."""
    return f"{one.day} {one:%B %Y}"


def _days(part: Part) -> str:
    """Write the days of a part: ``1–15 March 2026``."""
    first, last = _first_and_last(part)
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"
    return f"{day(first)} – {day(last)}"


def _first_and_last(part: Part) -> tuple[date, date]:
    days: list[date] = part.coverage.table.column("day").unique().to_pylist()
    return min(days), max(days)
