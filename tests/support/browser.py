"""The system's Chromium, driven by Playwright (whose own builds are not fetched)."""

from __future__ import annotations

import shutil
from typing import Any

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
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise LookupError(GET_CHROMIUM)
    return {"executable_path": program, "args": _QUIET}
