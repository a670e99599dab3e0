"""A real Prometheus reads ``/metrics`` of the real server, and our alert rules are sound."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from costoptix.tally import CLASSES
from tests.support import programs
from tests.support.server import ROOT, Server, gunicorn
from tests.support.services import free_port, wait_for_port

PROMETHEUS, PROMTOOL = programs.find("prometheus"), programs.find("promtool")
RULES = ROOT / "deploy" / "prometheus"
TOKEN = "m3trics-t0ken-of-the-tests-0123456789"

pytestmark = pytest.mark.skipif(
    PROMETHEUS is None or PROMTOOL is None, reason="Prometheus is missing: apt install prometheus"
)


def promtool(*arguments: str | Path, stdin: str | None = None) -> str:
    done = subprocess.run(
        [str(PROMTOOL), *arguments], input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_alert_rules_are_rules_and_fire_for_what_they_name() -> None:
    promtool("check", "rules", RULES / "alerts.yml")
    promtool("test", "rules", RULES / "alerts_test.yml")


def test_every_metric_of_a_rule_is_one_that_we_write() -> None:
    written = "".join(path.read_text() for path in (ROOT / "costoptix" / "frame").glob("*.py"))
    for name in set(re.findall(r"costoptix_\w+", (RULES / "alerts.yml").read_text())):
        assert f'"{re.sub("_(bucket|count|sum)$", "", name)}"' in written, name


def scrape(server: Server) -> str:
    request = urllib.request.Request(
        f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.read().decode())


def ask(port: int, query: str) -> dict[str, float]:
    """Ask Prometheus; return its values by the label that says which."""
    address = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    with urllib.request.urlopen(address, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return {
        next(iter(row["metric"].values()), ""): float(row["value"][1])
        for row in found["data"]["result"]
    }


def test_prometheus_reads_what_all_processes_of_the_server_counted(tmp_path: Path) -> None:
    """Whichever process it reaches; as shipped, but for the ports, the folder and the interval."""
    with gunicorn(tmp_path / "instance", METRICS_TOKEN=TOKEN, WEB_CONCURRENCY="3") as server:
        while (text := scrape(server)).count("costoptix_web_open_fds{") < 3:
            time.sleep(0.1)  # some of the processes have not begun yet
        for _ in range(30):
            urllib.request.urlopen(f"{server.url}/healthz", timeout=30).close()
        promtool("check", "metrics", stdin=text)
        assert "costoptix_http_request_duration_seconds_count{" in text
        port = free_port()
        (tmp_path / "token").write_text(TOKEN)
        settings = (RULES / "prometheus.yml").read_text()
        for shipped, here in {
            "127.0.0.1:8000": f"127.0.0.1:{server.port}",
            "/etc/prometheus/costoptix.token": str(tmp_path / "token"),
            "/etc/prometheus/costoptix-alerts.yml": str(RULES / "alerts.yml"),
            "scrape_interval: 30s": "scrape_interval: 1s",
        }.items():
            assert shipped in settings
            settings = settings.replace(shipped, here)
        (tmp_path / "prometheus.yml").write_text(settings)
        promtool("check", "config", tmp_path / "prometheus.yml")
        with (tmp_path / "prometheus.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    str(PROMETHEUS), f"--config.file={tmp_path / 'prometheus.yml'}",
                    f"--storage.tsdb.path={tmp_path / 'tsdb'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=log, stderr=log, cwd=tmp_path,
            )  # fmt: skip
            try:
                wait_for_port(port, process)
                _wait_for_a_scrape(port)
                counted = ask(
                    port, 'sum(costoptix_http_request_duration_seconds_count{operation="healthz"})'
                )
                assert counted == {"": 30}
                assert ask(port, "costoptix_database_up")["costoptix_database_up"] == 1
                classes = ask(
                    port, "count by (status) (costoptix_http_request_duration_seconds_count)"
                )
                assert set(classes) <= set(CLASSES)
            finally:
                process.terminate()
                process.wait(30)


def _wait_for_a_scrape(port: int, seconds: float = 60) -> None:
    """Wait until it has read once; it answers 503 itself while it begins."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(urllib.error.HTTPError):
            if ask(port, 'up{job="costoptix"}').get("up") == 1:
                return
        time.sleep(0.2)
    raise AssertionError("Prometheus does not reach the server")
