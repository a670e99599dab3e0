"""What a script has measured, beside what it is compared with: lines that bench/table.py prints."""

from __future__ import annotations

import json
import os
from pathlib import Path

_FILE = os.environ.get("COSTOPTIX_BENCH")


def compare(what: str, ours: float, peer: float, beside: str, unit: str) -> None:
    """Keep a line for the table: ours, and that of what is named ``beside``, in one unit.

    Nothing where the script runs by itself.
    """
    if _FILE is not None:
        line = {"what": what, "ours": ours, "peer": peer, "beside": beside, "unit": unit}
        with Path(_FILE).open("a") as file:
            file.write(json.dumps(line) + "\n")
