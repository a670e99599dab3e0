"""Values of the domain written as what the API declares: field by field, by the names of fields.

A declared field holds the attribute of its own name, or what its ``From`` names. Fields
of declared types are written likewise, in lists and where they may be None as well; every other
value stands as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, is_dataclass
from functools import cache
from operator import attrgetter
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

_Declared = TypeVar("_Declared")
_Reader = Callable[[Any], Any]


@dataclass(frozen=True)
class From:
    """Where the value of a field is: a (dotted) attribute, or a function of the whole value."""

    source: str | _Reader

    @property
    def reader(self) -> _Reader:
        """Return what takes it from a value."""
        return attrgetter(self.source) if isinstance(self.source, str) else self.source


def written(declared: type[_Declared], value: object, **given: object) -> _Declared:
    """Write a value as a declared dataclass; ``given`` are fields that the value does not have."""
    fields = {
        name: write(given[name] if name in given else read(value))
        for name, (read, write) in _fields(cast(Hashable, declared)).items()
    }
    return declared(**fields)


def all_written(declared: type[_Declared], values: Iterable[object]) -> list[_Declared]:
    """Write values as a list of a declared dataclass."""
    return [written(declared, value) for value in values]


@cache
def _fields(declared: Hashable) -> dict[str, tuple[_Reader, _Reader]]:
    """Return, by name, how each field is read from a value and then written."""
    hints = get_type_hints(declared, include_extras=True)
    return {name: _field(name, hints[name]) for name in hints}


def _field(name: str, hint: Any) -> tuple[_Reader, _Reader]:
    if get_origin(hint) is not Annotated:
        return attrgetter(name), _writer(hint)
    declared, source = get_args(hint)
    return source.reader, _writer(declared)


def _writer(hint: Any) -> _Reader:
    """Return how a value of a declared type is written."""
    if get_origin(hint) in (Union, UnionType):
        (inner,) = (part for part in get_args(hint) if part is not type(None))
        write = _writer(inner)
        return lambda value: None if value is None else write(value)
    if get_origin(hint) is list:
        write = _writer(get_args(hint)[0])
        return lambda values: [write(value) for value in values]
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda value: value if isinstance(value, hint) else written(hint, value)
    return lambda value: value
