"""Reports: their figures, their words, once for each channel and period."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, drafts, queue
from costoptix.access.permissions import Caller, Permission
from costoptix.budgets import service as budgets
from costoptix.budgets.drafts import BudgetDraft
from costoptix.costs.accounts import account_id
from costoptix.costs.answers import CostStore
from costoptix.errors import Conflict, Forbidden, NotFound
from costoptix.models import AccountName, Channel, ChannelState, Dispatch, Job, Organization
from costoptix.notify import channels, report_job
from costoptix.notify.composing import compose
from costoptix.notify.drafts import ChannelDraft
from costoptix.notify.filters import ChannelFilter
from costoptix.notify.messages import PLATFORMS
from costoptix.notify.report_dates import MONTHLY, WEEKLY
from costoptix.notify.reports import report_data
from costoptix.periods import DateRange
from tests.anomalies.anomaly import make_anomaly
from tests.support.lake import Charge, Lake, open_writer

WEEK = DateRange(date(2026, 3, 9), date(2026, 3, 15))
MONDAY = "2026-03-16T12:00:00Z"


@pytest.fixture
def store(config: Config) -> CostStore:
    return CostStore(config.lake_dir, config.temp_dir)


Deliver = Callable[..., None]


@pytest.fixture
def deliver(session: Session, store: CostStore, acme: Organization) -> Deliver:
    """Make two weeks live: $10 a day, then $20, of EC2; $5 of S3 in the first alone."""
    clock.configure(MONDAY)

    def make(last: date = date(2026, 3, 16)) -> None:
        charges = []
        for number in range((last - date(2026, 3, 2)).days + 1):
            day = date(2026, 3, 2) + timedelta(days=number)
            cost = Decimal(10 if number < 7 else 20)
            charges.append(Charge(day=day, effective_cost=cost))
            if number < 7:
                charges.append(
                    Charge(day=day, effective_cost=Decimal(5), service_name="S3",
                           sub_account_id="222")
                )  # fmt: skip
        with open_writer() as writer:
            Lake(session, store, writer, acme).deliver(*charges)

    return make


Report = Callable[..., Channel]


@pytest.fixture
def reporting(session: Session, acme: Organization, admin: Caller, config: Config) -> Report:
    """Make a channel that chose the weekly report, unless it chooses otherwise."""

    def create(**values: Any) -> Channel:
        usual = {
            "name": "Ops", "kind": "custom", "url": "https://hooks.example.com/x",
            "events": [WEEKLY],
        }  # fmt: skip
        draft = drafts.read(ChannelDraft, usual | values)
        return channels.create(session, acme, admin, draft, config)[0]

    return create


def due(session: Session) -> list[str]:
    report_job.make_due(session)
    session.rollback()
    return [job.kind for job in session.scalars(select(Job).filter_by(kind=report_job.JOB_KIND))]


def run(session: Session, config: Config) -> list[Dispatch]:
    """Make due and do the job; return all dispatches."""
    report_job.make_due(session)
    session.rollback()
    claim = queue.claim(session, kinds={report_job.JOB_KIND})
    if claim is not None:
        report_job.run(session, claim, config)
        queue.finish(session, claim)
    return list(session.scalars(select(Dispatch).order_by(Dispatch.key)))


def test_a_report_says_what_changed_to_the_last_cent(
    session: Session, acme: Organization, store: CostStore, deliver: Deliver
) -> None:
    deliver()
    data = report_data(session, acme, WEEK, ChannelFilter(), store)
    assert data["sentence"] == (
        "9–15 Mar 2026 cost $140.00. 9–15 Mar 2026 is $35.00 (33.3%) above 2–8 Mar 2026: "
        "EC2 +$70.00 by what cannot be told more precisely, S3 −$35.00 no longer used."
    )
    (why,) = data["why"]
    assert sum(map(Decimal, why["parts"].values())) == Decimal(35)
    assert data["missing"] is None
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_a_report_has_every_section_on_every_platform(
    session: Session, acme: Organization, admin: Caller, store: CostStore, deliver: Deliver
) -> None:
    deliver()
    draft = drafts.read(BudgetDraft, {"name": "All", "amount": "500", "currency": "USD"})
    budgets.create(session, acme, admin, draft, store)
    make_anomaly(session, acme, first_day=WEEK.first, last_day=WEEK.first)
    session.add(AccountName(organization_id=acme.id, account_id=account_id("aws:111"), name="Prod"))
    session.commit()
    data = report_data(session, acme, WEEK, ChannelFilter(), store)
    notification = compose(WEEKLY, clock.utc_now(), acme, data, "https://cost.example")
    assert [section.title for section in notification.sections] == [
        "What the change is made of", "Largest changes", "Budgets", "Anomalies", "Ahead",
    ]  # fmt: skip
    assert notification.sections[3].lines[0][0] == "EC2 in Prod"
    assert [amount.text for amount in notification.amounts] == ["$140.00"]
    assert notification.link == (
        "https://cost.example/costs?start_date=2026-03-09&end_date=2026-03-15"
    )
    for platform in PLATFORMS.values():
        assert "EC2" in json.dumps(platform.render(notification))


def test_a_filter_narrows_a_report(
    session: Session, acme: Organization, store: CostStore, deliver: Deliver
) -> None:
    deliver()
    narrowed = drafts.read(ChannelFilter, {"account": ["aws:111"]})
    data = report_data(session, acme, WEEK, narrowed, store)
    assert [change["service_name"] for change in data["changes"]] == ["EC2"]
    assert "account=aws%3A111" in data["path"]


def test_a_report_goes_out_once_for_each_channel_and_period(
    session: Session, config: Config, reporting: Report, deliver: Deliver
) -> None:
    deliver()
    clock.configure("2026-03-15T12:00:00Z")
    reporting()
    reporting(name="Monthly", events=[MONTHLY])
    reporting(name="None", events=["budget.warning"])
    clock.configure(MONDAY)
    assert [dispatch.key for dispatch in run(session, config)] == [
        "report.weekly:2026-03-09/2026-03-15"
    ]
    assert len(run(session, config)) == 1
    clock.configure("2026-03-23T12:00:00Z")  # its bills are not in
    assert len(run(session, config)) == 1


def test_a_job_that_is_done_again_sends_nothing_new(
    session: Session, config: Config, reporting: Report, deliver: Deliver
) -> None:
    """Killed after its last write, before it was ended: the next worker begins it anew."""
    deliver()
    clock.configure("2026-03-15T12:00:00Z")
    reporting()
    reporting(name="Other")
    clock.configure(MONDAY)
    report_job.make_due(session)
    session.rollback()
    claim = queue.claim(session, kinds={report_job.JOB_KIND})
    assert claim is not None
    for _ in range(2):
        report_job.run(session, claim, config)
    assert session.query(Dispatch).count() == 2


def test_a_report_whose_bills_are_late_says_so_after_three_days(
    session: Session, config: Config, reporting: Report, deliver: Deliver
) -> None:
    clock.configure("2026-03-15T12:00:00Z")
    reporting()
    deliver(last=date(2026, 3, 14))  # complete through the 13th
    for at in ("2026-03-16T12:00:00Z", "2026-03-18T23:59:00Z"):
        clock.configure(at)
        assert run(session, config) == []
    clock.configure("2026-03-19T00:01:00Z")
    (dispatch,) = run(session, config)
    assert "Bills of 14–15 Mar 2026 are not all in yet" in dispatch.data["sentence"]


def test_the_day_begins_where_the_organization_is(
    session: Session, acme: Organization, reporting: Report, deliver: Deliver
) -> None:
    clock.configure("2026-03-14T12:00:00Z")
    reporting()
    deliver(last=date(2026, 3, 17))
    acme.time_zone = "America/Los_Angeles"
    session.commit()
    clock.configure("2026-03-16T06:00:00Z")  # Sunday there
    assert due(session) == []
    clock.configure("2026-03-16T08:00:00Z")
    assert due(session) == [report_job.JOB_KIND]


def test_a_channel_made_later_is_not_owed_an_older_report(
    session: Session, config: Config, reporting: Report, deliver: Deliver
) -> None:
    deliver()
    clock.configure("2026-03-17T12:00:00Z")
    reporting()
    assert run(session, config) == []


def test_without_any_bill_there_is_no_report(
    session: Session, config: Config, reporting: Report
) -> None:
    clock.configure("2026-03-15T12:00:00Z")
    reporting()
    clock.configure("2026-03-19T12:00:00Z")
    assert run(session, config) == []


def test_a_report_is_sent_now_beside_the_one_that_is_due(
    session: Session, acme: Organization, admin: Caller, config: Config, store: CostStore,
    reporting: Report, deliver: Deliver,
) -> None:  # fmt: skip
    deliver()
    clock.configure("2026-03-15T12:00:00Z")
    channel = reporting()
    clock.configure(MONDAY)
    for _ in range(2):
        report_job.send_now(session, acme, admin, channel.id, WEEKLY, store)
    assert len(run(session, config)) == 3
    _, _, notification = report_job.preview(session, acme, channel.id, WEEKLY, store, config)
    assert notification.sentence.startswith("9–15 Mar 2026 cost $140.00")
    channels.disable(session, channel, "test")
    session.commit()
    assert channel.state == ChannelState.DISABLED
    with pytest.raises(Conflict):
        report_job.send_now(session, acme, admin, channel.id, WEEKLY, store)


def test_a_stranger_sends_no_report(
    session: Session, acme: Organization, elsewhere: Organization, admin: Caller, store: CostStore,
    reporting: Report,
) -> None:  # fmt: skip
    channel = reporting()
    reader = Caller(acme.id, Permission.READ, "bob")
    with pytest.raises(Forbidden):
        report_job.send_now(session, acme, reader, channel.id, WEEKLY, store)
    with pytest.raises(NotFound):
        report_job.send_now(session, elsewhere, admin, channel.id, WEEKLY, store)
