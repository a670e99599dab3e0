"""Which worker of a parallel run does which tests, and in what order.

A file's tests go to one worker, so that what they share is made once; so do the tests of the files
that share the demo, which takes longest to make. They come first: begun last, they would be waited
for by a worker that has nothing else to do. pytest-xdist has a mark for such a group, but its 3.8
no longer finds it under pytest 9.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

DEMO = frozenset({"tests/e2e/test_every_page.py", "tests/e2e/test_walk.py"})


class SuiteScheduling(LoadFileScheduling):
    """Files as units of work, in the order of the collection, and the demo's as one."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        config.option.loadscopereorder = False  # by the number of tests, which says little
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "demo" if file in DEMO else file


def longest_first(items: list[pytest.Item]) -> None:
    """Bring what uses the demo before all else."""
    items.sort(key=lambda item: item.nodeid.partition("::")[0] not in DEMO)
