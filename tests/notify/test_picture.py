"""The chart of a report as a picture."""

from __future__ import annotations

import struct
from typing import Any
from xml.etree import ElementTree

import pytest

from costoptix.notify import picture
from costoptix.notify.picture import ChartData
from tests.notify.messages.anything import NASTY


def chart(name: str | None = "EC2", days: int = 7) -> dict[str, Any]:
    amounts = [str(number * 10) for number in range(days)]
    return {
        "currency": "USD",
        "days": [f"2026-03-{day:02}" for day in range(1, days + 1)],
        "bands": [
            {"name": name, "amounts": amounts},
            {"name": None, "amounts": [None, *amounts[1:]]},
            {"name": "Credits", "amounts": ["-5"] * days},
        ],
    }


def test_a_chart_is_a_picture_of_one_size() -> None:
    made = picture.png(chart(days=31))
    assert made is not None
    assert made.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", made[16:24]) == (picture.WIDTH, picture.HEIGHT)
    assert len(made) < 200_000


@pytest.mark.parametrize("data", [None, {}, {"currency": 1}, "x", chart() | {"bands": [{}]}])
def test_what_cannot_be_drawn_is_left_out(data: object) -> None:
    assert picture.png(data) is None


@pytest.mark.parametrize("name", [*NASTY, '<image href="/etc/passwd"/>', "</text><script/>"])
def test_a_name_draws_nothing(name: str) -> None:
    drawn = ElementTree.fromstring(picture.svg(ChartData.model_validate(chart(name))))
    tags = {element.tag.rpartition("}")[2] for element in drawn.iter()}
    assert tags == {"svg", "style", "rect", "path", "text"}


def test_colours_are_those_of_the_pages() -> None:
    drawn = picture.svg(ChartData.model_validate(chart()))
    assert ".s0{fill:#3b5bdb}" in drawn
    assert "var(" not in drawn
    assert "light-dark" not in drawn
