"""R4, R5, R30: a server that is stopped, reloaded, recycled or upgraded answers every request.

As it is deployed: the port is systemd's (``costoptix-web.socket``), so that who connects while
no server is there waits for the next one. Its processes end by themselves all the while, after
some requests each.
"""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterator

import pytest

from tests.deploy.load import Activated, Load, activated
from tests.support.proving import count, tell

REQUESTS = count(150, 10_000)
TIMES = count(1, 10)
RECYCLING = f"--max-requests {count(40, 1_000)} --max-requests-jitter 10"
DOWN_AND_UP = (("db", "downgrade"), ("db", "upgrade"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Activated]:
    """One server for all loads."""
    folder = tmp_path_factory.mktemp("activated") / "instance"
    with activated(folder, GUNICORN_CMD_ARGS=RECYCLING) as server:
        yield server


def recycle(_server: Activated) -> None:
    """Do nothing: its processes end by themselves."""


def restart(server: Activated) -> None:
    server.restart()


def reload(server: Activated) -> None:
    server.process.send_signal(signal.SIGHUP)


def upgrade(server: Activated) -> None:
    server.restart(*DOWN_AND_UP)


SOME = [(recycle, True), (restart, False), (reload, True), (upgrade, False)]
ALL = [*itertools.product((recycle, restart, reload, upgrade), (False, True))]


@pytest.mark.parametrize(("how", "keep_alive"), count(SOME, ALL))
def test_r4_r5_r30_no_request_fails_while_the_server_is(
    server: Activated, how: Callable[[Activated], None], keep_alive: bool
) -> None:
    load = Load(server.port, REQUESTS, keep_alive)
    load.run(lambda: how(server), TIMES)
    tell(
        f"R4, R5, R30: {load.outcomes['200']} of {REQUESTS} answered, {how.__name__} x {TIMES}, "
        f"keep-alive {keep_alive}; {load.reopened} connections were found closed and opened anew; "
        f"the longest wait was {load.longest:.1f} s"
    )
    assert load.outcomes == {"200": REQUESTS}
