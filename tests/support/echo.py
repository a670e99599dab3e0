"""A child process for tests of ``costoptix.bounded``."""

from __future__ import annotations

import os
import resource
import time

from costoptix import bounded


def main() -> None:
    """Count up to a number, say what bounds the process, or hang."""
    request = bounded.begin().strip()
    if request == "limits":
        bounded.say(f"{os.nice(0)} {resource.getrlimit(resource.RLIMIT_AS)[0]}")
    elif request.startswith("hang"):
        bounded.say("begun")
        time.sleep(60)
    else:
        for number in range(1, int(request) + 1):
            bounded.say(str(number))


if __name__ == "__main__":
    main()
