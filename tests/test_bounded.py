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


WAYS = {
    "SIGKILL": ("SIGKILL", "memory of the machine", True),
    "SIGTERM": ("SIGTERM", "from outside", True),
    "SIGSEGV": ("SIGSEGV", "crashed", False),
    "SIGABRT": ("SIGABRT", "crashed", False),
    "SIGXCPU": ("SIGXCPU", "processor time", False),
    "memory": ("needs more memory", "may use", False),
    "defect": ("KeyError: 'BilledCost'", "code 1", False),
    "exit": ("no reason at all", "code 1", False),
    "0": ("without an answer", "", False),
}


def test_each_way_to_end_has_a_sentence_of_its_own() -> None:
    sentences = set()
    for way, (words, more, may_pass) in WAYS.items():
        with pytest.raises(bounded.ChildDied) as raised:
            bounded.ask(ECHO, way, lambda line: None)
        assert words in raised.value.sentence
        assert more in raised.value.sentence
        assert raised.value.may_pass == may_pass
        sentences.add(raised.value.sentence)
    with pytest.raises(bounded.ChildDied, match=r"longer than 0\.5 seconds") as raised:
        bounded.ask(ECHO, "hang", lambda line: None, seconds=0.5)
    assert len(sentences | {raised.value.sentence}) == len(WAYS) + 1


def test_what_a_child_writes_to_its_errors_goes_to_ours(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(bounded.ChildDied):
        bounded.ask(ECHO, "exit", lambda line: None)
    assert "no reason at all" in capsys.readouterr().err
