"""A small lake for tests: charges in, the files and rows of live deliveries out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from costoptix.costs.answers import CostReport, CostStore
from costoptix.costs.query import CostQuery
from costoptix.costs.report import run
from costoptix.figures.asks import Asks, asks_of
from costoptix.lake.layout import CHARGES, DIMENSIONS, METRICS, ROLL_UPS, roll_up_sql
from costoptix.models import Base, Delivery, DeliveryFile, Import, Organization, Source, new_id
from costoptix.periods import BillingPeriod, DateRange, month_range, month_start

TODAY = date(2026, 3, 20)
IMPORTED_AT = datetime(2026, 3, 20, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Charge:
    """One charge; what a test does not say is ordinary."""

    day: date = date(2026, 3, 2)
    hour: int = 5
    billing_currency: str = "USD"
    billed_cost: Decimal = Decimal(1)
    effective_cost: Decimal = Decimal(1)
    list_cost: Decimal | None = Decimal(1)
    contracted_cost: Decimal | None = Decimal(1)
    tags: str | None = None
    billing_period: date | None = None  # None: the month of the day
    billing_period_last: date | None = None  # None: that of the month
    provider_name: str | None = "AWS"
    billing_account_id: str | None = "payer"
    sub_account_id: str | None = "111"
    sub_account_name: str | None = "prod"
    service_name: str | None = "EC2"
    service_category: str | None = "Compute"
    charge_category: str | None = "Usage"
    region_id: str | None = "eu-west-1"
    pricing_category: str | None = "Standard"
    commitment_discount_status: str | None = None
    invoice_id: str | None = None
    resource_id: str | None = None
    sku_id: str | None = None
    charge_description: str | None = None
    pricing_quantity: str | None = None
    pricing_unit: str | None = None

    def metric(self, name: str) -> Decimal | None:
        return getattr(self, name)


_COLUMNS = (
    "charge_period_start", "billing_currency", "tags", "pricing_quantity", "pricing_unit",
    *DIMENSIONS, *METRICS,
)  # fmt: skip
_TYPES = {"charge_period_start": "TIMESTAMP", **dict.fromkeys(METRICS, "DECIMAL(38, 18)")}


@dataclass
class Lake:
    """An organization's live deliveries on disk and in the database."""

    session: Session
    store: CostStore
    writer: duckdb.DuckDBPyConnection
    organization: Organization

    def deliver(self, *charges: Charge, source: str = "bills", copies: int = 1) -> list[Delivery]:
        """Make the charges live, one delivery per billing period, under a new data version.

        With ``copies`` each is there so often, its ``resource_id`` numbered from 0.
        """
        periods: dict[BillingPeriod, list[Charge]] = defaultdict(list)
        for charge in charges:
            first = charge.billing_period or month_start(charge.day)
            periods[BillingPeriod.stored(first, charge.billing_period_last)].append(charge)
        return [
            self._deliver(period, found, source, copies)
            for period, found in sorted(periods.items())
        ]

    def deliver_series(self, count: int, days: DateRange, spiking: int) -> None:
        """Make a charge of $10 to $11 a day live for so many series, made in SQL.

        The first ``spiking`` cost $500 more on the last day but three.
        """
        spike = days.last - timedelta(days=3)
        cost = f"10 + hash(s, d) % 100 / 100 + if(s < {spiking} AND day = '{spike}', 500, 0)"
        made = {
            "charge_period_start": "day", "service_name": "'service ' || s % 100",
            "sub_account_id": "CAST(s // 100 AS VARCHAR)",
            **dict.fromkeys(METRICS, cost),
        }  # fmt: skip
        for month in days.months():
            part = days.clip(month_range(month))
            assert part is not None
            ordinary = dict(zip(_COLUMNS, _values(Charge(day=part.first)), strict=True))
            values = [made.get(name, "?") for name in _COLUMNS]
            self.writer.execute("DELETE FROM charges")
            self.writer.execute(
                f"INSERT INTO charges SELECT {', '.join(values)} FROM range({count}) series(s), "
                f"(SELECT d, DATE '{part.first}' + CAST(d AS INTEGER) AS day "
                f"FROM range({part.length}) days(d))",
                [value for name, value in ordinary.items() if name not in made],
            )
            self._make_live(BillingPeriod.month(month), part, count * part.length, "bills")

    def question(self, asked: CostQuery, limit: int | None = None) -> CostReport:
        """Answer a query, as the pages' and the API's ``ask`` do."""
        return run(self.session, self.organization, asked, self.store, limit=limit)

    @property
    def asks(self) -> Asks:
        """What answers why costs changed."""
        return asks_of(self.session, self.organization, self.store)

    def ask(self, *params: tuple[str, str], **options: Any) -> CostReport:
        """Ask with the API's parameters."""
        return run(self.session, self.organization, query(*params), self.store, **options)

    def _deliver(
        self, period: BillingPeriod, charges: list[Charge], source_name: str, copies: int
    ) -> Delivery:
        self.writer.execute("DELETE FROM charges")
        marks = f"({', '.join('?' for _ in _COLUMNS)})"
        rows = [value for charge in charges for value in _values(charge)]
        self.writer.execute(f"INSERT INTO charges VALUES {', '.join([marks] * len(charges))}", rows)
        if copies > 1:
            self.writer.execute(
                "CREATE OR REPLACE TABLE charges AS SELECT charges.* REPLACE "
                f"(resource_id || n AS resource_id) FROM charges, range({copies}) AS copies(n)"
            )
        days = DateRange(min(c.day for c in charges), max(c.day for c in charges))
        return self._make_live(period, days, len(charges) * copies, source_name)

    def _make_live(
        self, period: BillingPeriod, days: DateRange, row_count: int, source_name: str
    ) -> Delivery:
        """Make a delivery of what is in the table of charges."""
        source = self._source(source_name)
        imported = Import(
            organization_id=self.organization.id, file_name="f", stored_name="f", size_bytes=1,
            sha256="0" * 64, created_by="test", state="live", live_at=IMPORTED_AT,
        )  # fmt: skip
        self.session.add(imported)
        self.session.flush()
        delivery = Delivery(
            id=new_id(), organization_id=self.organization.id, import_id=imported.id,
            source_id=source.id, billing_account_id="payer", billing_period=period.first,
            billing_period_last=period.stored_last,
            delivered_at=IMPORTED_AT, state="live", is_live=True,
            first_day=days.first, last_day=days.last, row_count=row_count,
        )  # fmt: skip
        delivery.files = list(self._files(delivery))
        self.session.add(delivery)
        self.organization.data_version = new_id()
        self.session.commit()
        return delivery

    def _source(self, name: str) -> Source:
        found = self.session.query(Source).filter_by(
            organization_id=self.organization.id, name=name
        )
        source = found.one_or_none() or Source(organization_id=self.organization.id, name=name)
        self.session.add(source)
        self.session.flush()
        return source

    def _files(self, delivery: Delivery) -> Iterator[DeliveryFile]:
        folder = f"organization={self.organization.id}/delivery={delivery.id}"
        self.store.engine.path(folder).mkdir(parents=True)
        selects = {CHARGES: "SELECT * FROM charges"}
        selects |= {roll_up.name: roll_up_sql(roll_up, "charges") for roll_up in ROLL_UPS}
        for kind, select in selects.items():
            path = f"{folder}/{kind}.parquet"
            copy = f"COPY ({select}) TO '{self.store.engine.path(path)}' (FORMAT parquet)"
            count = self.writer.execute(copy).fetchone()[0]
            yield DeliveryFile(kind=kind, path=path, size_bytes=1, row_count=count)


