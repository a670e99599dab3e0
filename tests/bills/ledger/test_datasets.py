"""The actual and the amortized export of Azure are two datasets of one scope, read as one bill."""

from __future__ import annotations

import csv
import io
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix.access.permissions import Caller
from costoptix.bills.formats.azure import AZURE
from costoptix.bills.intake import folders
from costoptix.bills.ledger import listing, outcomes, questions, undo
from costoptix.bills.ledger.questions import Decision, Kind
from costoptix.errors import Invalid
from costoptix.models import Delivery, DeliveryFile, Organization
from tests.support.bills import DATA, TakeIn, work
from tests.support.datasets import ACTUAL, AMORTIZED, incomplete_months

MADE = tuple(
    (DATA / "azure" / f"MCA_{name}Cost_Made.csv").read_bytes() for name in ("Actual", "Amortized")
)


def altered(like: str, **cells: str) -> bytes:
    """The first row of the amortized export with this pricing model, its cells changed."""
    rows = csv.DictReader(io.StringIO(AMORTIZED.decode("utf-8-sig"), newline=""))
    row = next(row for row in rows if row["PricingModel"] == like)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(row), lineterminator="\n")
    writer.writeheader()
    writer.writerow(row | cells)
    return text.getvalue().encode()


UNDECIDED = altered("OnDemand", Date="09/30/2023")
FREE_USE = altered("Reservation", Cost="0", UnitPrice="0", PayGPrice="0")


PURCHASES_SQL = AZURE.datasets.parts[0].condition


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
        if not paths:
            return Read(0, Decimal(0), Decimal(0))
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


def test_withdrawing_the_amortized_export_brings_the_actual_one_back_whole(
    take_in: TakeIn, live, session: Session, acme: Organization, operator: Caller
) -> None:
    actual = take_in(ACTUAL)
    before = live()
    amortized = take_in(AMORTIZED)
    assert live() != before
    undo.withdraw(session, acme, operator, amortized)
    assert live() == before
    (period,) = listing.periods(session, actual)
    assert (period.dataset, period.state) == ("actual", "live")


def test_a_newer_export_replaces_its_like_alone(take_in: TakeIn, live) -> None:
    first = take_in(ACTUAL)
    take_in(AMORTIZED)
    both = live()
    newer = take_in(ACTUAL + b"\n")
    assert live() == both
    assert (first.state, newer.state) == ("older", "live")


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize("pair", [(ACTUAL, AMORTIZED), MADE], ids=["EA", "MCA"])
def test_both_exports_in_one_drop_are_what_they_are_one_after_the_other(
    take_in: TakeIn, live, session: Session, acme: Organization, operator: Caller,
    pair: tuple[bytes, bytes], is_reversed: bool,
) -> None:  # fmt: skip
    """What stands in both exports counts once."""
    apart = [take_in(content) for content in pair]
    expected = live()
    for row in apart:
        undo.withdraw(session, acme, operator, row)
    together = take_in(*(pair[::-1] if is_reversed else pair))
    assert (together.state, together.rows_kept) == ("live", sum(row.rows_kept for row in apart))
    assert live() == expected
    periods = listing.periods(session, together)
    assert {(each.dataset, each.state) for each in periods} == {
        ("actual", "live"),
        ("amortized", "live"),
    }
    undo.withdraw(session, acme, operator, together)
    assert live() == (0, 0, 0)


def test_the_published_rule_holds_for_a_drop_of_both_exports(take_in: TakeIn, live) -> None:
    """Billed is what the actual export invoices, effective what the amortized export spreads."""
    take_in(*MADE)
    assert live()[1:] == (Decimal("9.6934"), Decimal("9.7934"))


def test_parts_that_cannot_be_told_go_with_the_only_export_that_is_shown(
    take_in: TakeIn, live, session: Session
) -> None:
    row = take_in(UNDECIDED, ACTUAL)
    (period,) = listing.periods(session, row)
    assert (period.dataset, period.row_count) == ("actual", 12)


def test_a_part_that_may_be_of_either_export_is_refused_in_words(take_in: TakeIn) -> None:
    row = take_in(ACTUAL, AMORTIZED, UNDECIDED)
    assert row.state == "refused"
    assert "send the two exports apart" in str(row.error)


def test_a_part_without_charges_is_of_no_export(take_in: TakeIn) -> None:
    nothing = ACTUAL.splitlines(keepends=True)[0]
    assert take_in(ACTUAL, AMORTIZED, nothing).state == "live"


def test_use_that_costs_nothing_anywhere_shows_no_export(take_in: TakeIn, session: Session) -> None:
    """A reservation's hour without a price is 0 in the amortized export as well."""
    row = take_in(AMORTIZED, FREE_USE, options={"decision": "add"})
    periods = listing.periods(session, row)
    assert {period.dataset for period in periods} == {"amortized"}
    assert sum(period.row_count for period in periods) == 29


AZURE_MANIFEST = """{{"blobs": [{{"blobName": "run/part_0.csv"}}, {{"blobName": "run/part_1.csv"}}],
    "exportConfig": {{"type": "{}"}}}}"""


