"""The draft of a rule that cleans tags: one model for form and JSON alike."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from costoptix.costs.query import MAX_TAG_KEY_LENGTH, MAX_VALUE_LENGTH, is_tag_key, is_text
from costoptix.drafts import Draft
from costoptix.lake.tag_rules import Rename

MAX_NAMES = 100
"""How many values or keys one rule is about; several rules may lead to one name."""

MAX_KEYS = 10
"""How many keys one rule renames: what each would move is looked up in the bills."""

_JOINER = "\u200d"
"""Joins emoji into one: it is seen, by what it does."""


def _written(value: str) -> str:
    if not value:
        raise ValueError("what has no tag cannot be renamed; give what bills write")
    if not is_text(value):
        raise ValueError("it must be valid Unicode text")
    return value


def _readable(value: str) -> str:
    if not value.replace(_JOINER, "").isprintable():
        raise ValueError("control characters, line breaks and invisible marks are not allowed")
    return value


def _key(value: str | None) -> str | None:
    if value is not None and not is_tag_key(value):
        raise ValueError(f"a key has 1 to {MAX_TAG_KEY_LENGTH} printable characters and no comma")
    return value


WrittenName = Annotated[str, Field(max_length=MAX_VALUE_LENGTH), AfterValidator(_written)]
CleanName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_VALUE_LENGTH),
    AfterValidator(_readable),
]


class RuleDraft(Draft):
    """A rule: ``to`` takes the place of values of ``key``, or of keys where there is no ``key``."""

    key: Annotated[str | None, AfterValidator(_key)] = Field(
        None, description="The tag whose values are renamed; null renames keys."
    )
    names: list[WrittenName] = Field(
        alias="from", min_length=1, max_length=MAX_NAMES,
        description=f"The values, or at most {MAX_KEYS} keys, exactly as bills write them.",
    )  # fmt: skip
    to: CleanName = Field(description="What they are called from now on.")

    @field_validator("names")
    @classmethod
    def _distinct(cls, names: list[str]) -> list[str]:
        if len(set(names)) < len(names):
            raise ValueError("name each once")
        return names

    @field_validator("names")
    @classmethod
    def _few_keys(cls, names: list[str], info: ValidationInfo) -> list[str]:
        if "key" not in info.data or info.data["key"] is not None:
            return names
        if len(names) > MAX_KEYS:
            raise ValueError(f"at most {MAX_KEYS} keys are allowed; make another rule for more")
        if any(len(name) > MAX_TAG_KEY_LENGTH for name in names):
            raise ValueError(f"a key has at most {MAX_TAG_KEY_LENGTH} characters")
        return names

    @field_validator("to")
    @classmethod
    def _elsewhere(cls, to: str, info: ValidationInfo) -> str:
        if to in info.data.get("names", ()):
            raise ValueError("a rule cannot rename onto itself; take it out of from")
        if info.data.get("key", "") is None:
            _key(to)
        return to

    @property
    def rename(self) -> Rename:
        """Return the rule as a value."""
        return Rename(self.key, tuple(self.names), self.to)
