"""Drafts: what a person or script hands in, read by one pydantic model for form and JSON alike."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from costoptix.errors import Invalid


class Draft(BaseModel):
    """A model that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=10_000)

    @field_validator("*", mode="before")
    @classmethod
    def _plainly(cls, value: object, info: ValidationInfo) -> object:
        """Refuse what pydantic would guess: "yes" as true, "1_0" as 10, true as 1.

        And, in JSON, the placeholder that an example of the guide holds in place of a value.
        """
        if info.context and is_placeholder(info.field_name or "", value):
            raise ValueError(FILL_IN)
        kinds = _kinds(cls, info.field_name or "")
        if bool in kinds:
            _require_flag(value, is_typed=bool(info.context))
        elif kinds & {int, float}:
            _require_number(value, is_typed=bool(info.context))
        return value


Model = TypeVar("Model", bound=Draft)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("control characters and line breaks are not allowed")
    return text


_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


@cache
def _kinds(model: type[Draft], name: str) -> frozenset[object]:
    """Return the types that a field may be of, but for None."""
    annotation = model.model_fields[name].annotation
    return frozenset(typing.get_args(annotation) or (annotation,)) - {type(None)}


FILL_IN = "fill it in: the guide's example holds a placeholder there"


def placeholder(name: str) -> str:
    """Return what an example holds in place of the value of that name: ``<budget_id>``."""
    return f"<{name}>"


def is_placeholder(name: str, value: object) -> bool:
    """Tell whether a value, or one of a list, is the placeholder of that name."""
    values = value if isinstance(value, list) else [value]
    return placeholder(name) in values


def _require_flag(value: object, *, is_typed: bool) -> None:
    is_text = value in ("true", "false") and not is_typed
    if not (is_text or value is None or isinstance(value, bool)):
        raise ValueError("it must be true or false")


def _require_number(value: object, *, is_typed: bool) -> None:
    if isinstance(value, bool) or (isinstance(value, str) and is_typed):
        raise ValueError("it must be a number")
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError("it must be a number in plain digits")


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_printable),
]
"""What people call a thing: one line of 1 to 100 characters."""


def read(
    model: type[Model], values: Mapping[str, object], kind: str = "field", *, is_typed: bool = False
) -> Model:
    """Read a draft from named values.

    ``is_typed`` of values from JSON, where numbers and booleans are written as such, not as text.

    Raises:
        Invalid: a value is wrong, missing or unknown; the sentence names the first such ``kind``
            ("field" or "parameter") and what is allowed.
    """
    try:
        return model.model_validate(values, context={"is_typed": True} if is_typed else None)
    except ValidationError as error:
        raise _refusal(error, model, kind) from None


def read_pairs(
    model: type[Model], pairs: Iterable[tuple[str, str]], kind: str = "parameter"
) -> Model:
    """Read a draft from (name, text) pairs; only a field that is a list may come repeatedly.

    Raises:
        Invalid: as ``read``; or a single value was given twice.
    """
    values: dict[str, object] = {}
    for name, text in pairs:
        if _is_list(model, name):
            given = values.setdefault(name, [])
            typing.cast("list[str]", given).append(text)
        elif name in values:
            raise Invalid(f"The {kind} {name} may be given only once.", field=name)
        else:
            values[name] = text
    return read(model, values, kind)


def _is_list(model: type[Draft], name: str) -> bool:
    field = model.model_fields.get(name)
    return field is not None and typing.get_origin(field.annotation) in (list, tuple)


_WORDS = {
    "string_too_short": "it must not be empty",
    "string_too_long": "at most {max_length} characters are allowed",
    "string_type": "it must be a text",
    "enum": "it must be one of {expected}",
    "literal_error": "it must be one of {expected}",
}
"""What pydantic calls otherwise, by its type of error."""


def _refusal(error: ValidationError, model: type[Model], kind: str) -> Invalid:
    """Return the refusal of the first field that is wrong."""
    first = error.errors(include_url=False)[0]
    # Of a repeated parameter, nobody counts which it was.
    parts = [p for p in first["loc"] if kind != "parameter" or not isinstance(p, int)]
    name = ".".join(str(part) for part in parts)[:100]
    if first["type"] == "extra_forbidden":
        names = (field.alias or name for name, field in model.model_fields.items())
        allowed = ", ".join(names) or "none"
        return Invalid(f"Unknown {kind} {name!a}; allowed: {allowed}.")
    if first["type"] == "missing":
        return Invalid(f"The {kind} {name} is missing.", field=name, reason="it is missing")
    reason = _reason(first["type"], first["msg"], first.get("ctx", {}))
    return Invalid(f"The {kind} {name} is wrong: {reason}.", field=name, reason=reason)


def _reason(error_type: str, message: str, context: Mapping[str, object]) -> str:
    if error_type in _WORDS:
        return _WORDS[error_type].format(**context)
    message = message.removeprefix("Value error, ")
    return f"{message[0].lower()}{message[1:]}"
