"""One thing among many fails by itself, with its reason; what fails all is not swallowed."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy.exc import OperationalError

from costoptix import failures
from costoptix.errors import Invalid, NoSpace, Unavailable


def test_a_refusal_is_its_reason_to_go_on_a_sentence() -> None:
    assert failures.reason(Invalid("The range is empty."), "budget 7") == "the range is empty"


def test_a_defect_is_logged_with_its_trace_and_shows_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        assert failures.reason(KeyError("secret"), "budget 7") == failures.UNEXPECTED
    assert caplog.records[0].exc_info is not None
    assert "budget 7" in caplog.text


@pytest.mark.parametrize(
    "error", [OperationalError("SELECT 1", {}, Exception("gone")), NoSpace(), Unavailable()]
)
def test_what_would_fail_the_next_one_as_well_is_raised(error: Exception) -> None:
    with pytest.raises(type(error)):
        failures.reason(error, "budget 7")
