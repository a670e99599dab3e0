"""Cleaned tags for DuckDB: what the rules of an organization make of the sets of tags in files.

Bills hold few sets of tags for their many charges. So each distinct set is looked at once, and
charges are joined with what came out: a question takes hardly longer for any number of rules.
"""

from __future__ import annotations

from collections.abc import Sequence

from costoptix.costs.query import CostQuery, is_raw_tag, is_tag, tag_key
from costoptix.costs.sql_values import Values
from costoptix.lake.tag_rules import TagCleaning

KEY_POINTER = "'/' || replace(replace(key, '~', '~0'), '/', '~1')"
"""The JSON pointer of the column ``key``."""

TAG_SET = "tag_set"
"""The column by which files are joined with what their sets of tags come to."""


def pointer(key: str) -> str:
    """Return the JSON pointer of a tag key."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def cleaned_tags(query: CostQuery) -> list[str]:
    """List the tags of a query about which there is a rule."""
    names = (*query.group_by, *(f.dimension for f in (*query.filters, *query.exclusions)))
    return [name for name in dict.fromkeys(names) if _is_cleaned(query, name)]


def _is_cleaned(query: CostQuery, name: str) -> bool:
    if not is_tag(name) or is_raw_tag(name):
        return False
    key, rules = tag_key(name), query.tag_rules
    return rules.written_keys(key) != (key,) or bool(rules.values(key))


def tag_value(query: CostQuery, name: str, values: Values) -> str:
    """Write the value of a tag; one that is empty is one that is not there.

    That of a cleaned tag is in the relation that ``joined_tags`` adds.
    """
    cleaned = cleaned_tags(query)
    return _column(cleaned.index(name)) if name in cleaned else _written([tag_key(name)], values)


def joined_tags(query: CostQuery, files: str, where: Sequence[str], values: Values) -> str:
    """Write the join of files with the cleaned tags of a query; nothing where it has none.

    ``where`` are conditions on the files that spare looking at other sets of tags.
    """
    cleaned = cleaned_tags(query)
    if not cleaned:
        return ""
    rules = query.tag_rules
    written = [
        f"{_written(rules.written_keys(tag_key(name)), values)} AS written_{number}"
        for number, name in enumerate(cleaned)
    ]
    sets = f"SELECT tags AS {TAG_SET}, {', '.join(written)} FROM ({_sets(files, where)})"  # noqa: S608
    columns, joins = [TAG_SET], []
    for number, name in enumerate(cleaned):
        renamed = rules.values(tag_key(name))
        value = f"written_{number}"
        if renamed:
            old, new = values.bind(list(renamed)), values.bind(list(renamed.values()))
            lists = f"SELECT unnest({old}) AS old_{number}, unnest({new}) AS new_{number}"
            joins.append(f"LEFT JOIN ({lists}) ON {value} = old_{number}")
            value = f"coalesce(new_{number}, {value})"
        columns.append(f"{value} AS {_column(number)}")
    relation = f"SELECT {', '.join(columns)} FROM ({sets}) {' '.join(joins)}"  # noqa: S608
    return f"LEFT JOIN ({relation}) ON tags = {TAG_SET}"


def _column(number: int) -> str:
    return f"tag_{number}"


def _sets(files: str, where: Sequence[str]) -> str:
    conditions = " AND ".join([*where, "tags IS NOT NULL"])
    return f"SELECT DISTINCT tags FROM {files} WHERE {conditions}"  # noqa: S608


def _written(keys: Sequence[str], values: Values) -> str:
    """Write the first of the values of some keys that is not empty."""
    if len(keys) == 1:
        return f"nullif(json_extract_string(tags, {values.bind(pointer(keys[0]))}), '')"
    pointers = ", ".join(values.bind(pointer(key)) for key in keys)
    return f"list_filter(json_extract_string(tags, [{pointers}]), lambda one: one <> '')[1]"


def cleaned_sets(rules: TagCleaning, files: str, where: Sequence[str], values: Values) -> str:
    """Write the join of files with each of their sets of tags that rules change, as JSON text.

    Columns: ``written_set`` and ``cleaned_set``.
    """
    ranks = [
        (name, called, rank)
        for called in dict.fromkeys(rules.renamed_keys.values())
        for rank, name in enumerate(rules.written_keys(called)[1:], start=1)
    ]
    renamed = [
        (key, old, new) for key in rules.keys_with_values for old, new in rules.values(key).items()
    ]
    name, called, rank = ([str(row[at]) for row in ranks] for at in range(3))
    key, old, new = ([row[at] for row in renamed] for at in range(3))
    keys = _lists({"name": name, "called": called, "rank": rank}, values)
    news = _lists({"of_key": key, "old": old, "new": new}, values)
    pairs = f"SELECT tags, unnest(json_keys(tags)) AS key FROM ({_sets(files, where)})"  # noqa: S608
    valued = f"SELECT *, json_extract_string(tags, {KEY_POINTER}) AS value FROM ({pairs})"  # noqa: S608
    first = (
        "SELECT tags, coalesce(called, key) AS tag_key, bool_or(called IS NOT NULL) AS is_renamed, "  # noqa: S608
        "arg_min(value, coalesce(CAST(rank AS INTEGER), 0)) AS first_value "
        f"FROM ({valued}) LEFT JOIN ({keys}) ON key = name WHERE value <> '' GROUP BY ALL"
    )
    relation = (
        "SELECT tags AS written_set, CAST(to_json(map(list(tag_key ORDER BY tag_key), "  # noqa: S608
        "list(coalesce(new, first_value) ORDER BY tag_key))) AS VARCHAR) AS cleaned_set "
        f"FROM ({first}) LEFT JOIN ({news}) "
        "ON tag_key = of_key AND first_value = old GROUP BY tags "
        "HAVING bool_or(is_renamed OR new IS NOT NULL)"
    )
    return f"LEFT JOIN ({relation}) ON tags = written_set"


def _lists(columns: dict[str, list[str]], values: Values) -> str:
    listed = (
        f"unnest(CAST({values.bind(column)} AS VARCHAR[])) AS {name}"
        for name, column in columns.items()
    )
    return f"SELECT {', '.join(listed)}"
