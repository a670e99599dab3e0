"""Domain values as what the API declares: by the names of fields, or by what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest

from costoptix.api.writing import From, all_written, written


@dataclass(frozen=True)
class Part:
    name: str


@dataclass(frozen=True)
class Whole:
    name: str
    parts: tuple[Part, ...]
    best: Part | None


@dataclass(frozen=True)
class PartData:
    name: str


@dataclass(frozen=True)
class WholeData:
    title: Annotated[str, From("name")]
    parts: list[PartData]
    best: PartData | None
    best_name: Annotated[str | None, From(lambda whole: whole.best and whole.best.name)]
    note: str


WHOLE = Whole("w", (Part("a"), Part("b")), Part("b"))


def test_fields_are_written_by_name_by_source_or_as_given() -> None:
    assert written(WholeData, WHOLE, note="n") == WholeData(
        "w", [PartData("a"), PartData("b")], PartData("b"), "b", "n"
    )


def test_what_is_none_stays_none_and_what_is_written_already_stays() -> None:
    nothing = Whole("w", (), None)
    assert written(WholeData, nothing, note="n", best=PartData("x")).best == PartData("x")
    assert written(WholeData, nothing, note="n") == WholeData("w", [], None, None, "n")


def test_a_field_that_the_value_lacks_is_a_mistake() -> None:
    with pytest.raises(AttributeError):
        written(WholeData, WHOLE)


def test_several_are_written_in_their_order() -> None:
    assert all_written(PartData, WHOLE.parts) == [PartData("a"), PartData("b")]
