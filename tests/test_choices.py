"""What an organization chose: who may, what it moves, and two who choose at once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix import choices, drafts
from costoptix.access.permissions import Caller, Permission
from costoptix.choices import ChoicesDraft
from costoptix.errors import Conflict, Forbidden, Invalid
from costoptix.lake.live import current_version
from costoptix.models import AuditEntry, Organization


def change(
    session: Session, acme: Organization, caller: Caller, seen: Any = None, **values: object
) -> None:
    choices.change(session, acme, caller, drafts.read(ChoicesDraft, values), seen)


@pytest.mark.parametrize(
    ("values", "renews"),
    [
        ({"metric": "billed_cost"}, True),
        ({"metric": "effective_cost"}, False),  # as it is
        ({"anomaly_floor": {"USD": "9"}}, True),
        ({"anomaly_floor": {"USD": None}}, False),
        ({"time_zone": "Europe/Berlin", "report_weekday": "sunday"}, False),
        ({}, False),
    ],
)
def test_the_data_version_is_renewed_by_what_moves_figures(
    session: Session, acme: Organization, admin: Caller, values: dict[str, Any], renews: bool
) -> None:
    before = current_version(session, acme)
    change(session, acme, admin, **values)
    assert (current_version(session, acme) != before) is renews


def test_every_change_is_in_the_audit_log_once(
    session: Session, acme: Organization, admin: Caller
) -> None:
    change(session, acme, admin, metric="billed_cost", time_zone="europe/berlin")
    change(session, acme, admin, metric="billed_cost")
    (entry,) = session.scalars(
        select(AuditEntry).where(AuditEntry.action == "organization.changed")
    )
    assert entry.before == {"metric": "effective_cost", "time_zone": "UTC"}
    assert entry.after == {"metric": "billed_cost", "time_zone": "Europe/Berlin"}


def test_only_an_admin_chooses(session: Session, acme: Organization, admin: Caller) -> None:
    member = replace(admin, permission=Permission.WRITE)
    with pytest.raises(Forbidden):
        change(session, acme, member, metric="billed_cost")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("metric", "list_cost"), ("metric", ""), ("metric", None), ("metric", ["billed_cost"]),
        ("metric", "x" * 20_000), ("time_zone", ""), ("time_zone", "Mars/Olympus"),
        ("time_zone", "+02:00"), ("time_zone", "../../etc/passwd"), ("time_zone", 2),
        ("time_zone", None), ("time_zone", "a" * 20_000), ("time_zone", "Factory"),
        ("report_weekday", "someday"), ("report_weekday", 1), ("report_weekday", None),
        ("report_weekday", ""), ("anomaly_floor", None), ("anomaly_floor", {"USD": "1,0"}),
        ("weekday", "monday"),
    ],
)  # fmt: skip
def test_a_wrong_choice_is_named(name: str, value: object) -> None:
    with pytest.raises(Invalid, match=name):
        drafts.read(ChoicesDraft, {name: value})


def test_a_zone_and_a_day_are_read_whatever_their_case() -> None:
    draft = drafts.read(ChoicesDraft, {"time_zone": " asia/KOLKATA ", "report_weekday": "Friday"})
    assert draft.changes() == {"time_zone": "Asia/Kolkata", "report_weekday": "friday"}


def test_of_two_who_change_one_choice_the_second_is_told(
    session: Session, acme: Organization, admin: Caller
) -> None:
    seen = {"metric": "effective_cost", "time_zone": "UTC", "anomaly_floor": {"USD": None}}
    change(session, acme, admin, seen, time_zone="Europe/Berlin", anomaly_floor={"USD": "5"})
    for values in ({"time_zone": "Asia/Tokyo"}, {"anomaly_floor": {"USD": "6"}}):
        with pytest.raises(Conflict, match="somebody else has changed it meanwhile") as refusal:
            change(session, acme, admin, seen, metric="billed_cost", **values)
        assert refusal.value.field in values
    assert (acme.metric, acme.time_zone) == ("effective_cost", "Europe/Berlin")
    # What the other has not touched is changed, and so is what both want alike.
    change(session, acme, admin, seen, metric="billed_cost", time_zone="Europe/Berlin")
    assert (acme.metric, acme.anomaly_floors) == ("billed_cost", {"USD": "5"})


def test_floors_of_other_currencies_stay(
    session: Session, acme: Organization, admin: Caller
) -> None:
    change(session, acme, admin, anomaly_floor={"USD": Decimal(5), "EUR": "2.50"})
    change(session, acme, admin, anomaly_floor={"USD": None, "JPY": 0})
    assert acme.anomaly_floors == {"EUR": "2.5", "JPY": "0"}
