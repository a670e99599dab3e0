"""Heavy work in a process of its own: bounded, and nothing is left of it."""

from __future__ import annotations

import time

import pytest

from costoptix import bounded

ECHO = "tests.support.echo"


def first(line: str) -> str:
    return line.strip()


def test_a_child_answers_with_the_line_that_is_read_as_an_answer() -> None:
    assert bounded.ask(ECHO, "3", lambda line: line.strip() if "3" in line else None) == "3"


def test_a_child_has_a_bounded_memory_and_a_low_priority() -> None:
    limits = f"{bounded.NICENESS} {bounded.ADDRESS_SPACE_BYTES}"
    assert bounded.ask(ECHO, "limits", first) == limits


def test_a_child_that_ends_without_an_answer_is_told_from_one_that_answers() -> None:
    with pytest.raises(bounded.ChildDied):
        bounded.ask(ECHO, "1", lambda line: None)


def test_a_child_that_hangs_is_ended_when_its_time_is_up() -> None:
    begun = time.monotonic()
    with pytest.raises(bounded.ChildDied):
        bounded.ask(ECHO, "hang", lambda line: None, seconds=0.5)
    assert time.monotonic() - begun < 5


def test_a_child_is_gone_when_its_answer_cannot_be_read() -> None:
    begun = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        bounded.ask(ECHO, "hang on", lambda line: 1 / 0)
    assert time.monotonic() - begun < 5
