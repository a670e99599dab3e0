"""Server settings, from the same Config as the application."""

from __future__ import annotations

import gc
import socket
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from config import Config, ConfigError

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

try:
    _config = Config.from_environ()
except ConfigError as error:
    sys.exit(f"Cost Optix cannot start: {error}")

_is_ipv6 = ":" in _config.host and not _config.host.startswith("[")
bind = f"[{_config.host}]:{_config.port}" if _is_ipv6 else f"{_config.host}:{_config.port}"
worker_class = "gthread"
workers = _config.web_concurrency
threads = _config.threads
keepalive = 75  # above the idle time of the proxies in deploy/
timeout = 120
graceful_timeout = 30
# Their maximum: what is longer gets the server's own 414/431, which is not JSON.
limit_request_line = 8190
limit_request_field_size = 65535
limit_request_fields = 200
# X-Forwarded-* is read by the application alone, by FORWARDED_HOPS.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
control_socket_disable = True  # it would open one in the home folder
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a heartbeat file
umask = 0o077
accesslog = None  # the application logs requests, without query strings
loglevel = "warning"


_SLOTS = 2 * workers + 2
"""Those of before a reload answer what they have begun beside those of after it."""


def when_ready(server: Arbiter) -> None:
    """Have a client that takes nothing of its answer for ``timeout`` lose it, and free a thread.

    The system counts; a connection inherits it from the socket on which it came. Clients that take
    a byte now and then are for a proxy to wait for.
    """
    patience = struct.pack("ll", server.cfg.timeout, 0)
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)


def on_reload(_server: object) -> None:
    """Count anew: operations may be others."""
    from costoptix import tally

    tally.share(_SLOTS)


def pre_fork(server: Arbiter, worker: Worker) -> None:
    """Give the process that is about to begin the first slot that no living one has."""
    from costoptix import tally

    taken = {other.costoptix_slot for other in server.WORKERS.values()}
    worker.costoptix_slot = next(slot for slot in range(len(taken) + 1) if slot not in taken)
    tally.give_slot(worker.costoptix_slot)


_PORT_PATIENCE_SECONDS = 5.0
"""How long a server that ends may keep its port."""


def on_starting(server: Arbiter) -> None:
    """Refuse what every worker would end on, in one line; say what is wrong with the lake.

    The code is loaded here once, not in each process: one that is recycled is there sooner, and
    runs the same code as the others, also while a newer version is put in its place on the disk.
    """
    from costoptix import listening, startup, tally
    from costoptix.access import quota_storages
    from costoptix.database import open_engine
    from costoptix.errors import Conflict

    tally.share(_SLOTS)
    engine = open_engine(_config.database_url)
    try:
        if not _is_given_its_socket(server):
            listening.require_address(_config, _PORT_PATIENCE_SECONDS)
        quota_storages.open_storage(_config.quota_url).close()
        startup.require_installation(_config)
        startup.require_schema(engine)
        startup.require_secret_key(engine, _config)
        for line in startup.lake_warnings(engine, _config.lake_dir):
            sys.stderr.write(f"{line}\n")
    except (Conflict, ConfigError) as error:
        sys.exit(f"Cost Optix cannot start: {error}")
    finally:
        engine.dispose()  # no connection may cross the fork

    from costoptix import application

    application.load()
    gc.freeze()  # what is never garbage is not looked at, so that the processes share its memory


def _is_given_its_socket(server: Arbiter) -> bool:
    """Tell whether a server before this one, systemd or an option of the command says where."""
    from gunicorn import systemd

    is_handed_over = server.master_pid or systemd.listen_fds(unset_environment=False)
    return bool(is_handed_over) or server.cfg.bind != [bind]
