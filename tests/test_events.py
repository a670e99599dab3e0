"""An event of a key happens once, whoever raises it and however often."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from costoptix import events
from costoptix.database import writing
from costoptix.models import Event, Job, Organization


def warn(session: Session, organization: Organization, key: str, subject: str = "b") -> bool:
    return events.raise_once(
        session, organization, "budget.warning", key=key, subject_id=subject, data={"spend": "9.5"}
    )


def test_the_second_of_a_key_is_not_added(session: Session, acme: Organization) -> None:
    assert warn(session, acme, "march")
    assert not warn(session, acme, "march")
    assert session.scalar(select(func.count()).select_from(Event)) == 1


def test_another_organization_has_keys_of_its_own(
    session: Session, acme: Organization, elsewhere: Organization
) -> None:
    assert warn(session, acme, "march")
    assert warn(session, elsewhere, "march")
    assert events.raised(session, elsewhere, ["march", "april"]) == {"march"}
    assert len(events.of_subject(session, elsewhere, "b")) == 1


def test_more_keys_than_a_statement_names_are_all_looked_up(
    session: Session, acme: Organization
) -> None:
    keys = [str(number) for number in range(events.KEYS_AT_ONCE * 2 + 1)]
    session.add_all(
        Event(organization_id=acme.id, name="x", key=key, subject_id="b", data={}) for key in keys
    )
    session.commit()  # more rows than may be written under the lock
    assert events.raised(session, acme, [*keys, "another"]) == set(keys)
    assert events.is_known(session, acme, keys[:2])
    assert not events.is_known(session, acme, ["another"])


def test_what_happened_to_a_subject_is_listed_newest_first(
    session: Session, acme: Organization
) -> None:
    for key in ("a", "b", "c"):
        warn(session, acme, key)
    warn(session, acme, "d", subject="another")
    assert [event.key for event in events.of_subject(session, acme, "b")] == ["c", "b", "a"]


def test_an_event_goes_with_the_transaction_that_raises_it(
    session: Session, acme: Organization
) -> None:
    class Undone(Exception):
        pass

    try:
        with writing(session):
            warn(session, acme, "march")
            events.data_changed(session, acme.id)
            raise Undone
    except Undone:
        session.rollback()
    assert events.raised(session, acme, ["march"]) == set()
    assert session.scalars(select(Job)).all() == []


def test_data_that_change_twice_before_the_job_runs_make_one_job(
    session: Session, acme: Organization
) -> None:
    for _ in range(2):
        with writing(session):
            events.data_changed(session, acme.id)
    assert [job.kind for job in session.scalars(select(Job))] == [events.DATA_CHANGED]
