"""Every look-up of the ledger by scope, source, state or organization is served by an index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from config import Config
from costoptix import worker
from costoptix.access import idempotency
from costoptix.access.permissions import Caller
from costoptix.bills.ledger import housekeeping, listing, previews, questions, undo
from costoptix.bills.ledger.incomplete import incomplete
from costoptix.bills.ledger.questions import Decision
from costoptix.models import Organization
from tests.bills.bill import write
from tests.support.bills import DATA, TakeIn, work
from tests.support.look_ups import scans_of
from tests.support.many import many_deliveries

pytestmark = pytest.mark.sqlite


@pytest.fixture
def asked(session: Session) -> Iterator[dict[str, object]]:
    """Note the statements that read or change growing tables, with the values of one use."""
    statements: dict[str, object] = {}

    def note(
        _connection: Connection, _cursor: object, statement: str, parameters: object,
        _context: object, many: bool,
    ) -> None:  # fmt: skip
        if statement.startswith(("SELECT", "UPDATE", "DELETE")) and not many:
            statements[statement] = parameters

    event.listen(session.get_bind(), "before_cursor_execute", note)
    yield statements
    event.remove(session.get_bind(), "before_cursor_execute", note)


def scans(session: Session, statements: dict[str, object]) -> list[str]:
    """Return the plans that go through a whole growing table, with their statements."""
    session.rollback()
    cursor = session.connection().connection.cursor()
    return [
        f"{step}: {statement}"
        for statement, parameters in dict(statements).items()
        for step in scans_of(cursor, statement, parameters)
    ]


def bill(amount: int, **cells: str) -> bytes:
    return write([{"BilledCost": str(amount), **cells}])


def test_a_bill_is_compared_asked_about_undone_and_shown_by_indexes(
    take_in: TakeIn, session: Session, acme: Organization, operator: Caller, config: Config,
    asked: dict[str, object],
) -> None:  # fmt: skip
    first = take_in(bill(100))
    second = take_in(bill(99))
    take_in(bill(99))
    waiting = take_in(bill(5), source_name="other")
    questions.decide(session, operator, waiting, Decision.REPLACE)
    work(session, config)
    take_in((DATA / "azure" / "EA_ActualCost_Small.csv").read_bytes())
    incomplete(session, acme.id, date(2020, 1, 1), date(2030, 1, 1))
    for row in (first, second, waiting):
        listing.periods(session, row)
        listing.live_sums(session, row)
        listing.reconciliation(session, row)
        previews.of_withdrawing(session, row)
        previews.of_making_current(session, row)
    undo.withdraw(session, acme, operator, waiting)
    undo.make_current(session, acme, operator, first)
    assert len(asked) > 50
    assert scans(session, asked) == []


def test_housekeeping_looks_by_indexes(
    session: Session, acme: Organization, config: Config, asked: dict[str, object]
) -> None:
    many_deliveries(session, acme, scopes=2, each=8)
    (config.uploads_dir / "gone").mkdir(parents=True)
    housekeeping.prune_history(session)
    housekeeping.sweep(session, config)
    worker.prune(session)
    idempotency.prune(session)
    assert len(asked) > 8
    assert scans(session, asked) == []


def test_a_look_up_without_an_index_would_be_found(session: Session) -> None:
    without = "SELECT id FROM deliveries WHERE row_count = 5"
    session.execute(text(without))
    assert len(scans(session, {without: ()})) == 1
