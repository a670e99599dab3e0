"""What the processes of a server count together."""

from __future__ import annotations

import os

import pytest

from costoptix.tally import BUCKETS, MOST_OPERATIONS, Tally, number

OPERATIONS = number(["web.home", "api.costs"])


def test_a_request_falls_into_its_operation_class_and_bucket() -> None:
    tally = Tally()
    tally.add(OPERATIONS["api.costs"], 200, 0.005)
    tally.add(OPERATIONS["api.costs"], 204, 11)
    tally.add(OPERATIONS["api.costs"], 503, 0)
    good, failed = tally.timings(OPERATIONS)
    assert (good.operation, good.status, good.requests) == ("api.costs", "2xx", 2)
    assert good.seconds == pytest.approx(11.005)
    assert good.buckets == (1, *[0] * (len(BUCKETS) - 1), 1)
    assert (failed.status, failed.requests) == ("5xx", 1)


def test_processes_count_apart_and_are_added_up_and_a_recycled_one_goes_on() -> None:
    """R5: no count falls when a process ends, and none is lost between two."""
    tally = Tally(slots=2)
    for slot in (0, 1, 0):  # the third process has the first one's place
        child = os.fork()
        if child == 0:
            tally.take_slot(slot)
            for _ in range(100):
                tally.add(0, 200, 0.5)
            tally.add_refusal()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    (timing,) = tally.timings(OPERATIONS)
    assert (timing.operation, timing.requests, timing.seconds) == ("none", 300, 150)
    assert tally.refusals == 3
    assert [*tally.pids] == [0, 1]


def test_there_is_room_for_the_operations_or_the_start_says_so() -> None:
    number(map(str, range(MOST_OPERATIONS - 1)))
    with pytest.raises(ValueError, match="MOST_OPERATIONS"):
        number(map(str, range(MOST_OPERATIONS)))
