"""A real nginx with `deploy/nginx.conf`, in front of a server."""

from __future__ import annotations

import getpass
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import programs
from tests.support.server import ROOT
from tests.support.services import free_port, wait_for_port

NGINX = programs.find("nginx")


def _limits() -> tuple[str, str]:
    """Return the two directives that docs/deploy.md has an operator write into nginx.conf."""
    page = (ROOT / "docs" / "deploy.md").read_text()
    edit = re.search(r"/(worker_connections \d+;)/; 1i (worker_rlimit_nofile \d+;)'", page)
    assert edit, "docs/deploy.md does not raise nginx's limits"
    return edit[2], edit[1]


def configuration(port: int, upstream: int, folder: Path) -> str:
    """Return what we ship, on a free port without TLS, for a limit of one megabyte.

    Around it stands what docs/deploy.md has an operator change in Debian's nginx.conf.
    """
    files, connections = _limits()
    shipped = (ROOT / "deploy" / "nginx.conf").read_text()
    changes = {
        r"listen 80;": f"listen 127.0.0.1:{free_port()};",
        r" *listen \[::\].*;\n": "",
        r"root /var/www/html;": f"root {folder};",
        r"listen 443 ssl;": f"listen 127.0.0.1:{port};",
        r" *ssl_certificate.*;\n": "",
        r"client_max_body_size 1024m;": "client_max_body_size 1m;",
        r"http://127\.0\.0\.1:8000;": f"http://127.0.0.1:{upstream};",
        r"/var/log/nginx/": f"{folder}/",
    }
    for pattern, replacement in changes.items():
        shipped, found = re.subn(pattern, replacement, shipped)
        assert found, pattern
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return "\n".join(
        (
            f"user {getpass.getuser()}; daemon off; worker_processes 1; {files}",
            f"pid {folder}/nginx.pid; error_log {folder}/error.log;",
            f"events {{ {connections} }}",
            f"http {{ access_log {folder}/other.log;\n{temporary}\n{shipped}\n}}",
        )
    )


@contextmanager
def proxy(port: int, upstream: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run nginx on a port until the block ends; its files lie in ``folder``."""
    (folder / "nginx.conf").write_text(configuration(port, upstream, folder))
    nginx = subprocess.Popen(
        [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, nginx)
        yield nginx
    finally:
        nginx.terminate()
        nginx.wait(10)
