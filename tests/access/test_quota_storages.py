"""The package that Redis needs is optional: imported when a URL names Redis, only then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.server import ROOT, environment_for

IMPORTED = "import app, sys; print('redis' in sys.modules)"


def start(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", IMPORTED]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def without_redis(folder: Path) -> dict[str, str]:
    """Return an environment in which the package is not installed."""
    package = folder / "path" / "redis"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'redis'\", name='redis')"
    )
    return {"PYTHONPATH": os.fspath(package.parent)}


def test_an_installation_on_sqlite_starts_without_the_redis_package(tmp_path: Path) -> None:
    environment = environment_for(tmp_path / "instance", **without_redis(tmp_path))
    done = start(environment)
    assert (done.returncode, done.stdout.strip()) == (0, "False"), done.stderr


def test_a_redis_url_imports_it(tmp_path: Path) -> None:
    done = start(
        environment_for(tmp_path / "instance", COSTOPTIX_QUOTA_URL="redis://127.0.0.1:1/0")
    )
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr


def test_a_redis_url_without_the_package_stops_the_start_with_one_line(tmp_path: Path) -> None:
    environment = environment_for(tmp_path / "instance", **without_redis(tmp_path))
    done = start(environment | {"COSTOPTIX_QUOTA_URL": "redis://127.0.0.1:1/0"})
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Cost Optix cannot start: COSTOPTIX_QUOTA_URL is redis://, and the package redis is "
        "missing: .venv/bin/pip install --require-hashes -r requirements-redis.txt"
    ]
