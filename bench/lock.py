"""Measure how long the write lock is held at 20,000 deliveries: nobody else writes meanwhile.

    python bench/lock.py [--deliveries 20000]

Makes an installation on SQLite in a temporary folder, with ten deliveries in each month of 2,000
billing accounts, and prints for each kind of work the longest that a ``writing`` block held the
lock, and how many blocks there were. Ends with 1 when one took longer than ``MOST`` seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy import event, select
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from config import Config
from costoptix import create_app, queue, worker
from costoptix.access import idempotency
from costoptix.access.permissions import command_line
from costoptix.bills.intake import receive
from costoptix.bills.ledger import housekeeping, importer, undo
from costoptix.bills.read.load import load
from costoptix.clock import utc_now
from costoptix.extensions import db
from costoptix.models import IdempotencyRecord, Import, Job, JobState, Organization
from tests.bills.bill import write
from tests.support.many import PERIOD, many_deliveries

MOST = 0.25
"""Seconds."""

EACH = 10
"""Deliveries of one scope: four more than are kept."""


class Held:
    """For how long each ``writing`` block of a session held the lock."""

    def __init__(self, session: Session) -> None:
        self.seconds: list[float] = []
        self.busy: list[float] = []  # of them, seconds of a processor: the rest is the machine's
        self._since = self._busy_since = 0.0
        event.listen(session.get_bind(), "after_cursor_execute", self._executed)
        event.listen(session, "after_commit", self._ended)
        event.listen(session, "after_rollback", self._ended)

    def _executed(self, _connection, _cursor, statement, *_rest) -> None:
        if statement == "BEGIN IMMEDIATE":
            self._since, self._busy_since = time.perf_counter(), time.thread_time()

    def _ended(self, _session) -> None:
        if self._since:
            self.seconds.append(time.perf_counter() - self._since)
            self.busy.append(time.thread_time() - self._busy_since)
            self._since = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deliveries", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _installation(Path(folder)) as config:
        session = db.session()
        organization = Organization(name="Bench", tier="enterprise")
        session.add(organization)
        session.commit()
        imports = many_deliveries(
            session, organization, scopes=options.deliveries // EACH, each=EACH
        )
        held = Held(session)
        longest = 0.0
        for name, work in _works(session, organization, config, imports):
            held.seconds.clear()
            held.busy.clear()
            begun = time.perf_counter()
            work()
            took = time.perf_counter() - begun
            longest = max(longest, *held.seconds)
            print(
                f"{name:34} {1000 * max(held.seconds):6.1f} ms held at most "
                f"({1000 * max(held.busy):5.1f} ms of a processor), "
                f"{len(held.seconds):3} blocks in {took:6.2f} s"
            )
    sys.exit(longest > MOST)


@contextmanager
def _installation(folder: Path) -> Iterator[Config]:
    config = Config.from_environ({"COSTOPTIX_DATA_DIR": str(folder), "COSTOPTIX_TESTING": "1"})
    app = create_app(config)
    with app.app_context():
        upgrade()
        yield config
        db.session.remove()
        db.engine.dispose()


def _works(
    session: Session, organization: Organization, config: Config, imports: list[str]
) -> Iterator[tuple[str, Callable[[], object]]]:
    caller = command_line(organization.id)
    month = f"{PERIOD}T00:00:00Z"

    def take_in(*accounts: str, source: str | None = None) -> None:
        rows = [
            {"BillingAccountId": account, "SubAccountId": account.replace("payer", "account"),
             "BillingPeriodStart": month, "ChargePeriodStart": month, "ServiceName": f"service {n}"}
            for account in accounts for n in range(3)
        ]  # fmt: skip
        path = config.data_dir / "bill.csv"
        path.write_bytes(write(rows))
        with path.open("rb") as content:
            ((row, job),) = receive.receive(
                session, organization, caller, [receive.Sent(content, "bill.csv")],
                uploads_dir=config.uploads_dir, max_bytes=1 << 30, source_name=source,
            )  # fmt: skip
        claim = queue.claim(session, job.id)
        assert claim is not None
        importer.run(session, claim, config, read=load)
        session.refresh(row)
        assert row.state == "live", (row.state, row.message, row.error)

    def undone(import_id: str) -> None:
        undo.withdraw(session, organization, caller, session.get_one(Import, import_id))

    newest = imports[EACH - 1]
    take_in("payer-4", source="source 0")  # statements are written once by each process
    raw = db.engine.raw_connection()
    raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    raw.close()
    yield "an import goes live", lambda: take_in("payer-8", source="source 0")
    yield "an import without a source", lambda: take_in("payer-12")
    yield "a repeat", lambda: _repeat(session, organization, config)
    payers = [f"payer-{4 * n}" for n in range(10, 110)]
    yield "an import of 100 months", lambda: take_in(*payers, source="source 0")
    yield "undo", lambda: undone(newest)
    yield "undo of 100 months", lambda: undone(_last(session))
    older = session.get_one(Import, imports[2 * EACH - 3])
    yield "make current", lambda: undo.make_current(session, organization, caller, older)
    _leave_much(session, organization)
    yield "housekeeping: deliveries", lambda: housekeeping.prune_history(session)
    yield "housekeeping: jobs", lambda: worker.prune(session)
    yield "housekeeping: answered requests", lambda: idempotency.prune(session)


def _last(session: Session) -> str:
    return session.scalars(select(Import.id).order_by(Import.created_at.desc()).limit(1)).one()


def _repeat(session: Session, organization: Organization, config: Config) -> None:
    """Send what is live once more."""
    path = config.data_dir / "bill.csv"
    with path.open("rb") as content:
        ((_row, job),) = receive.receive(
            session, organization, command_line(organization.id),
            [receive.Sent(content, "bill.csv")], uploads_dir=config.uploads_dir, max_bytes=1 << 30,
        )  # fmt: skip
    claim = queue.claim(session, job.id)
    assert claim is not None
    importer.run(session, claim, config, read=load)


def _leave_much(session: Session, organization: Organization) -> None:
    """Leave 20,000 jobs that ended, and as many answered requests, to be forgotten."""
    long_ago = utc_now() - timedelta(days=60)
    session.add_all(
        Job(kind="import", payload={}, state=JobState.DONE, organization_id=organization.id,
            finished_at=long_ago)
        for _ in range(20_000)
    )  # fmt: skip
    session.add_all(
        IdempotencyRecord(
            organization_id=organization.id, key=str(number), request_digest="d",
            created_at=long_ago, status=201, headers={}, body="x" * 1_000,
        )
        for number in range(20_000)
    )  # fmt: skip
    session.commit()


if __name__ == "__main__":
    main()