@pytest.mark.parametrize(("kind", "dataset"), [("AmortizedCost", "amortized"), ("FocusCost", None)])
def test_a_manifest_says_which_export_its_files_are(
    take_in: TakeIn, session: Session, kind: str, dataset: str | None
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("part_0.csv", UNDECIDED)
        archive.writestr("part_1.csv", UNDECIDED)
        archive.writestr("manifest.json", AZURE_MANIFEST.format(kind))
    (period,) = listing.periods(session, take_in(packed.getvalue()))
    assert (period.dataset, period.row_count) == (dataset, 2)


def test_a_manifest_in_a_folder_says_it_as_well(
    tmp_path: Path, take_in: TakeIn, session: Session
) -> None:
    for part in ("part_0.csv", "part_1.csv"):
        (tmp_path / part).write_bytes(UNDECIDED)
    (tmp_path / "manifest.json").write_text(AZURE_MANIFEST.format("ActualCost"))
    (found,) = folders.deliveries_of([tmp_path])
    (period,) = listing.periods(session, take_in(UNDECIDED, options=found.options))
    assert period.dataset == "actual"


def test_nobody_is_asked_where_both_answers_come_to_the_same(take_in: TakeIn, live) -> None:
    states = [take_in(UNDECIDED + b"\n" * number).state for number in range(2)]
    assert (states, live().rows) == (["live", "live"], 1)


def test_a_file_that_is_of_either_export_waits_where_it_matters(
    take_in: TakeIn, live, session: Session, acme: Organization, operator: Caller, config: Config
) -> None:
    """The actual export is replaced, or what it bought is read beside the amortized one."""
    take_in(ACTUAL)
    before = live()
    waiting = take_in(UNDECIDED)
    question = questions.question_of(waiting)
    assert question is not None
    assert (question.kind, live()) == (Kind.DATASET, before)
    assert [effect.live for effect in question.effects] == [before.billed]
    with pytest.raises(Invalid, match="actual, amortized, discard"):
        questions.decide(session, operator, waiting, Decision.REPLACE)
    for decision in (Decision.AMORTIZED, Decision.REPLACE):  # much of the month would vanish
        questions.decide(session, operator, waiting, decision)
        work(session, config)
        session.refresh(waiting)
    assert (waiting.state, live().rows) == ("live", 2)
    (period,) = listing.periods(session, waiting)
    assert period.dataset == "amortized"


def test_a_source_is_asked_once(take_in: TakeIn, live, session: Session) -> None:
    take_in(ACTUAL)
    told = take_in(UNDECIDED, options={"dataset": "actual", "decision": "replace"})
    assert (told.state, live().rows) == ("live", 1)
    take_in(ACTUAL + b"\n", options={"decision": "replace"})
    again = take_in(UNDECIDED + b"\n", options={"decision": "replace"})
    (period,) = listing.periods(session, again)
    assert (again.state, period.dataset) == ("live", "actual")


def test_a_source_that_sends_both_is_asked_each_time(take_in: TakeIn) -> None:
    take_in(ACTUAL)
    take_in(UNDECIDED, options={"dataset": "actual", "decision": "replace"})
    take_in(ACTUAL + b"\n", options={"decision": "replace"})
    take_in(AMORTIZED, options={"decision": "replace"})
    assert take_in(UNDECIDED + b"\n").state == "waiting"


def test_a_purchase_that_the_newest_actual_export_lacks_is_gone(
    take_in: TakeIn, live, session: Session
) -> None:
    take_in(ACTUAL)
    take_in(AMORTIZED)
    assert live().rows == 29
    said = {"dataset": "actual", "decision": "replace"}
    take_in(UNDECIDED, options=said)
    assert live().rows == 28


def test_what_is_said_to_lack_is_what_the_other_export_brings(take_in: TakeIn, live) -> None:
    """Of the actual export the effective cost is short, of the amortized one the billed cost."""
    alone = []
    for content in MADE:
        take_in(content, source_name="alone")
        alone.append(live())
    actual, both = alone
    assert (actual.billed, both.billed - actual.billed) == (Decimal("9.6934"), 0)
    assert both.effective - actual.effective == Decimal("1.188")  # used and unused


def test_a_month_without_commitments_lacks_nothing(take_in: TakeIn, session: Session) -> None:
    assert incomplete_months(session, take_in(UNDECIDED, options={"dataset": "amortized"})) == [
        None
    ]
    assert incomplete_months(session, take_in(UNDECIDED + b"\n", options={"export": "actual"})) == [
        None
    ]


def test_r16_both_exports_sent_again_change_nothing(
    take_in: TakeIn, live, session: Session
) -> None:
    first = take_in(ACTUAL, AMORTIZED)
    before = live()
    again = take_in(AMORTIZED, ACTUAL)
    assert (again.state, again.message) == ("duplicate", outcomes.ALREADY_IMPORTED)
    assert live() == before
    assert listing.live_sums(session, first)["USD"]["billed_cost"] == before.billed
    assert listing.sums(session, first)["USD"]["billed_cost"] > before.billed
