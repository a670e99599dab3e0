"""Reading requests: query pairs and JSON bodies, with everything that hostile ones contain."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from flask import request

from costoptix.errors import Invalid, UnsupportedMediaType

MAX_JSON_BYTES = 1_000_000
MAX_JSON_DEPTH = 20  # Python's parser recurses: deep nesting would end in a RecursionError
LARGEST_INTEGER = 2**63 - 1  # what both databases hold
LARGEST_EXPONENT = 308
"""As of floats, in which other programs read the number."""
KEY_PATTERN = re.compile(r"\bcc_[0-9A-Za-z]{46}\b")
_KEY_PARAMETERS = frozenset({"key", "apikey", "xapikey", "accesstoken"})


def refuse_key_in_query() -> None:
    """Refuse a key in the query string: proxies and browsers keep those.

    Raises:
        Invalid: a parameter is named like a key, or holds one.
    """
    if not request.query_string:
        return
    for name, value in request.args.items(multi=True):
        is_named_so = re.sub(r"[-_]", "", name.lower()) in _KEY_PARAMETERS
        if is_named_so or KEY_PATTERN.search(value) or KEY_PATTERN.search(name):
            raise Invalid(
                "An API key does not belong in the query string, where it would be logged; "
                "send it in the X-API-Key header, and rotate this one."
            )


def bound_body() -> None:
    """Refuse to read more than ``MAX_JSON_BYTES`` of the body, be it that nothing else reads it."""
    request.max_content_length = MAX_JSON_BYTES


def query_pairs() -> list[tuple[str, str]]:
    """Return the query string as (name, value) pairs, in order.

    Raises:
        Invalid: a name or value holds a NUL, which no database takes.
    """
    if not request.query_string:
        return []
    pairs = list(request.args.items(multi=True))
    for name, value in pairs:
        if "\x00" in name or "\x00" in value:
            raise Invalid(f"The parameter {name!a} holds a NUL character, which is not allowed.")
    return pairs


def json_object() -> dict[str, Any]:
    """Return the body, which must be one JSON object in UTF-8 of at most 1 MB; none is ``{}``.

    Numbers with a point or an exponent are decimals, every digit kept.

    Raises:
        UnsupportedMediaType: the content type is not JSON.
        Invalid: not JSON, not an object, deeper than ``MAX_JSON_DEPTH``, a name given twice, a
            number that is not finite or not of 64 bits, half of a surrogate pair, a NUL.
    """
    body = request.get_data()
    if not body:
        return {}
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send the body as JSON: Content-Type: application/json.")
    try:
        value = json.loads(
            body,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_decimal,
        )
    except RecursionError:
        raise Invalid(_TOO_DEEP) from None
    except ValueError:  # also what is not UTF-8
        raise Invalid("The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise Invalid("The body must be a JSON object.")
    _check(value, MAX_JSON_DEPTH)
    return value


_UNREADABLE = "A number in the body is too large, or too near to zero."
_TOO_DEEP = f"The body is nested deeper than {MAX_JSON_DEPTH} levels."


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Invalid("The body gives a field twice; send each field once.")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise Invalid(f"{name} is not a JSON number.")


def _integer(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > LARGEST_INTEGER:
        raise Invalid("A number in the body is too large: whole numbers have at most 64 bits.")
    return int(text)


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent of more than 18 digits
        raise Invalid(_UNREADABLE) from None
    if number and abs(number.adjusted()) > LARGEST_EXPONENT:
        raise Invalid(_UNREADABLE)
    return number


def _check(value: object, depth: int) -> None:
    """Refuse what parses and yet cannot be stored or written again."""
    if depth < 0:
        raise Invalid(_TOO_DEEP)
    match value:
        case str():
            _check_text(value)
        case list():
            for item in value:
                _check(item, depth - 1)
        case dict():
            for name, item in value.items():
                _check_text(name)
                _check(item, depth - 1)


def _check_text(text: str) -> None:
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Invalid("A text in the body holds a NUL or half of a surrogate pair.")
