"""The system's Chromium, driven by Playwright (whose own builds are not fetched)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import programs

GET_CHROMIUM = "Chromium is missing: apt install chromium"
_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Without these it calls home at every start.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> dict[str, Any]:
    """Return how to launch it.

    Raises:
        LookupError: it is not installed; the message says how to get it.
    """
    program = programs.find("chromium", "chromium-browser")
    if program is None:
        raise LookupError(GET_CHROMIUM)
    return {"executable_path": program, "args": _QUIET}


def curl() -> str:
    """Return the program of the commands that pages show; skips the test where it is missing."""
    program = programs.find("curl")
    if program is None:
        pytest.skip("curl is missing: apt install curl")
    return program
