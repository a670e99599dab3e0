"""What is handed in is read by one model, and refused in one sentence that names the field."""

from __future__ import annotations

import pytest
from pydantic import Field

from costoptix import drafts
from costoptix.drafts import Draft, Name
from costoptix.errors import Invalid


class Sample(Draft):
    """A draft for these tests."""

    name: Name
    number: int = Field(default=1, ge=0)
    words: list[str] = []


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "The field name is missing."),
        ({"name": "a", "nmae": 1}, "Unknown field 'nmae'; allowed: name, number, words."),
        ({"name": "a", "number": -1}, "The field number is wrong: "),
        ({"name": "a\nb"}, "The field name is wrong: control characters and line breaks are not"),
        ({"name": "   "}, "The field name is wrong: "),
        ({"name": "a", "words": ["x", 3]}, "The field words.1 is wrong: "),
    ],
)
def test_what_is_wrong_is_named(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(Invalid) as refusal:
        drafts.read(Sample, values)
    assert refusal.value.sentence.startswith(sentence)
    assert refusal.value.sentence.endswith(".")


def test_only_a_list_is_given_repeatedly() -> None:
    pairs = [("name", " a "), ("words", "x"), ("words", "y")]
    assert drafts.read_pairs(Sample, pairs) == Sample(name="a", words=["x", "y"])
    with pytest.raises(Invalid, match="The parameter name may be given only once"):
        drafts.read_pairs(Sample, [*pairs, ("name", "b")])


def test_of_a_repeated_parameter_the_name_is_said_without_a_number() -> None:
    with pytest.raises(Invalid, match=r"The parameter words is wrong"):
        drafts.read_pairs(Sample, [("name", "a"), ("words", "x" * 10_001)])


def test_a_name_of_another_s_is_shown_as_ascii() -> None:
    with pytest.raises(Invalid) as refusal:
        drafts.read(Sample, {"\u202egnp": 1, "name": "a"})
    assert refusal.value.sentence.isascii()


class Plain(Draft):
    """Numbers and booleans, as drafts have them."""

    flag: bool | None = None
    whole: int = 0
    number: float | None = None


@pytest.mark.parametrize(
    "values",
    [
        *({"flag": value} for value in ("yes", "on", "1", "t", "TRUE", 1, 0, 1.0, "")),
        *({"whole": value} for value in ("1_0", " 1", "1.5", "１", "+1", "0x1", True, "1e3", "")),
        *({"number": value} for value in ("1_0.5", "nan", "inf", True, "1e3", ".5", "1.", " 1")),
    ],
    ids=repr,
)
def test_a_number_or_boolean_is_written_plainly(values: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        drafts.read(Plain, values)
    with pytest.raises(Invalid):
        drafts.read(Plain, values, is_typed=True)


def test_text_may_write_numbers_and_booleans_where_all_is_text() -> None:
    texts = {"flag": "true", "whole": "-10", "number": "2.5"}
    assert drafts.read(Plain, texts) == Plain(flag=True, whole=-10, number=2.5)
    for name, text in texts.items():
        with pytest.raises(Invalid, match=f"The field {name} is wrong"):
            drafts.read(Plain, {name: text}, is_typed=True)
    assert drafts.read(Plain, {"flag": False, "whole": 3}, is_typed=True).whole == 3
