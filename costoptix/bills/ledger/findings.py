"""Finds what a delivery does to one scope: whose place it takes, what goes, what comes twice.

Pure: versions say what counts (``precedence``), parts what they cover (``coverage``). What must be
asked of it, and in which words, is said by ``judgement``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from costoptix.bills.ledger import coverage
from costoptix.bills.ledger.coverage import Part
from costoptix.bills.ledger.losses import Loss, losses
from costoptix.bills.ledger.precedence import WHOLE, Version, live_versions

PartsOf = Callable[[Iterable[str]], list[Part]]
"""Finds parts by their ids, those that are live and those that come."""


@dataclass(frozen=True)
class Placement:
    """Whose place a version takes: parts of its month, by what a person decides."""

    parts: frozenset[str]  # where nothing is asked of it
    added: frozenset[str]  # where it shall count beside what is live
    replacing: frozenset[str]  # where it shall replace what is live
    new_accounts: frozenset[str]  # that are not live in its month yet, as ``account_of`` writes
    is_live: bool  # whether it would be live, of the parts that it takes unasked
    beside: tuple[Part, ...]  # what would be live of its month beside what comes


@dataclass(frozen=True)
class Findings:
    """What a person is asked about before a delivery counts in a scope."""

    before: tuple[Part, ...]  # what is live
    replacing: tuple[Part, ...]  # what would be, if it took the place of everything
    after: tuple[Part, ...]  # what would be, if it took the place of what it holds
    untold: tuple[Part, ...]  # are live, would count no more, and the delivery does not hold them
    late: tuple[Part, ...]  # come, would not count, and what is live does not hold them
    losses: tuple[Loss, ...]
    holds_live: bool  # charges that are live, beside which it would count
    placements: Mapping[str, Placement]  # by the id of what comes

    @property
    def is_asking(self) -> bool:
        """Tell whether a person is asked at all."""
        return bool(self.untold or self.late or self.losses)


def find(
    versions: Sequence[Version],
    coming: Sequence[Version],
    live: Iterable[str],
    parts_of: PartsOf,
    names: Mapping[str, frozenset[str]],
    separate: Collection[str] = (),
) -> Findings:
    """Compare what is ``live`` of the versions of a scope with what would be.

    ``names`` are the parts that what comes would be if it counted beside the rest; that of which
    the id is in ``separate`` does in any case.
    """
    return _ScopeComparison(versions, coming, live, parts_of, names, separate).findings()


class _ScopeComparison:
    def __init__(
        self,
        versions: Sequence[Version],
        coming: Sequence[Version],
        live: Iterable[str],
        parts_of: PartsOf,
        names: Mapping[str, frozenset[str]],
        separate: Collection[str],
    ) -> None:
        self._versions = {version.id: version for version in versions}
        self._coming, self._parts_of = coming, parts_of
        self._names, self._separate = names, separate
        self._before = parts_of(live)
        self._new = parts_of(version.id for version in coming)

    def findings(self) -> Findings:
        """Return what was found; see ``find``."""
        new = {part.id for part in self._new}
        every = self._parts({part.id for part in self._before}) or WHOLE
        live = self._live(every)
        replacing = self._parts_of(live)
        leaving = [part for part in self._before if part.id not in live and self._comes(part)]
        repeated = [part for part in leaving if coverage.is_told_again(part, replacing)]
        unrepeated = [part for part in leaving if part not in repeated]
        late = self._late(live, replacing)
        parts = self._parts({part.id for part in repeated}) if repeated else every
        after = replacing
        if unrepeated and repeated:
            live = self._live(parts)
            after = self._parts_of(live)
        doubled = [p for p in unrepeated if coverage.would_double(p, self._new, repeated)]
        untold = doubled if repeated else unrepeated
        lost = losses(self._before, after)
        accounts = frozenset().union(*map(coverage.accounts, self._before))
        is_asked = bool(untold or late)
        is_beside = not repeated if is_asked else bool(lost)
        return Findings(
            before=tuple(self._before),
            replacing=tuple(replacing),
            after=tuple(after),
            untold=tuple(untold),
            late=tuple(late),
            losses=lost,
            holds_live=any(
                coverage.share_told_again(part, self._new) > coverage.DISJOINT
                for part in unrepeated
            ),
            placements={
                part.id: Placement(
                    parts=self._taking(part.id, parts),
                    added=self._names[part.id] if is_beside else self._taking(part.id, parts),
                    replacing=self._taking(part.id, every if is_asked else parts),
                    new_accounts=coverage.accounts(part) - accounts,
                    is_live=part.id in live,
                    beside=tuple(one for one in after if one.id not in new),
                )
                for part in self._new
            },
        )

    def _taking(self, coming: str, parts: frozenset[str]) -> frozenset[str]:
        """Return the parts whose place one takes that would take that of some."""
        return self._names[coming] if coming in self._separate else parts

    def _live(self, parts: frozenset[str]) -> list[str]:
        """Return the ids of what would be live if what comes took the place of these parts."""
        versions = [
            replace(version, parts=self._taking(version.id, parts)) for version in self._coming
        ]
        return [version.id for version in live_versions((*self._versions.values(), *versions))]

    def _comes(self, part: Part) -> bool:
        """Tell whether a live part is of a dataset that comes: of another, the format decides."""
        return self._versions[part.id].dataset in {version.dataset for version in self._coming}

    def _parts(self, ids: Iterable[str]) -> frozenset[str]:
        return frozenset().union(*(self._versions[one].parts for one in ids))

    def _late(self, live: Sequence[str], after: Sequence[Part]) -> list[Part]:
        """Return what would not be live although what is does not hold its charges."""
        datasets = {self._versions[part.id].dataset for part in self._before}
        late = [
            part
            for part, version in zip(self._new, self._coming, strict=True)
            if part.id not in live and version.dataset in datasets
        ]
        return [part for part in late if not coverage.is_told_again(part, after)]
