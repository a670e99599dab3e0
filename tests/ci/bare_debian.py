"""A Debian 12 that has git, make, python3 and python3-venv, and nothing else, is enough.

In a root made by debootstrap. `make prove` names this file, where root allows it; the suite leaves
it out, and `.ci/run` shows the same with a PATH of those programs alone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import programs
from tests.support.proving import tell
from tests.support.server import ROOT
from tests.support.services import free_port

PACKAGES = "git,make,python3,python3-venv"
MIRROR = "http://deb.debian.org/debian"
SUITE = "bookworm"
MINUTES = 60

DEBOOTSTRAP = programs.find("debootstrap")
pytestmark = pytest.mark.skipif(
    DEBOOTSTRAP is None or os.geteuid() != 0,
    reason="needs root, and debootstrap: apt install debootstrap",
)


def run(*command: str | Path, **options: object) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)


def for_older_pythons(requirements: str) -> str:
    """Return requirements without "only for Pythons before 3.11.x".

    pip downloads what its own Python needs, and Debian's may be an older release of 3.11: asyncio's
    time-outs of 3.11.3 are a package of their own there.
    """
    return re.sub(r" ; python_full_version < '3\.11\.\d+'", "", requirements)


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root of a bare Debian, with a clone of what is committed and the packages to install."""
    root = tmp_path_factory.mktemp("debian")
    made = subprocess.run(
        [str(DEBOOTSTRAP), "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root), MIRROR],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"no Debian can be made here: {made.stdout.splitlines()[-1]}")
    run("git", "clone", "--quiet", "--no-hardlinks", ROOT, root / "costoptix")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", root / "packages"]
    for name in ("requirements.txt", "requirements-dev.txt"):
        listed = root / "tmp" / name
        listed.write_text(for_older_pythons((ROOT / name).read_text()))
        run(*pip, "--require-hashes", "-r", listed)
    run(*pip, "setuptools", "wheel")  # what builds a package that comes as source
    with ExitStack() as stack:
        for kind, name in (("proc", "proc"), ("tmpfs", "dev/shm"), ("tmpfs", "tmp")):
            run("mount", "-t", kind, kind, root / name)
            stack.callback(run, "umount", "--lazy", root / name)
        yield root
    shutil.rmtree(root, ignore_errors=True)


def start(root: Path, *command: str, **environment: str) -> subprocess.Popen[str]:
    """Start a program within, with nothing of this process's environment."""
    words = {"HOME": "/root", "LANG": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    words |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/packages"} | environment
    return subprocess.Popen(
        [str(programs.find("chroot")), root, "/usr/bin/make", "-C", "/costoptix", *command],
        env=words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def test_make_run_answers(debian: Path) -> None:
    port = free_port()
    began = time.monotonic()
    server = start(debian, "run", PORT=str(port))
    try:
        while time.monotonic() - began < 600:
            assert server.poll() is None, server.stdout and server.stdout.read()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as page:
                    assert page.status == 200
                    break
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
        else:
            pytest.fail("nothing answers after ten minutes")
        tell(f"bare Debian 12: make run answers after {time.monotonic() - began:.0f} s")
    finally:
        server.terminate()
        server.communicate(timeout=60)


def test_the_suite_passes_where_only_services_are_missing(debian: Path) -> None:
    suite = start(debian, "test")
    printed, _ = suite.communicate(timeout=MINUTES * 60)
    assert suite.returncode == 0, printed[-5000:]
    assert not re.search(r"\b(failed|error)", printed.splitlines()[-1])
    tell(f"bare Debian 12: make test: {printed.splitlines()[-1]}")
