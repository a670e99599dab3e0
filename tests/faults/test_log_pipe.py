"""R29: nobody reads the log any more: the server goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.support.server import ROOT, environment_for, new_installation
from tests.support.services import free_port, wait_for_port


def test_r29_a_log_whose_reader_is_gone_fails_no_request(tmp_path: Path) -> None:
    """R29: each line of a request is lost, and its answer is not."""
    new_installation(tmp_path / "instance")
    port = free_port()
    environment = environment_for(tmp_path / "instance", PORT=str(port), WEB_CONCURRENCY="1")
    del environment["COSTOPTIX_TESTING"]  # as it is deployed: requests are logged
    reading, writing = os.pipe()
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app:app"],
        cwd=ROOT, env=environment, stdout=writing, stderr=writing,
    )  # fmt: skip
    os.close(writing)
    try:
        wait_for_port(port, server)
        os.close(reading)
        for _ in range(10):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60) as answer:
                assert answer.read() == b"up\n"
    finally:
        server.terminate()
        assert server.wait(60) in (0, 120)  # Python's own, where it cannot flush at its end
