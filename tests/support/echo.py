"""A child process for tests of ``costoptix.bounded``."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time

from costoptix import bounded


def main() -> None:
    """Count up to a number, say what bounds the process, hang, or end in one of many ways."""
    request = bounded.begin().strip()
    if request == "limits":
        bounded.say(f"{os.nice(0)} {resource.getrlimit(resource.RLIMIT_AS)[0]}")
    elif request.startswith("SIG"):
        os.kill(os.getpid(), getattr(signal, request))
        time.sleep(60)
    elif request == "memory":
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        bytearray(4 << 30)
    elif request == "defect":
        raise KeyError("BilledCost")
    elif request == "exit":
        sys.exit("no reason at all")
    elif request.startswith("hang"):
        bounded.say("begun")
        time.sleep(60)
    else:
        for number in range(1, int(request) + 1):
            bounded.say(str(number))


if __name__ == "__main__":
    main()
