"""Reports that show a saved view: exact, and said when the view is gone."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, drafts
from costoptix.access.permissions import Caller
from costoptix.costs.answers import CostStore
from costoptix.errors import Invalid
from costoptix.models import Channel, Organization, SavedView
from costoptix.notify import channels, report_job
from costoptix.notify.drafts import ChannelChange, ChannelDraft
from costoptix.notify.messages import PLATFORMS
from costoptix.notify.messages.email import Envelope, render
from costoptix.notify.report_dates import WEEKLY
from costoptix.notify.view_reports import view_of, view_report
from costoptix.views import service as views
from costoptix.views.drafts import ViewChange, ViewDraft
from tests.support.lake import Charge, Lake, open_writer


@pytest.fixture
def store(config: Config, session: Session, acme: Organization) -> Iterator[CostStore]:
    """Two days of March by three services; the cheapest in two regions."""
    clock.configure("2026-03-16T12:00:00Z")
    with CostStore(config.lake_dir, config.temp_dir) as store:
        with open_writer() as writer:
            Lake(session, store, writer, acme).deliver(
                Charge(day=date(2026, 3, 2), effective_cost=Decimal("20.52022672899")),
                Charge(day=date(2026, 3, 9), service_name="S3", effective_cost=Decimal(5)),
                Charge(day=date(2026, 3, 9), service_name=None, effective_cost=Decimal(1)),
            )
        yield store


def keep(session: Session, acme: Organization, admin: Caller, question: str) -> SavedView:
    draft = ViewDraft(name="Services", question=question, shared=True)
    return views.create(session, acme, admin, draft)


def channel_of(
    session: Session, acme: Organization, admin: Caller, config: Config, **values: Any
) -> Channel:
    usual = {"name": "Ops", "kind": "custom", "url": "https://hooks.example.com/x"}
    draft = drafts.read(ChannelDraft, usual | {"events": [WEEKLY]} | values)
    return channels.create(session, acme, admin, draft, config)[0]


def report_of(
    session: Session, acme: Organization, channel: Channel, store: CostStore
) -> dict[str, Any]:
    shown = view_of(channel)
    assert shown is not None
    return view_report(session, acme, shown, store)


def test_a_report_shows_the_view_to_the_last_digit(
    session: Session, acme: Organization, admin: Caller, config: Config, store: CostStore
) -> None:
    view = keep(session, acme, admin, "range=this_month&granularity=daily&group_by=service_name")
    channel = channel_of(session, acme, admin, config, report_view=view.id)
    data = report_of(session, acme, channel, store)
    assert data["costs"] == [{"currency": "USD", "amount": "26.52022672899"}]
    assert [(row["label"], row["amount"]) for row in data["rows"]] == [
        ("EC2", "20.52022672899"), ("S3", "5"), ("(none)", "1"),
    ]  # fmt: skip
    lines = list(csv.DictReader(io.StringIO(data["csv"])))
    assert [line["effective_cost"] for line in lines] == ["20.52022672899", "5", "1"]
    assert data["path"] == f"/costs?view={view.id}"
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_the_view_is_in_the_message_of_every_platform(
    session: Session, acme: Organization, admin: Caller, config: Config, store: CostStore
) -> None:
    view = keep(session, acme, admin, "range=this_month&group_by=service_name")
    channel = channel_of(session, acme, admin, config, report_view=view.id)
    _, _, notification = report_job.preview(session, acme, channel.id, WEEKLY, store, config)
    assert notification.title == "Weekly report: Services, 1–16 Mar 2026"
    assert notification.link.endswith(f"/costs?view={view.id}")
    for platform in PLATFORMS.values():
        assert "EC2" in json.dumps(platform.render(notification))
    mail = render(notification, Envelope("a@x.example", "b@x.example", "<1@x>", "https://x/u"))
    (text, _html) = mail.iter_parts()
    assert "2026-03-01,2026-03-16,EC2,USD,20.52022672899" in text.get_content()


def test_only_the_largest_rows_are_sent(
    session: Session, acme: Organization, admin: Caller, config: Config, store: CostStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("costoptix.notify.view_reports.MOST_ROWS", 1)
    view = keep(session, acme, admin, "range=this_month&group_by=service_name")
    channel = channel_of(session, acme, admin, config, report_view=view.id)
    data = report_of(session, acme, channel, store)
    assert [row["label"] for row in data["rows"]] == ["EC2"]
    assert data["sentence"] == (
        "“Services” cost $26.52 in 1–16 Mar 2026. These are the first 1 of 3 rows."
    )


def test_a_view_without_groups_is_told_by_its_buckets(
    session: Session, acme: Organization, admin: Caller, config: Config, store: CostStore
) -> None:
    view = keep(session, acme, admin, "range=this_month&granularity=daily")
    channel = channel_of(session, acme, admin, config, report_view=view.id)
    data = report_of(session, acme, channel, store)
    assert [row["label"] for row in data["rows"]] == ["2 Mar 2026", "9 Mar 2026"]


@pytest.mark.parametrize("how", ["deleted", "personal"])
def test_a_report_says_that_its_view_is_gone(
    session: Session, acme: Organization, admin: Caller, config: Config, store: CostStore, how: str
) -> None:
    view = keep(session, acme, admin, "range=this_month")
    channel = channel_of(session, acme, admin, config, report_view=view.id)
    if how == "deleted":
        views.delete(session, acme, admin, view.id)
    else:
        views.change(session, acme, admin, view.id, ViewChange(shared=False))
    data = report_of(session, acme, channel, store)
    assert "The view “Services” of this report is gone" in data["sentence"]
    assert data["path"] == f"/settings/notifications/{channel.id}"
    dispatch = report_job.send_now(session, acme, admin, channel.id, WEEKLY, store)
    assert dispatch.data == data
    # The channel can be saved all the same, and then show another.
    same = ChannelChange(name="Same", report_view=channel.report_view_id)
    assert channels.change(session, acme, admin, channel.id, same, config).name == "Same"
    none = channels.change(
        session, acme, admin, channel.id, ChannelChange(report_view=None), config
    )
    assert (none.report_view_id, none.report_view_name) == (None, "")


def test_a_report_says_that_its_view_cannot_be_asked(
    session: Session, acme: Organization, admin: Caller, config: Config, store: CostStore
) -> None:
    view = keep(session, acme, admin, "range=this_month")
    channel = channel_of(session, acme, admin, config, report_view=view.id)
    view.question = "group_by=colour"
    session.commit()
    data = report_of(session, acme, channel, store)
    assert "“Services” cannot be asked any more" in data["sentence"]
    assert data["path"] == f"/views/{view.id}"


def test_a_channel_shows_only_what_its_organization_shares(
    session: Session, acme: Organization, elsewhere: Organization, admin: Caller, config: Config
) -> None:
    own = views.create(session, acme, admin, ViewDraft(name="Own", question="range=last_month"))
    for view_id in (own.id, "nothing"):
        with pytest.raises(Invalid, match="shares no such view"):
            channel_of(session, acme, admin, config, report_view=view_id)
    assert session.query(Channel).count() == 0