def _values(charge: Charge) -> list[Any]:
    known = asdict(charge)
    known["charge_period_start"] = f"{charge.day} {charge.hour:02}:00:00"
    return [known[name] for name in _COLUMNS]


@contextmanager
def open_writer() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open what writes the files of a lake."""
    with _engine().cursor() as writer:
        yield writer


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """Start the engine of all writers: to start one takes longer than to write a small lake."""
    columns = ", ".join(f"{name} {_TYPES.get(name, 'VARCHAR')}" for name in _COLUMNS)
    engine = duckdb.connect()
    engine.execute(f"CREATE TABLE charges ({columns})")
    return engine


@contextmanager
def open_lake(folder: Path, **options: int) -> Iterator[Lake]:
    """Open an empty lake with a database of its own in memory."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as session, open_writer() as writer:
        store = CostStore(folder / "lake", folder / "tmp", **options)
        yield Lake(session, store, writer, new_organization(session))
    engine.dispose()


def new_organization(session: Session) -> Organization:
    """Make another organization in the same lake."""
    organization = Organization(name=new_id(), tier="enterprise")
    session.add(organization)
    session.commit()
    return organization


def query(*params: tuple[str, str]) -> CostQuery:
    """Read parameters as of ``TODAY``."""
    return CostQuery.from_params(params, TODAY)


def on(charge: Charge, *days: date) -> Iterable[Charge]:
    """Repeat a charge on several days."""
    return (replace(charge, day=day) for day in days)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty lake of acme, answers not remembered."""
    with open_lake(tmp_path, cached_rows=0) as lake:
        yield lake


@pytest.fixture(scope="module")
def bills_lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """One lake for all examples of a property; each bill is an organization of its own in it."""
    with open_lake(tmp_path_factory.mktemp("laws"), cached_rows=0) as lake:
        yield lake
