"""Measure the cost pages: python -m bench.pages [ROWS] [FOLDER].

Server time of one request, session and template included; in brackets the CPU time, which a
busy machine distorts less. Cold: a new process's first question (no engine, no file seen). New:
the engine is warm, and the question was never asked. Warm: the page is shown again. Goals on
2,000,000 charges: p95 of warm ≤ 150 ms, of cold ≤ 600 ms. Beside it the weight of the page,
gzipped; the goal is ≤ 15 KB for the dashboard of 30 days.
"""

from __future__ import annotations

import dataclasses
import gc
import gzip
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from bench.compared import compare
from bench.generate import LAST_DAY
from bench.lake import config_of, open_bench
from costoptix import create_app
from costoptix.access.passwords import hash_password
from costoptix.costs.answers import CACHED_ROWS, CostStore
from costoptix.costs.cache import BoundedCache
from costoptix.models import Organization, User

Taken = tuple[float, float]
GOALS = {"cold": 600, "warm": 150}
TURNS = {"cold": 10, "new": 10, "warm": 40}
EMAIL, PASSWORD = "bench@example.com", "a long enough password"
PAGES = {
    "dashboard, 30 days": "/?start_date=2026-10-02&end_date=2026-10-31",
    "dashboard, 13 months": "/?start_date=2025-10-01&end_date=2026-10-31",
    "explorer, month by service": (
        "/costs?start_date=2026-10-01&end_date=2026-10-31&group_by=service_name"
    ),
    "explorer, 13 months by service": (
        "/costs?start_date=2025-10-01&end_date=2026-10-31&group_by=service_name"
    ),
    "explorer, 90 days by tag": (
        "/costs?start_date=2026-08-03&end_date=2026-10-31&group_by=tag:team"
    ),
    "explorer, a service's resources": (
        "/costs?start_date=2026-09-01&end_date=2026-09-30&group_by=resource_id"
        "&service_name=Amazon+Simple+Storage+Service"
    ),
    "compare, a month by service": (
        "/portfolio?tab=compare&start_date=2026-09-01&end_date=2026-09-30"
    ),
    "compare, a month by account": (
        "/portfolio?tab=compare&level=account&start_date=2026-09-01&end_date=2026-09-30"
    ),
}


def signed_in(app: Flask, session: Session, organization: Organization) -> FlaskClient:
    """Return a browser that is signed in; its person is made at the first time."""
    if session.query(User).filter_by(email=EMAIL).one_or_none() is None:
        session.add(
            User(
                organization_id=organization.id, email=EMAIL, role="admin",
                password_hash=hash_password(PASSWORD),
            )
        )  # fmt: skip
        session.commit()
    client = app.test_client()
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)
    assert found
    fields = {"csrf_token": found.group(1), "email": EMAIL, "password": PASSWORD}
    assert client.post("/login", data=fields).status_code == 302
    return client


def milliseconds(client: FlaskClient, address: str) -> Taken:
    """Time one request: by the clock, and of all processors."""
    begin, used = time.perf_counter(), time.process_time()
    answer = client.get(address)
    taken = (time.perf_counter() - begin) * 1000, (time.process_time() - used) * 1000
    assert answer.status_code == 200, answer.text
    return taken


def measure(app: Flask, client: FlaskClient, address: str, lake: Path) -> dict[str, list[Taken]]:
    """Time a page cold, new and warm."""
    times: dict[str, list[Taken]] = {kind: [] for kind in TURNS}
    for _ in range(TURNS["cold"]):
        app.extensions["cost_store"] = CostStore(lake, lake.parent / "tmp")
        times["cold"].append(milliseconds(client, address))
    times["warm"] = [milliseconds(client, address) for _ in range(TURNS["warm"])]
    store: CostStore = app.extensions["cost_store"]
    for _ in range(TURNS["new"]):
        store.answers, store.worked_out = BoundedCache(CACHED_ROWS), BoundedCache(CACHED_ROWS)
        times["new"].append(milliseconds(client, address))
    return times


def _spread(taken: list[Taken]) -> str:
    walls, used = zip(*taken, strict=True)
    p95 = statistics.quantiles(walls, n=20)[-1]
    return f"{statistics.median(walls):4.0f} / {p95:4.0f} ({statistics.median(used):4.0f})"


def main(arguments: Sequence[str]) -> None:
    """Measure every page and print a line for each."""
    rows = int(arguments[0]) if arguments else 2_000_000
    folder = Path(arguments[1]) if len(arguments) > 1 else Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    with open_bench(folder, rows) as (session, organization, _store):
        config = dataclasses.replace(config_of(folder, rows), now=f"{LAST_DAY}T12:00:00Z")
        app = create_app(config)
        client = signed_in(app, session, organization)
        gc.freeze()  # as app.py does: else the collector takes 120 ms of one request in ten
        print(f"{rows:,} charges; milliseconds, p50 / p95 (CPU)")
        for name, address in PAGES.items():
            times = measure(app, client, address, config.lake_dir)
            cells = [f"{kind} {_spread(taken)}" for kind, taken in times.items()]
            for kind, goal in GOALS.items():
                p95 = statistics.quantiles([wall for wall, _ in times[kind]], n=20)[-1]
                compare(f"{name}, {kind}, p95", p95, goal, "the goal", "ms")
            weight = len(gzip.compress(client.get(address).data)) / 1000
            print(f"{name:34} {'   '.join(cells)}   {weight:5.1f} KB gz")


if __name__ == "__main__":
    main(sys.argv[1:])
