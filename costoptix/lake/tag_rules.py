"""How the tags of bills are cleaned: keys and values that others take the place of.

The lake keeps what bills wrote, and questions about ``tag:<key>`` are answered as if the bills had
been written with the rules of the team in mind; ``raw:<key>`` is what was written. Keys are renamed
first, then the values of what a key is then called. Rules follow each other: with ``a`` to ``b``
and ``b`` to ``c``, ``a`` becomes ``c``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.models import CleanedName, CleaningRule


@dataclass(frozen=True)
class Rename:
    """One rule: what takes the place of some values of a key, or, without a key, of some keys."""

    key: str | None
    names: tuple[str, ...]
    to: str


@dataclass(frozen=True)
class TagCleaning:
    """All rules of an organization, the oldest first; of two about one name the first holds."""

    rules: tuple[Rename, ...] = field(default=())

    def key(self, written: str) -> str:
        """Return what a key is called."""
        return self._key_names.get(written, written)

    def written_keys(self, key: str) -> tuple[str, ...]:
        """List the keys of bills that are one with a key; the first of a charge's counts.

        The name that they are called by comes first, then the others in the order of the rules.
        """
        called = self.key(key)
        return self._written_keys.get(called, (called,))

    def values(self, key: str) -> Mapping[str, str]:
        """Return the values of a key that others take the place of → these."""
        return self._values.get(self.key(key), {})

    def cleaned(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Return the tags of a charge as they would have been written; empty ones are none."""
        keys = {self.key(key) for key, value in tags.items() if value}
        first_values = {
            key: next(tags[name] for name in self.written_keys(key) if tags.get(name))
            for key in keys
        }
        return {key: self.values(key).get(value, value) for key, value in first_values.items()}

    @property
    def renamed_keys(self) -> Mapping[str, str]:
        """Return the keys that others take the place of → these."""
        return self._key_names

    @property
    def keys_with_values(self) -> Iterable[str]:
        """Return the keys of which values are renamed."""
        return self._values

    def chain(self, key: str | None, name: str) -> tuple[str, ...]:
        """Return a name, a value of ``key`` or a key, and what it becomes, step by step."""
        return _chain(name, self._steps.get(key, {}))

    def is_renamed(self, key: str | None, name: str) -> bool:
        """Tell whether a rule is about this name."""
        return name in self._steps.get(key, {})

    def names_values_of(self, key: str) -> bool:
        """Tell whether a rule is about values of this very key."""
        return key in self._steps

    @cached_property
    def _steps(self) -> Mapping[str | None, Mapping[str, str]]:
        steps: defaultdict[str | None, dict[str, str]] = defaultdict(dict)
        for rule in self.rules:
            for name in rule.names:
                steps[rule.key].setdefault(name, rule.to)
        return dict(steps)

    @cached_property
    def _key_names(self) -> Mapping[str, str]:
        return _ends(self._steps.get(None, {}))

    @cached_property
    def _written_keys(self) -> Mapping[str, tuple[str, ...]]:
        written: defaultdict[str, list[str]] = defaultdict(list)
        for name, called in self._key_names.items():
            written[called].append(name)
        return {called: (called, *names) for called, names in written.items()}

    @cached_property
    def _values(self) -> Mapping[str, Mapping[str, str]]:
        return {key: _ends(steps) for key, steps in self._steps.items() if key is not None}


AS_WRITTEN = TagCleaning()
"""Of an organization without rules."""


def read_tag_rules(session: Session, organization_id: str) -> TagCleaning:
    """Read the rules of an organization as they are now."""
    rows = session.execute(
        select(CleaningRule.id, CleaningRule.key, CleaningRule.to, CleanedName.name)
        .join(CleanedName, CleanedName.rule_id == CleaningRule.id)
        .where(CleaningRule.organization_id == organization_id)
        .order_by(CleaningRule.created_at, CleaningRule.id, CleanedName.position)
    )
    return TagCleaning(
        tuple(
            Rename(key, tuple(row.name for row in names), to)
            for (_, key, to), names in groupby(rows, key=lambda row: row[:3])
        )
    )


def _ends(steps: Mapping[str, str]) -> dict[str, str]:
    """Follow each name to where it ends; what goes in a circle stays as it is."""
    ends = {name: _chain(name, steps)[-1] for name in steps}
    return {name: end for name, end in ends.items() if end not in steps}


def _chain(name: str, steps: Mapping[str, str]) -> tuple[str, ...]:
    """Return a name and those that follow, each once; in a circle the last leads to an earlier."""
    names = {name: None}
    while (following := steps.get(name)) is not None and following not in names:
        names[following] = None
        name = following
    return tuple(names)
