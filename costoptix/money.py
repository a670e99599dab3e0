"""Money: exact decimals of 18 places, in and out as text. Never float.

Arithmetic on amounts is exact. A process's own decimal context would keep 28 digits and say
nothing of those it loses: the sum of 20 digits before the point and 18 after needs 38. So this
module, which everything that holds an amount imports, makes ``EXACT`` the context of every thread
of the process, and ``+``, ``-`` and ``*`` keep every digit wherever they are written. What cannot
be exact, a quotient or a shorter number, has a function here that says how it rounds. No other
module makes a context or rounds (kept by the suite, which also makes every operation fail that
loses a digit: ``fail_on_loss``).
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

Amount = Decimal
"""An amount of money in some currency: at most 20 digits before the point, 18 after."""

Quanta = int
"""The same as a whole number of ``QUANTUM``, for sums over very many: exact without a context, and
several times as fast."""

PLACES = 18
_ONE = Decimal(1)
QUANTUM = _ONE.scaleb(-PLACES)

_MISTAKES = [decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow]
EXACT = Context(prec=60, rounding=ROUND_HALF_UP, traps=[*_MISTAKES, decimal.Inexact])
"""The one context of amounts: 38 digits, and room for the sum of 10^22 of them. A lost digit is an
error."""

FILE_SUMS = Context(prec=400, rounding=ROUND_HALF_UP, traps=[*_MISTAKES, decimal.Inexact])
"""For sums of the numbers of a file as they are written, unrounded: 20 digits before the point, 197
after (``exact`` takes 100 characters and exponents from -99), times more rows than there are."""

_ROUNDING = Context(prec=120, rounding=ROUND_HALF_UP, traps=_MISTAKES)
"""For what is rounded once, at its end: a product of two amounts (76 digits) is exact in it, and no
quotient of one by an amount lies so near to a tie that its 120 digits would round the other way."""

_POWERS = Context(prec=28, rounding=ROUND_HALF_EVEN, traps=_MISTAKES)
"""For roots, of which a table of services takes one a row: 60 digits would take twice as long."""

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_SMALLEST_EXPONENT = -99
LARGEST = Decimal(10) ** (38 - PLACES)
"""Exclusive: what DECIMAL(38,18) can hold."""
_LARGEST_QUANTA = 10**38
_CURRENCY = re.compile(r"[A-Z]{3}")


def exact(text: str) -> Decimal:
    """Read a number as it stands, every digit kept.

    Raises:
        ValueError: not a plain or E-notation number (NaN, $10, 1,000 and blanks are not), one too
            large to be an amount, or of an exponent below -99.
    """
    written = _NUMBER.fullmatch(text) if len(text) <= 100 else None
    if written is None:
        raise ValueError(f"not a number: {text[:40]!r}")
    if written[3] is not None and int(written[3][1:]) < _SMALLEST_EXPONENT:
        raise ValueError("number too small")
    number = Decimal(text)
    if number.copy_abs() >= LARGEST:  # abs() would round to the context of the thread
        raise ValueError("number too large")
    return number


def to_amount(number: Decimal) -> Amount:
    """Round half away from zero to 18 places: the one rounding, on the way in.

    Raises:
        ValueError: the number has more than 20 digits before the point.
    """
    if number.copy_abs() < LARGEST:
        amount = rounded(number, PLACES)
        if amount.copy_abs() < LARGEST:
            return amount
    raise ValueError("number too large")


def rounded(number: Decimal, places: int) -> Decimal:
    """Round half away from zero to so many places; the number has at most 100 before the point."""
    quantum = QUANTUM if places == PLACES else Decimal(1).scaleb(-places)
    return number.quantize(quantum, context=_ROUNDING)


def scaled(
    amount: Decimal, factor: Decimal | int, divisor: Decimal | int, places: int = PLACES
) -> Decimal:
    """Return amount × factor ÷ divisor, rounded once, half away from zero.

    Raises:
        ValueError: the result has more than 20 digits before the point.
        decimal.DivisionByZero: the divisor is zero.
    """
    result = rounded(_ROUNDING.divide(_ROUNDING.multiply(amount, factor), divisor), places)
    if result.copy_abs() >= LARGEST:
        raise ValueError("number too large")
    return result


def from_quanta(quanta: Quanta) -> Amount:
    """Return so many times ``QUANTUM``."""
    return Decimal(quanta).scaleb(-PLACES, EXACT)


def in_proportion(amount: Quanta, part: int, whole: int) -> Quanta:
    """Return an amount × part ÷ whole, rounded once, half away from zero.

    The part is at least 0, the whole above it.

    Raises:
        ValueError: the result has more than 20 digits before the point.
    """
    doubled = 2 * part * (amount if amount >= 0 else -amount) + whole
    result = doubled // (2 * whole)
    if result >= _LARGEST_QUANTA:
        raise ValueError("number too large")
    return result if amount >= 0 else -result


def quotient(amount: Decimal, divisor: Decimal | int) -> Amount:
    """Return an amount divided, rounded half away from zero to 18 places.

    Raises:
        ValueError: the result has more than 20 digits before the point.
        decimal.DivisionByZero: the divisor is zero.
    """
    return scaled(amount, 1, divisor)


def times_over(amount: Decimal, part: Decimal) -> int:
    """Count how often a part must be taken to reach an amount; the part is above zero."""
    count, rest = EXACT.divmod(amount, part)
    return int(count) + (rest > 0)


def growth_percent(before: Amount, now: Amount, periods: int, of: int) -> Decimal:
    """Return (now ÷ before)^(of ÷ periods) − 1 in percent, to 28 digits.

    Both amounts are above zero.
    """
    factor = _POWERS.power(_POWERS.divide(now, before), _POWERS.divide(of, periods))
    return _POWERS.multiply(_POWERS.subtract(factor, 1), 100)


def parse_amount(text: str) -> Amount:
    """Read an amount from text, rounded to 18 places.

    Raises:
        ValueError: not a number, too large or too small.
    """
    return to_amount(exact(text))


def to_text(amount: Decimal) -> str:
    """Write an amount exactly: no exponent, no trailing zeros, never ``-0``."""
    text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def is_currency(text: str) -> bool:
    """Tell whether ``text`` has the form of an ISO 4217 code (three capital letters)."""
    return _CURRENCY.fullmatch(text) is not None


def total(amounts: Iterable[Amount], context: Context = EXACT) -> Amount:
    """Add exactly; numbers of a file, unrounded, in ``FILE_SUMS``."""
    result = Decimal(0)
    for amount in amounts:
        result = context.add(result, amount)
    return result


def fail_on_loss() -> None:
    """Make every operation of this process fail that loses a digit, wherever it is written.

    For the suite: in production an operation that was overlooked keeps 60 digits instead.
    """
    for context in (decimal.DefaultContext, decimal.getcontext()):
        context.traps[decimal.Inexact] = True


def _keep_every_digit() -> None:
    """Make ``EXACT`` the context of this thread and, by the template, of those to come."""
    for context in (decimal.DefaultContext, decimal.getcontext()):
        context.prec, context.rounding = EXACT.prec, EXACT.rounding


_keep_every_digit()  # at import, as nothing else here is: what must be called can be forgotten
