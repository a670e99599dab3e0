"""``/metrics``: what an operator's Prometheus reads, for whoever has METRICS_TOKEN."""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from flask import Flask, request
from limits.errors import StorageError
from sqlalchemy.exc import SQLAlchemyError

from config import Config
from costoptix.clock import utc_today
from costoptix.extensions import db, quota_storage
from costoptix.frame import exposition, gauges
from costoptix.frame.exposition import Family
from costoptix.tally import BUCKETS, Operations, Tally
from costoptix.version import __version__

HEADERS = {"Content-Type": exposition.CONTENT_TYPE, "Cache-Control": "no-store"}
PLAIN_TEXT = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

logger = logging.getLogger(__name__)


def init_app(app: Flask, config: Config, counts: Tally, operations: Operations) -> None:
    """Answer ``/metrics``, where a token is set; else the address does not exist."""
    if not config.metrics_token:
        return
    expected = f"Bearer {config.metrics_token}".encode()

    def metrics() -> tuple[str, int, dict[str, str]]:
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, expected):
            return "unauthorized\n", 401, PLAIN_TEXT | {"WWW-Authenticate": "Bearer"}
        families = (
            *_of_server(counts, operations), *gauges.of_disk(config), *_of_quota(), *_asked(config)
        )  # fmt: skip
        return exposition.text(families), 200, HEADERS

    app.add_url_rule("/metrics", "metrics", metrics)


def _asked(config: Config) -> list[Family]:
    """Ask the database; where it does not answer, say so and leave out what it would have said."""
    up = Family("costoptix_database_up", "gauge", "Whether the database answered this scrape.")
    try:
        families = list(gauges.of_database(db.session(), config))
    except SQLAlchemyError as error:
        logger.warning("the database does not answer to /metrics: %s", type(error).__name__)
        families = []
    finally:
        db.session.rollback()
    up.add(1 if families else 0)
    return [up, *families]


def _of_quota() -> Iterator[Family]:
    """Ask the counter of calls; where it does not answer, leave out what it would have said."""
    up = Family("costoptix_quota_up", "gauge", "Whether the counter of calls answered this scrape.")
    lost = Family(
        "costoptix_quota_counts_lost", "gauge",
        "Whether calls that were counted today are lost, so that all are refused with 503.",
    )  # fmt: skip
    try:
        lost.add(int(quota_storage().has_lost(utc_today())))
        up.add(1)
    except StorageError as error:
        logger.warning("the counter of calls does not answer to /metrics: %s", error)
        up.add(0)
    except SQLAlchemyError:
        pass  # the database is asked for the mark; that it does not answer has a metric of its own
    yield from (up, lost)


def _of_server(counts: Tally, operations: Operations) -> Iterator[Family]:
    build = Family("costoptix_build_info", "gauge", "The version that answers.")
    build.add(1, version=__version__)
    timings = Family(
        "costoptix_http_request_duration_seconds", "histogram",
        "Requests by operation and class of status, and the seconds until their answer began.",
    )  # fmt: skip
    for timing in counts.timings(operations):
        timings.add_histogram(
            BUCKETS, timing.buckets, timing.seconds,
            operation=timing.operation, status=timing.status,
        )  # fmt: skip
    refusals = Family(
        "costoptix_quota_refusals_total", "counter", "Calls refused because the quota was used up."
    )
    refusals.add(counts.refusals)
    yield from (build, timings, refusals, *_processes(counts))


def _processes(counts: Tally) -> Iterator[Family]:
    memory = Family(
        "costoptix_web_resident_memory_bytes", "gauge", "Memory of each web process, by its slot."
    )
    files = Family(
        "costoptix_web_open_fds", "gauge", "Open files and sockets of each web process, by slot."
    )
    for slot, pid in counts.pids.items():
        try:
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            handles = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
        except OSError:
            continue  # it has ended, or this system has no /proc
        memory.add(pages * _PAGE_BYTES, process=str(slot))
        files.add(handles, process=str(slot))
    yield from (memory, files)
