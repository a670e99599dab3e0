"""A log line is one JSON object, with the request's id where there is a request."""

from __future__ import annotations

import contextvars
import json
import logging
import sys

from costoptix import logs


def line(message: str, *arguments: object, **extra: object) -> dict[str, object]:
    record = logging.getLogger("costoptix.x").makeRecord(
        "costoptix.x", logging.INFO, "f", 1, message, arguments, None, extra=extra
    )
    text = logs.JSONFormatter().format(record)
    assert "\n" not in text
    parsed: dict[str, object] = json.loads(text)
    return parsed


def test_a_line_says_when_who_how_bad_and_what() -> None:
    parsed = contextvars.Context().run(line, "job %s done", 7)
    assert parsed["message"] == "job 7 done"
    assert (parsed["level"], parsed["logger"]) == ("info", "costoptix.x")
    assert str(parsed["time"]).endswith("+00:00")
    assert "request_id" not in parsed


def test_what_is_added_becomes_a_key_and_cannot_break_the_line() -> None:
    assert line("a\nb", path="/x\ny")["path"] == "/x\ny"


def test_the_request_s_id_is_on_each_of_its_lines() -> None:
    token = logs.request_id.set("abc")
    try:
        assert line("x")["request_id"] == "abc"
    finally:
        logs.request_id.reset(token)


def test_a_trace_is_a_key_too() -> None:
    try:
        raise KeyError("x")
    except KeyError:
        record = logging.LogRecord("n", logging.ERROR, "f", 1, "m", (), sys.exc_info())
    assert "KeyError" in json.loads(logs.JSONFormatter().format(record))["trace"]
