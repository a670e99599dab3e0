"""Tags in every spelling that clouds and tools write are the same tags; none are guessed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.bills.formats import Unread
from costoptix.bills.formats.pairs import LONGEST, pairs, structure, words

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.one_of(TEXTS, st.none(), st.just(value=True))
TAGS = st.dictionaries(TEXTS, VALUES, max_size=5)
PLAIN = st.from_regex(r"[a-zA-Z0-9ä_:/@.+-]{1,8}", fullmatch=True).filter(
    lambda text: text != "null"
)


def read(text: str) -> dict[str, object]:
    """Return what the pairs of a cell are."""
    written = pairs(text)
    return {} if written is None else json.loads(written)


@given(TAGS, st.booleans(), st.booleans())
def test_json_in_all_its_shapes(tags: dict[str, object], is_ascii: bool, is_spaced: bool) -> None:
    def written(value: object) -> str:
        marks = (", ", ": ") if is_spaced else (",", ":")
        return json.dumps(value, ensure_ascii=is_ascii, separators=marks)

    text = written(tags)
    assert read(text) == tags
    assert read(f"  {text} ") == tags
    assert read(json.dumps(text)) == tags  # JSON in a JSON string
    assert read(text[1:-1]) == tags  # without braces
    if tags:
        assert read(text[1:-1] + ",") == tags
        assert read(text[:-1] + ",}") == tags
    for key, value in (("key", "value"), ("Key", "Value")):
        assert read(written([{key: name, value: tag} for name, tag in tags.items()])) == tags
    more = [{"key": name, "value": tag, "x_type": "label"} for name, tag in tags.items()]
    assert read(written(more)) == tags
    alone = {name: tag for name, tag in tags.items() if name.lower() not in ("key", "value")}
    assert read(written([{name: tag} for name, tag in alone.items()])) == alone


@given(TAGS)
def test_what_python_prints(tags: dict[str, object]) -> None:
    assert read(repr(tags)) == tags
    assert read(str(list(tags.items()))) == tags
    assert read(str([{"key": name, "value": tag} for name, tag in tags.items()])) == tags


@given(st.dictionaries(PLAIN, st.one_of(PLAIN, st.none(), st.just("")), max_size=5))
def test_a_map_that_athena_prints(tags: dict[str, str | None]) -> None:
    inner = ", ".join(f"{name}={'null' if tag is None else tag}" for name, tag in tags.items())
    assert read("{" + inner + "}") == tags


@given(TAGS)
def test_what_was_read_reads_the_same_again(tags: dict[str, object]) -> None:
    once = pairs(json.dumps(tags))
    assert once is None or pairs(once) == once


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ('{"env":"x","env":"y"}', {"env": "y"}),
        ('{"Env":"a","env":"b"}', {"Env": "a", "env": "b"}),
        ('{"v":1.10,"n":5,"big":12345678901234567890123}',
         {"v": "1.10", "n": "5", "big": "12345678901234567890123"}),
        ('{"a":{"b":1.10},"l":[1,"x"]}', {"a": '{"b":1.10}', "l": '[1,"x"]'}),
        ('{"a":false,"b":true,"c":null}', {"a": "false", "b": True, "c": None}),
        ('{"":"v"}', {"": "v"}),
        ('{" org":"a"}', {" org": "a"}),
        ('{"größe":"ä","emoji":"🚀"}', {"größe": "ä", "emoji": "🚀"}),
        (r'"env": "a \"b\""', {"env": 'a "b"'}),
        ('"link-hidden:/sub/a": "Resource"', {"link-hidden:/sub/a": "Resource"}),
        ("{env=prod, team=a}", {"env": "prod", "team": "a"}),
        ("{env=a,b, team=null}", {"env": "a,b", "team": None}),
        ('[{"key":"env"}]', {"env": None}),
        ('[["env","prod"]]', {"env": "prod"}),
        ("[('env', 'prod')]", {"env": "prod"}),
        ("{'env': \"it's\"}", {"env": "it's"}),
        ('{"v":1e999}', {"v": "1e999"}),
        ('"{\'env\': \'prod\'}"', {"env": "prod"}), ('"{env=prod}"', {"env": "prod"}),
        ("[]", {}), ("{}", {}), ("{ }", {}), ('""', {}), ("()", {}),
    ],
)  # fmt: skip
def test_one_rule_for_what_is_odd(text: str, tags: dict[str, object]) -> None:
    assert read(text) == tags


@pytest.mark.parametrize(
    "text",
    [
        "team=web", "five", "5", "true", '"five"', "{env}", "{'env'}", "{env: prod}", "{=v}",
        '"env": "a "b""', "{url=http://x?a=b}", "{owner=Doe, John}", "{'note': 'it''s'}",
        "{'a': open('x')}", "{'a': b'x'}", "{'a': 'C:\\d'}", '{"a":', '["a","b"]', "[1]",
        '[{"name":"env","value":"prod"}]', '[{"key":"env","val":"x"}]', '[{"value":"x"}]',
        '{"a":"\\ud800"}', "[" * 100_000, "{'a':" * 10_000, "{'a': 1.10}", "map[env:prod]",
        '"[[["', "{None: 'a'}", "{1.5: 'a'}",
    ],
)  # fmt: skip
def test_what_could_mean_something_else_is_not_guessed(text: str) -> None:
    with pytest.raises(Unread):
        pairs(text)


def test_a_cell_that_would_take_much_memory_is_not_read() -> None:
    with pytest.raises(Unread):
        pairs("[" + "1," * LONGEST + "1]")
    assert len(structure("[" + "1," * LONGEST + "1]")) > LONGEST


def test_keys_are_called_as_a_format_has_them() -> None:
    assert pairs('{"user_env":"a","x":1}', lambda key: key.removeprefix("user_")) == (
        '{"env":"a","x":"1"}'
    )


@pytest.mark.parametrize(
    ("text", "json_text"),
    [
        ('{"a":1.10}', '{"a":1.10}'),
        ("{'a': 'b', 'c': None, 'd': [True]}", '{"a":"b","c":null,"d":[true]}'),
        ("[{'amount': -0.25}]", '[{"amount":-0.25}]'),
        ('[{"amount":1e999}]', '[{"amount":1e999}]'),
    ],
)
def test_a_structure_is_json(text: str, json_text: str) -> None:
    assert structure(text) == json_text


@pytest.mark.parametrize("text", ["Compute Engine", "5", '"x"', "null", "{'a'}", "{a=b}", "[{"])
def test_what_is_no_structure_is_unread(text: str) -> None:
    with pytest.raises(Unread):
        structure(text)


def test_words_are_a_list_of_texts() -> None:
    assert words('["GCP", "Compute"]') == words("['GCP', 'Compute']") == ["GCP", "Compute"]
    for text in ('["a", 1]', '{"a": "b"}', "a"):
        with pytest.raises(Unread):
            words(text)
