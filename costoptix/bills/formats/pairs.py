"""Cells that hold more than one value, as clouds and their tools write them, made JSON.

Tags of a charge come as a JSON object, as a list of keys and values, as a map that Athena printed
(``{env=prod, team=a}``), without braces (Azure), as Python prints a dictionary, or as JSON in a
JSON string. What can only mean one thing is read; anything else is :class:`Unread`, never guessed.

Of the same key the last value holds; keys that differ in case are different. A value is text,
``null`` or ``true``; a number is its text, digit by digit, and what is nested is its JSON text.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Callable, Iterator

import orjson

from costoptix.bills.formats import Unread

Value = str | bool | None
LONGEST = 1 << 20
"""Characters of a cell that is read: as objects it takes forty times the memory."""
LONGEST_LITERAL = 100_000  # of what Python has printed: reading it is slow

_ATHENA = re.compile(r"""\{[^{}\[\]"']*\}""")
_BRACES = ("{", "[", "(")


def pairs(text: str, key: Callable[[str], str] | None = None) -> str | None:
    """Return the JSON object of a cell of keys and values; None where it has none.

    ``key`` says what a key is called here.

    Raises:
        Unread: what the cell means is not certain.
    """
    if len(text) > LONGEST:
        raise Unread
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = _of_another_form(text)
    else:
        if key is None and type(value) is dict and set(map(type, value.values())) == {str}:
            return orjson.dumps(value).decode()
        value = _exact(text)
    named = dict(_pairs(value))
    if key is not None:
        named = {key(name): value for name, value in named.items()}
    return _written(named) if named else None


def structure(text: str) -> str:
    """Return the JSON text of a cell that holds an object or a list; of a very long one itself.

    Raises:
        Unread: it is none, or what it means is not certain.
    """
    if len(text) > LONGEST:
        return text
    try:
        if isinstance(orjson.loads(text), dict | list):
            return text
    except orjson.JSONDecodeError:
        value = _literal(text)
        if isinstance(value, dict | list):
            return _written(value)
    raise Unread


def words(text: str) -> list[str]:
    """Return the texts of a list of them.

    Raises:
        Unread: it is none.
    """
    value = json.loads(structure(text))
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return value
    raise Unread


def _exact(text: str) -> object:
    """Read JSON; its numbers are written again as they are."""
    number = orjson.Fragment
    try:
        value: object = json.loads(text, parse_float=number, parse_int=number, parse_constant=str)
    except (ValueError, RecursionError):
        raise Unread from None
    return value


def _of_another_form(text: str) -> object:
    written, forms = text.strip(), [_exact, _without_last_comma, _literal]
    if written.startswith(_BRACES):
        forms.append(_athena)
    else:
        written = "{" + written + "}"  # Azure leaves them out
    for read in forms:
        try:
            return read(written)
        except Unread:
            continue
    raise Unread


def _without_last_comma(text: str) -> object:
    inner = text[:-1].rstrip()
    if not inner.endswith(","):
        raise Unread
    return _exact(inner[:-1] + text[-1])


def _literal(text: str) -> object:
    """Read what Python prints of dictionaries and lists; also JSON with numbers no float can be."""
    written = text.strip()
    try:
        return _exact(written)
    except Unread:
        if len(written) > LONGEST_LITERAL or not written.startswith(_BRACES):
            raise
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of escapes that are none
            value: object = ast.literal_eval(written)
        is_printed = _squeezed(repr(value)) == _squeezed(written)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise Unread from None
    if not is_printed:  # 'it''s' would be "its"
        raise Unread
    return value


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _athena(text: str) -> object:
    """Read a map that Athena or DuckDB has printed, where no value can hold a comma or ``=``."""
    if not _ATHENA.fullmatch(text):
        raise Unread
    read: dict[str, Value] = {}
    for part in text[1:-1].split(", "):
        name, _, value = part.partition("=")
        if not name.strip() or part.count("=") != 1:
            raise Unread
        read[name] = None if value == "null" else value
    return read


def _pairs(value: object) -> Iterator[tuple[str, Value]]:
    match value:
        case None:
            return
        case dict():
            for name, member in value.items():
                yield _name(name), _value(member)
        case list() | tuple():
            for item in value:
                yield from _item(item)
        case str() if not value.strip():
            return
        case str() if value.lstrip().startswith(_BRACES):
            yield from _pairs(_of_another_form(value))  # in a JSON string
        case _:
            raise Unread


def _item(item: object) -> Iterator[tuple[str, Value]]:
    """Read a member of a list: a key and its value, or an object of one pair."""
    match item:
        case [name, value]:
            yield _name(name), _value(value)
        case dict():
            members = {str(name).lower(): member for name, member in item.items()}
            if "key" in members and ("value" in members or len(members) == 1):
                yield _name(members["key"]), _value(members.get("value"))
            elif len(members) == 1 and "value" not in members:
                yield from _pairs(item)
            else:
                raise Unread
        case _:
            raise Unread


def _name(name: object) -> str:
    if isinstance(name, str):
        return name
    if isinstance(name, int) and not isinstance(name, bool):
        return str(name)
    raise Unread


def _value(value: object) -> Value:
    match value:
        case None | True | str():
            return value
        case False:
            return "false"
        case int() | float():
            return str(value)
        case dict() | list() | tuple() | orjson.Fragment():
            return _written(value)
        case _:
            raise Unread


def _written(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # half of a surrogate pair, a set, bytes
        raise Unread from None
