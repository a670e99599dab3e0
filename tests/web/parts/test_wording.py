"""How people call what the API names."""

from __future__ import annotations

from costoptix.web.parts.wording import titles_of, with_blanks


def test_blanks_that_nobody_sees_are_shown() -> None:
    assert with_blanks("org") == "org"
    assert with_blanks(" org") == "“␣org”"
    assert with_blanks("org  b ") == "“org␣␣b␣”"
    assert with_blanks("  ") == "“␣␣”"


def test_tag_keys_that_only_case_or_blanks_tell_apart_name_each_other() -> None:
    titles = titles_of(["tag:Team", "tag:team", "tag: team", "tag:env", "region_id"])
    assert titles["tag:team"] == "Tag team (not Team, “␣team”)"
    assert titles["tag: team"] == "Tag “␣team” (not Team, team)"
    assert (titles["tag:env"], titles["region_id"]) == ("Tag env", "Region")
