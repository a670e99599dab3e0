"""Rules of tags as a value: total, whatever they say, and of one order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from costoptix.lake.tag_rules import Rename, TagCleaning

names = st.sampled_from("abcdef")
renames = st.builds(
    Rename,
    st.none() | names,
    st.lists(names, min_size=1, max_size=3, unique=True).map(tuple),
    names,
)
rules = st.lists(renames, max_size=6).map(lambda steps: TagCleaning(tuple(steps)))
tags = st.dictionaries(names, st.sampled_from(["", *"abcdef"]), max_size=4)


def test_rules_follow_each_other() -> None:
    cleaning = TagCleaning(
        (Rename(None, ("Team",), "team"), Rename("team", ("b",), "c"), Rename("team", ("a",), "b"))
    )
    assert cleaning.cleaned({"Team": "a"}) == {"team": "c"}
    assert cleaning.chain("team", "a") == ("a", "b", "c")
    assert cleaning.written_keys("Team") == ("team", "Team")


def test_of_several_keys_the_preferred_one_counts_unless_it_is_empty() -> None:
    cleaning = TagCleaning((Rename(None, ("Team", "TEAM"), "team"),))
    assert cleaning.cleaned({"TEAM": "3", "Team": "2", "team": "1"}) == {"team": "1"}
    assert cleaning.cleaned({"TEAM": "3", "Team": "2", "team": ""}) == {"team": "2"}
    assert cleaning.cleaned({"TEAM": "3", "Team": ""}) == {"team": "3"}


@given(rules, tags)
def test_to_clean_is_total_and_done_once(cleaning: TagCleaning, written: dict[str, str]) -> None:
    """Whatever the rules say, a circle among them; what is clean stays as it is."""
    cleaned = cleaning.cleaned(written)
    assert "" not in cleaned.values()
    assert cleaning.cleaned(cleaned) == cleaned
    assert bool(cleaned) == any(written.values())
    assert all(cleaning.key(key) == key for key in cleaned)


@given(tags)
def test_without_rules_tags_are_as_they_are_written(written: dict[str, str]) -> None:
    assert TagCleaning().cleaned(written) == {key: value for key, value in written.items() if value}
