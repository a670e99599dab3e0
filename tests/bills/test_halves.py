"""The actual and the amortized export of Azure are halves of one scope, read as one bill."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import duckdb
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix.access.permissions import Caller
from costoptix.bills import deliveries, imports
from costoptix.bills.formats import PURCHASES_SQL
from costoptix.models import Delivery, DeliveryFile, Organization
from tests.bills.conftest import DATA, TakeIn

ACTUAL = (DATA / "azure" / "EA_ActualCost_Small.csv").read_bytes()
AMORTIZED = (DATA / "azure" / "EA_AmortizedCost_Small.csv").read_bytes()


class Read(NamedTuple):
    rows: int
    billed: Decimal
    effective: Decimal


@pytest.fixture
def live(session: Session, config: Config):
    """Add up what readers see."""

    def ask(condition: str = "true") -> Read:
        session.rollback()
        charges = (Delivery.is_live, DeliveryFile.kind == "charges")
        paths = session.scalars(select(DeliveryFile.path).join(Delivery).where(*charges)).all()
        names = [str(config.lake_dir / path) for path in paths]
        sql = "count(*), coalesce(sum(billed_cost), 0), coalesce(sum(effective_cost), 0)"
        (row,) = duckdb.sql(f"SELECT {sql} FROM read_parquet({names}) WHERE {condition}").fetchall()
        return Read(*row)

    return ask


@pytest.mark.parametrize("order", [(ACTUAL, AMORTIZED), (AMORTIZED, ACTUAL)])
def test_all_amortized_rows_and_the_purchases_of_the_actual_ones_are_read(
    take_in: TakeIn, live, session: Session, order: tuple[bytes, bytes]
) -> None:
    alone = {}
    rows = []
    for content in order:
        rows.append(take_in(content))
        alone[content] = live()
        if content == ACTUAL:
            purchases = live(PURCHASES_SQL)
    if order[0] == AMORTIZED:
        purchases = live(PURCHASES_SQL)
    amortized = alone[AMORTIZED] if order[0] == AMORTIZED else None
    both = live()
    assert [row.state for row in rows] == ["live", "live"]
    assert purchases.rows > 0
    if amortized is not None:
        assert both.rows == amortized.rows + purchases.rows
        assert both.billed == amortized.billed + purchases.billed
        assert both.effective == amortized.effective
    assert both.rows == 28 + purchases.rows


def test_withdrawing_the_amortized_half_brings_the_actual_one_back_whole(
    take_in: TakeIn, live, session: Session, acme: Organization, operator: Caller
) -> None:
    actual = take_in(ACTUAL)
    before = live()
    amortized = take_in(AMORTIZED)
    assert live() != before
    deliveries.withdraw(session, acme, operator, amortized)
    assert live() == before
    (period,) = imports.periods(session, actual)
    assert (period.half, period.state) == ("actual", "live")


def test_a_newer_half_replaces_its_like_alone(take_in: TakeIn, live) -> None:
    first = take_in(ACTUAL)
    take_in(AMORTIZED)
    both = live()
    newer = take_in(ACTUAL + b"\n")
    assert live() == both
    assert (first.state, newer.state) == ("older", "live")
