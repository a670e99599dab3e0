"""R4, R5: a server that is stopped, reloaded or recycled answers every request that it was sent.

As it is deployed: the port is systemd's (``costoptix-web.socket``), so that who connects while
no server is there waits for the next one. R30, the same with an upgrade between, likewise.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.load import Activated, Load, activated
from tests.support.proving import count, tell

REQUESTS = count(120, 10_000)


def restart(server: Activated) -> None:
    server.restart()


def reload(server: Activated) -> None:
    server.process.send_signal(signal.SIGHUP)
    time.sleep(count(0.5, 2))  # how often; not what is waited for


def recycle(_server: Activated) -> None:
    time.sleep(0.1)  # each process ends by itself after 50 requests


@pytest.mark.parametrize("keep_alive", [False, True])
@pytest.mark.parametrize(
    ("how", "settings"),
    [(restart, ""), (reload, ""), (recycle, "--max-requests 40 --max-requests-jitter 10")],
)
def test_r4_r5_no_request_fails_while_the_server_is(
    tmp_path: Path, how: Callable[[Activated], None], settings: str, keep_alive: bool
) -> None:
    done = 0

    def disturb() -> None:
        nonlocal done
        how(server)
        done += 1

    with activated(tmp_path / "instance", GUNICORN_CMD_ARGS=settings) as server:
        load = Load(server.port, REQUESTS, keep_alive)
        load.run(disturb)
    tell(
        f"R4, R5: {load.outcomes['200']} of {REQUESTS} requests answered, {how.__name__} "
        f"{done} times, keep-alive {keep_alive}; {load.reopened} idle connections opened anew"
    )
    assert load.outcomes == {"200": REQUESTS}
