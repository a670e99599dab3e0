"""What is remembered of the inbox: by whom a delivery was taken in, and what cannot be read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.bills.intake import inbox_items
from costoptix.bills.intake.inbox_items import Remember, TakenElsewhere
from costoptix.database import writing
from costoptix.models import InboxItem, Organization


def errors(session: Session, organization: Organization) -> dict[str, str | None]:
    session.rollback()
    return {item.path: item.error for item in inbox_items.not_taken_in(session, organization)}


def test_more_paths_than_one_statement_names_are_all_looked_up(
    session: Session, acme: Organization
) -> None:
    paths = [f"aws/{number}.csv" for number in range(1_200)]
    with writing(session):
        session.add_all(
            InboxItem(organization_id=acme.id, path=path, appearance=f"of {path}") for path in paths
        )
    asked = [*paths, "aws/unknown.csv"]
    assert inbox_items.appearances(session, acme.id, asked) == {
        path: f"of {path}" for path in paths
    }


def test_a_stranger_s_inbox_is_not_looked_into(
    session: Session, acme: Organization, elsewhere: Organization
) -> None:
    Remember(session, acme.id, "aws/a.csv", "first", None).only(error="It is empty.")
    assert inbox_items.appearances(session, elsewhere.id, ["aws/a.csv"]) == {}
    assert inbox_items.not_taken_in(session, elsewhere) == []
    assert inbox_items.count_not_taken_in(session, elsewhere) == 0


@pytest.mark.parametrize("before", [None, "first"])
def test_of_two_workers_that_remember_one_delivery_the_second_is_told(
    session: Session, acme: Organization, before: str | None
) -> None:
    if before is not None:
        Remember(session, acme.id, "aws/a.csv", before, None).only()
    Remember(session, acme.id, "aws/a.csv", "second", before).only(error="the quicker one")
    with pytest.raises(TakenElsewhere), writing(session):
        Remember(session, acme.id, "aws/a.csv", "second", before)._write(import_id=None)
    Remember(session, acme.id, "aws/a.csv", "second", before).only(error="the slower one")
    assert errors(session, acme) == {"aws/a.csv": "the quicker one"}


def test_what_cannot_be_read_is_said_once_until_it_can(
    session: Session, acme: Organization
) -> None:
    inbox_items.say_unreadable(session, acme.id, {"aws/loop": "It is a link.", "gcp": "Denied."})
    first = session.scalar(select(func.max(InboxItem.taken_at)))
    inbox_items.say_unreadable(session, acme.id, {"aws/loop": "It is a link."})
    assert session.scalar(select(func.max(InboxItem.taken_at))) == first
    assert errors(session, acme) == {"aws/loop": "It is a link.", "gcp": "Denied."}
    inbox_items.unsay_unreadable(session, acme.id, still={"aws/loop"}, sources=())
    assert errors(session, acme) == {"aws/loop": "It is a link."}
    inbox_items.unsay_unreadable(session, acme.id, still=(), sources={"aws"})
    assert errors(session, acme) == {"aws/loop": "It is a link."}  # that source was not looked into
    inbox_items.unsay_unreadable(session, acme.id, still=(), sources=())
    assert errors(session, acme) == {}


def test_the_newest_are_shown_all_are_counted_and_none_for_ever(
    session: Session, acme: Organization
) -> None:
    now = clock.utc_now()
    with writing(session):
        session.add_all(
            InboxItem(
                organization_id=acme.id, path=f"aws/{number:03}", appearance="x", error="no",
                taken_at=now - timedelta(minutes=number),
            )
            for number in range(inbox_items.SHOWN + 5)
        )  # fmt: skip
        session.add(
            InboxItem(
                organization_id=acme.id, path="aws/old", appearance="x", error="no",
                taken_at=now - inbox_items.SHOWN_FOR - timedelta(minutes=1),
            )
        )  # fmt: skip
    assert list(errors(session, acme)) == [f"aws/{n:03}" for n in range(inbox_items.SHOWN)]
    assert inbox_items.count_not_taken_in(session, acme) == inbox_items.SHOWN + 5
