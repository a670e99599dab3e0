"""Which replaced deliveries of one scope are kept, so that an undo finds what was live before.

Pure. Scope = (source, billing account, billing period).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable

from costoptix.bills.ledger.precedence import Version, live_versions


def kept(versions: Iterable[Version], depth: int) -> set[str]:
    """Return the ids of the versions that are kept of a scope; what is withdrawn is not among them.

    Those are what readers get, what they would get after one undo of all of it, and so on, in
    total ``depth`` times: a version that others were added to (Google's growing table) goes no
    sooner than they do. And the newest ``depth`` of each dataset and file name, live or not, since
    an undo can take any of them back.
    """
    rest = sorted(versions, key=lambda version: version.order)
    ids: set[str] = set()
    for newest in _by_kind(rest).values():
        ids.update(version.id for version in newest[-depth:])
    for _ in range(depth):
        layer = {version.id for version in live_versions(rest)}
        ids |= layer
        rest = [version for version in rest if version.id not in layer]
    return ids


def _by_kind(ordered: Iterable[Version]) -> dict[Hashable, list[Version]]:
    kinds: defaultdict[Hashable, list[Version]] = defaultdict(list)
    for version in ordered:
        kinds[version.dataset, version.batch and version.batch.file_name].append(version)
    return kinds
