"""An installation whose one live month is delivered anew, and what must be true of it always."""

from __future__ import annotations

import io
import sqlite3
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, queue
from costoptix.access.permissions import command_line
from costoptix.bills.intake import receive
from costoptix.bills.ledger import housekeeping, questions
from costoptix.bills.ledger.questions import Decision
from costoptix.costs import report
from costoptix.costs.query import CostQuery
from costoptix.lake.files import STAGING
from costoptix.models import Delivery, DeliveryFile, Import, ImportState, Job, Organization
from costoptix.periods import DateRange
from tests.bills.bill import write
from tests.support.server import environment_for

MARCH = CostQuery(DateRange(date(2026, 3, 1), date(2026, 3, 31)))
ACCOUNTS = 3


class Month:
    """A month of ``rows`` charges, with every delivery a dollar dearer than before."""

    def __init__(self, app: Flask, session: Session, acme: Organization, now: Path) -> None:
        self.config: Config = app.config["COSTOPTIX"]
        self.session = session
        self._store = app.extensions["cost_store"]
        self._acme = acme
        self._now = now
        self.rows = 600
        self.price = 0
        self.is_asked_about = False  # each delivery holds other charges, and waits for an answer
        now.write_text(clock.utc_now().isoformat())
        clock.configure(f"@{now}")

    @property
    def environment(self) -> dict[str, str]:
        """What a worker of this installation is started with."""
        return environment_for(
            self.config.data_dir,
            DATABASE_URL=self.config.database_url, COSTOPTIX_NOW=f"@{self._now}",
        )  # fmt: skip

    def content(self, price: int) -> bytes:
        """The month's file at a price."""
        accounts = [f"payer-{n % ACCOUNTS}" for n in range(self.rows)]
        kind = f"i-{price}" if self.is_asked_about else "i"
        return write(
            {"BilledCost": str(price), "ResourceId": f"{kind}-{n}", "BillingAccountId": account}
            for n, account in enumerate(accounts)
        )

    def deliver(self) -> tuple[Import, Job]:
        """Receive the month at the next price; nothing of it is read yet."""
        self.price += 1
        self.pass_time(timedelta(0))  # deliveries are ordered by their time
        return self.send()

    def send(self, name: str = "month.csv") -> tuple[Import, Job]:
        """Receive the month at the price."""
        sent = receive.Sent(io.BytesIO(self.content(self.price)), name)
        ((row, job),) = receive.receive(
            self.session, self._acme, command_line(self._acme.id), [sent],
            uploads_dir=self.config.uploads_dir, max_bytes=10 << 20, source_name="payer",
        )  # fmt: skip
        return row, job

    def answer(self) -> bool:
        """Answer the imports that wait, that they replace what is live; tell whether any did."""
        session = self.latest()
        waiting = session.scalars(select(Import).where(Import.state == ImportState.WAITING)).all()
        if waiting:
            assert self.total() == self.worth(self.price - 1)
        for row in waiting:
            questions.decide(session, command_line(self._acme.id), row, Decision.REPLACE)
        return bool(waiting)

    def pass_time(self, length: timedelta = queue.LEASE) -> None:
        """Let a dead worker's lease end, or a failed job's wait."""
        later = clock.utc_now() + length + timedelta(seconds=1)
        fresh = self._now.with_suffix(".new")
        fresh.write_text(later.isoformat())
        fresh.replace(self._now)

    def total(self) -> Decimal:
        """Ask what readers are told."""
        self.latest()
        totals = report.run(self.session, self._acme, MARCH, self._store).totals
        return Decimal(totals[0].billed_cost) if totals else Decimal(0)

    def worth(self, price: int) -> Decimal:
        """Say what the month adds up to at a price."""
        return Decimal(price * self.rows)

    def latest(self) -> Session:
        """Return the session without what it has read so far: other processes have written."""
        self.session.rollback()
        self.session.expire_all()
        return self.session

    def check_whole(self) -> None:
        """Check what must hold at any moment, whatever was killed or full."""
        total = self.total()
        assert total in (self.worth(self.price - 1), self.worth(self.price)), total
        self.check_database()

    def check_settled(self) -> None:
        """Check that the last delivery is live once, that no work is left and no file too many."""
        assert self.total() == self.worth(self.price)
        self.check_database()
        session = self.latest()
        assert {job.state for job in session.scalars(select(Job))} == {"done"}
        imports = session.scalars(select(Import).order_by(Import.created_at)).all()
        assert [row.state for row in imports] == ["older"] * (self.price - 1) + ["live"]
        live = session.scalars(select(Delivery).where(Delivery.is_live)).all()
        assert {each.import_id for each in live} == {imports[-1].id}
        assert sum(each.row_count for each in live) == self.rows == imports[-1].rows_kept
        self.check_swept()

    def check_database(self) -> None:
        """Have the SQLite file check itself."""
        path = self.config.data_dir / "costoptix.db"
        if not self.config.database_url.startswith("sqlite"):
            return
        connection = sqlite3.connect(path, timeout=30)
        try:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        finally:
            connection.close()

    def check_swept(self) -> None:
        """Check that after the sweep (whose grace the test has taken away) no orphan is left."""
        housekeeping.sweep(self.latest(), self.config)
        lake = self.config.lake_dir
        named = {lake / path for path in self.session.scalars(select(DeliveryFile.path))}
        assert set(lake.rglob("*.parquet")) == named
        for folder in (lake / STAGING, self.config.uploads_dir, self.config.temp_dir):
            assert [path for path in folder.rglob("*") if path.is_file()] == []
