"""What is withdrawn or made current changes what counts in one instant."""

from __future__ import annotations

import io
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, queue
from costoptix.access.permissions import Caller, Permission, command_line
from costoptix.bills.intake import receive
from costoptix.bills.intake.receive import Sent
from costoptix.bills.ledger import importer, undo
from costoptix.bills.ledger.outcomes import REPLACED
from costoptix.bills.ledger.questions import Decision
from costoptix.bills.read.load import load
from costoptix.errors import Conflict, Forbidden
from costoptix.models import Delivery, Import, Organization, new_id
from tests.bills.bill import bill, write
from tests.support.bills import Decide, TakeIn
from tests.support.proving import count


def test_withdrawing_brings_back_what_was_live_before(
    take_in: TakeIn, billed, session: Session, acme: Organization, operator: Caller
) -> None:
    first = take_in(bill("7"))
    second = take_in(bill("8"))
    version = acme.data_version
    undo.withdraw(session, acme, operator, second)
    session.refresh(first)
    session.refresh(acme)
    assert (first.state, second.state) == ("live", "withdrawn")
    assert acme.data_version != version
    assert billed() == 7


def test_withdrawing_the_only_delivery_leaves_nothing_and_its_bytes_may_come_back(
    take_in: TakeIn, billed, session: Session, acme: Organization, operator: Caller
) -> None:
    row = take_in(bill("7"))
    undo.withdraw(session, acme, operator, row)
    assert billed() == 0
    with pytest.raises(Conflict, match="withdrawn"):
        undo.withdraw(session, acme, operator, row)
    assert take_in(bill("7")).message is None
    assert billed() == 7


def test_a_reader_may_not_send_or_withdraw(
    take_in: TakeIn, session: Session, acme: Organization, config: Config
) -> None:
    reader = Caller(acme.id, Permission.READ, "a key", api_key_id=new_id())
    with pytest.raises(Forbidden):
        receive.receive(
            session, acme, reader, [Sent(io.BytesIO(b"a"), "a")],
            uploads_dir=config.uploads_dir, max_bytes=10,
        )  # fmt: skip
    with pytest.raises(Forbidden):
        undo.withdraw(session, acme, reader, take_in(bill("7")))


AMOUNTS = st.dictionaries(
    st.tuples(st.sampled_from(("payer", "other")), st.sampled_from(("03", "04"))),
    st.integers(-1000, 1000), min_size=1,
)  # fmt: skip
"""What a delivery bills, by billing account and month."""


@settings(
    max_examples=count(4, 60), deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(st.lists(AMOUNTS, min_size=2, max_size=4, unique_by=repr), st.data())
def test_undoing_what_was_added_last_is_the_identity(
    session: Session, config: Config, sent: list[dict[tuple[str, str], int]], data: st.DataObject
) -> None:
    """Whatever came before, and in whichever order what came after is taken back."""
    owner = Organization(name=new_id(), tier="enterprise")
    session.add(owner)
    session.commit()
    take_in = partial(_take_in, session, config, owner)
    take_in(sent[0])
    before = _live(session, owner)
    added = [take_in(amounts) for amounts in sent[1:]]
    for row in data.draw(st.permutations(added)):
        undo.withdraw(session, owner, command_line(owner.id), row)
    assert _live(session, owner) == before


def _take_in(
    session: Session, config: Config, owner: Organization, amounts: dict[tuple[str, str], int]
) -> Import:
    rows = (
        {
            "BillingAccountId": account, "BilledCost": str(amount),
            "BillingPeriodStart": f"2026-{month}-01T00:00:00Z",
            "ChargePeriodStart": f"2026-{month}-02T00:00:00Z",
        }
        for (account, month), amount in amounts.items()
    )  # fmt: skip
    sent = receive.Sent(io.BytesIO(write(rows)), "a.csv")
    ((row, job),) = receive.receive(
        session, owner, command_line(owner.id), [sent],
        uploads_dir=config.uploads_dir, max_bytes=1 << 20, options={"decision": "replace"},
    )  # fmt: skip
    claimed = queue.claim(session, job.id)
    assert claimed is not None
    importer.run(session, claimed, config, read=load)
    queue.finish(session, claimed)
    return row


def _live(session: Session, owner: Organization) -> set[tuple[object, ...]]:
    session.expire_all()
    live = select(Delivery).where(Delivery.organization_id == owner.id, Delivery.is_live)
    return {
        (each.id, each.billing_account_id, each.billing_period, each.row_count)
        for each in session.scalars(live)
    }


def test_an_older_import_is_made_current_in_one_instant(
    take_in: TakeIn, billed, session: Session, acme: Organization, operator: Caller
) -> None:
    first, second = take_in(bill("7")), take_in(bill("8"))
    version = acme.data_version
    undo.make_current(session, acme, operator, first)
    for row in (first, second, acme):
        session.refresh(row)
    assert (first.state, second.state) == ("live", "older")
    assert acme.data_version != version
    assert billed() == 7
    assert take_in(bill("9")).state == "live"
    assert billed() == 9


def test_only_what_was_replaced_is_made_current_and_by_who_may_write(
    take_in: TakeIn, session: Session, acme: Organization, operator: Caller
) -> None:
    row = take_in(bill("7"))
    with pytest.raises(Conflict, match="live"):
        undo.make_current(session, acme, operator, row)
    reader = Caller(acme.id, operator.permission.READ, "a key")
    with pytest.raises(Forbidden):
        undo.make_current(session, acme, reader, row)


def test_an_older_import_says_so_until_it_is_live_again(
    take_in: TakeIn, session: Session, acme: Organization, operator: Caller
) -> None:
    clock.configure("2026-04-02T12:00:00Z")
    take_in(bill("7"))
    newest = take_in(bill("8"))
    again = take_in(bill("7"))
    assert again.message == REPLACED
    undo.withdraw(session, acme, operator, newest)
    session.refresh(again)
    assert (again.state, again.message) == ("live", None)


def test_undoing_an_added_part_takes_just_that_part(
    take_in: TakeIn, billed, decide: Decide, session: Session, acme: Organization, operator: Caller
) -> None:
    def days(first: int, amount: str) -> bytes:
        starts = [f"2026-03-{day:02}T05:00:00Z" for day in range(first, first + 10)]
        return write([{"ChargePeriodStart": start, "BilledCost": amount} for start in starts])

    first, second = take_in(days(1, "2")), take_in(days(11, "3"))
    assert (first.state, second.state, billed()) == ("live", "waiting", 20)
    decide(second, Decision.ADD)
    again = take_in(days(11, "4"))
    assert (again.state, billed()) == ("live", 60)
    undo.withdraw(session, acme, operator, again)
    assert billed() == 50
    undo.withdraw(session, acme, operator, second)
    session.refresh(first)
    assert (first.state, billed()) == ("live", 20)
