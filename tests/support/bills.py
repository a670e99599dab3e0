"""Fixtures of a bill's way in."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from duckdb import DuckDBPyConnection
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, jobs, queue
from costoptix.access.permissions import Caller, command_line
from costoptix.bills.formats import Options
from costoptix.bills.intake import receive
from costoptix.bills.ledger import importer, questions
from costoptix.bills.ledger.questions import Decision
from costoptix.bills.read import engine, rejections
from costoptix.bills.read.load import load
from costoptix.bills.read.staged import Staged
from costoptix.costs import report
from costoptix.costs.answers import CostStore
from costoptix.costs.query import CostQuery
from costoptix.lake import layout
from costoptix.models import Import, Organization

DATA = Path(__file__).parents[1] / "data"
SAMPLE = DATA / "focus" / "focus_1_0_sample.csv"

REJECTED = 300_000

Stage = Callable[..., tuple[Staged, Path]]
TakeIn = Callable[..., Import]
Decide = Callable[[Import, Decision], None]


def work(session: Session, config: Config) -> None:
    """Do the imports that are due, here; what else is due is not looked at."""
    while (job := queue.claim(session)) is not None:
        if job.kind == receive.JOB_KIND:
            importer.run(session, job, config, read=load)
        queue.finish(session, job)


@pytest.fixture
def judged_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge in the worker of a test itself: a process of its own costs a second to start."""
    judge_here(monkeypatch)


def judge_here(patch: pytest.MonkeyPatch) -> None:
    """Have the jobs of bounded children done in this process."""
    for name, kind in jobs.KINDS.items():
        patch.setitem(jobs.KINDS, name, replace(kind, bounded=False))


@pytest.fixture(scope="module")
def duckdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBPyConnection]:
    """DuckDB as an import uses it."""
    connection = engine.connect(tmp_path_factory.mktemp("spill"))
    yield connection
    connection.close()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Read bytes or a file as the child process does; the outcome and its staging folder."""
    made = []

    def read(
        content: bytes | Path, currency: str | None = None, encoding: str | None = None
    ) -> tuple[Staged, Path]:
        made.append(content)
        folder = tmp_path / f"staging-{len(made)}"
        folder.mkdir()
        source = content
        if isinstance(content, bytes):
            source = tmp_path / f"sent-{len(made)}"
            source.write_bytes(content)
        options = Options(currency=currency, encoding=encoding)
        return load(source, folder, options, lambda progress: None), folder

    return read


@pytest.fixture
def always_rolled_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have bills of few charges rolled up too."""
    monkeypatch.setattr(layout, "FEW_CHARGES", 0)


@pytest.fixture
def operator(acme: Organization) -> Caller:
    """The command line."""
    return command_line(acme.id)


@pytest.fixture
def take_in(session: Session, acme: Organization, config: Config, operator: Caller) -> TakeIn:
    """Receive the files of one drop and run their import here, without a child process."""

    def run(*contents: bytes, name: str = "bill.csv", **said: object) -> Import:
        ((row, job),) = receive.receive(
            session, acme, operator,
            [receive.Sent(io.BytesIO(content), name) for content in contents],
            uploads_dir=config.uploads_dir, max_bytes=10 << 20, **said,
        )  # fmt: skip
        claimed = queue.claim(session, job.id)
        assert claimed is not None
        importer.run(session, claimed, config, read=load)
        queue.finish(session, claimed)
        session.refresh(row)
        return row

    return run


@pytest.fixture
def billed(session: Session, acme: Organization, config: Config):
    """Ask what readers see: the billed total of all time, in USD."""
    store = CostStore(config.lake_dir, config.temp_dir)

    def ask() -> Decimal:
        session.rollback()
        pairs = [("start_date", "2023-01-01"), ("end_date", "2026-12-31")]
        query = CostQuery.from_params(pairs, clock.utc_today())
        totals = report.run(session, acme, query, store).totals
        return sum((total.billed_cost for total in totals), Decimal(0))

    return ask


@pytest.fixture
def rejected(session: Session, acme: Organization, config: Config) -> Import:
    """An import of which ``REJECTED`` rows were rejected: the lines from 2 on."""
    row = Import(
        organization_id=acme.id, state="live", file_name="a.csv", stored_name="a", size_bytes=1,
        sha256="s", created_by="me", rows_read=REJECTED, rows_rejected=REJECTED,
    )  # fmt: skip
    session.add(row)
    session.commit()
    path = rejections.path(config.lake_dir, acme.id, row.id)
    path.parent.mkdir(parents=True)
    line = b'{"line":%d,"column":"BilledCost","value":"=1","reason":"is no number","file":null}\n'
    path.write_bytes(b"".join(line % number for number in range(2, REJECTED + 2)))
    return row


@pytest.fixture
def decide(session: Session, acme: Organization, operator: Caller, config: Config) -> Decide:
    """Answer a waiting import's question and do what becomes due."""

    def run(row: Import, decision: Decision) -> None:
        questions.decide(session, operator, row, decision)
        work(session, config)
        session.refresh(row)

    return run
