"""Events are handed on once, to the channels that want them, and can be sent again."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from costoptix import events
from costoptix.access.permissions import Caller, Permission
from costoptix.errors import Conflict, Forbidden, NotFound
from costoptix.models import Dispatch, Event, Organization
from costoptix.notify import channels, dispatches
from costoptix.notify.drafts import ChannelChange
from tests.notify.conftest import Happen, MakeChannel, Post
from tests.notify.examples import EXAMPLES
from tests.support.endpoint import Endpoint


def count(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(Dispatch)) or 0


def test_an_event_goes_once_to_each_channel_that_chose_it(
    session: Session, happen: Happen, make_channel: MakeChannel
) -> None:
    chosen = [make_channel(name="A"), make_channel(name="B")]
    make_channel(name="C", events=["anomaly.detected"])
    happen()
    assert dispatches.hand_on(session) == 1
    assert dispatches.hand_on(session) == 0
    rows = session.scalars(select(Dispatch)).all()
    assert {row.channel_id for row in rows} == {channel.id for channel in chosen}
    assert {(row.event, row.key) for row in rows} == {("budget.warning", "k")}


def test_what_happened_before_a_channel_was_made_is_not_sent_to_it(
    session: Session, happen: Happen, make_channel: MakeChannel
) -> None:
    happen()
    dispatches.hand_on(session)
    make_channel()
    assert dispatches.hand_on(session) == 0
    assert count(session) == 0


def test_another_organizations_channels_hear_nothing(
    session: Session, make_channel: MakeChannel, elsewhere: Organization
) -> None:
    make_channel()
    data = EXAMPLES["budget.warning"]
    events.raise_once(session, elsewhere, "budget.warning", key="k", subject_id="x", data=data)
    dispatches.hand_on(session)
    assert count(session) == 0


def test_a_filter_lets_pass_what_it_asks_for(
    session: Session, happen: Happen, make_channel: MakeChannel
) -> None:
    make_channel(filter={"account": ["aws:111"], "severity": "high", "money": {"USD": "500"}})
    happen("anomaly.detected", key="a")
    happen("anomaly.detected", key="b", severity="medium")
    happen("anomaly.detected", key="c", account="aws:222")
    happen("anomaly.detected", key="d", impact="499.99")
    happen("import.refused", key="e")
    dispatches.hand_on(session)
    assert set(session.scalars(select(Dispatch.key))) == {"a", "e"}


def test_an_event_of_an_unknown_kind_or_without_facts_breaks_nothing(
    session: Session, acme: Organization, happen: Happen, make_channel: MakeChannel
) -> None:
    make_channel(filter={"account": ["aws:111"]})
    for name in ("tag.unruly", "anomaly.detected"):
        events.raise_once(session, acme, name, key=name, subject_id="x", data={})
    happen(account=None)
    dispatches.hand_on(session)
    assert set(session.scalars(select(Dispatch.key))) == {"anomaly.detected", "k"}


def test_thousands_of_events_at_once_are_handed_on_in_parts(
    session: Session, acme: Organization, make_channel: MakeChannel
) -> None:
    make_channel()
    data = dict(EXAMPLES["budget.warning"])
    session.add_all(
        Event(
            organization_id=acme.id, name="budget.warning", key=f"k{n}", subject_id="x", data=data
        )
        for n in range(120)
    )
    session.commit()
    counts = [dispatches.hand_on(session) for _ in range(4)]
    assert counts == [50, 50, 20, 0]
    assert count(session) == 120


def test_a_test_goes_the_way_of_every_other_message(
    session: Session, acme: Organization, admin: Caller, make_channel: MakeChannel,
    endpoint: Endpoint, post: Post,
) -> None:  # fmt: skip
    channel = make_channel(events=[])
    dispatches.send_test(session, acme, admin, channel.id)
    assert post() == 1
    assert b"This is a test of the channel \xe2\x80\x9cOps" in endpoint.received[0].body


def test_what_is_switched_off_takes_no_test_and_no_replay(
    session: Session, acme: Organization, admin: Caller, make_channel: MakeChannel, post: Post,
    happen: Happen, reaching: object,
) -> None:  # fmt: skip
    channel = make_channel()
    happen()
    post()
    off = ChannelChange(state="disabled")
    channels.change(session, acme, admin, channel.id, off, reaching)  # type: ignore[arg-type]
    with pytest.raises(Conflict, match="switched off"):
        dispatches.send_test(session, acme, admin, channel.id)
    with pytest.raises(Conflict, match="switched off"):
        dispatches.replay(session, acme, admin, channel.id, post.dispatches[0].id)


def test_only_who_may_write_sends_again_and_only_what_is_theirs(
    session: Session, acme: Organization, elsewhere: Organization, admin: Caller,
    make_channel: MakeChannel, post: Post, happen: Happen,
) -> None:  # fmt: skip
    channel = make_channel()
    happen()
    post()
    (dispatch,) = post.dispatches
    reader = Caller(acme.id, Permission.READ, "reader")
    with pytest.raises(Forbidden):
        dispatches.replay(session, acme, reader, channel.id, dispatch.id)
    with pytest.raises(NotFound):
        dispatches.replay(session, elsewhere, admin, channel.id, dispatch.id)
    other = make_channel(name="Other")
    with pytest.raises(NotFound):
        dispatches.replay(session, acme, admin, other.id, dispatch.id)


def test_the_log_is_paged_newest_first(
    session: Session, make_channel: MakeChannel, happen: Happen
) -> None:
    channel = make_channel()
    for number in range(5):
        happen(key=f"k{number}")
        dispatches.hand_on(session)
    listed: list[str] = []
    after = None
    while page := dispatches.log_of(session, channel, limit=2, after=after):
        listed += [row.key for row in page]
        after = dispatches.position(page[-1])
    assert sorted(listed) == [f"k{number}" for number in range(5)]
    created = {row.key: row.created_at for row in session.scalars(select(Dispatch))}
    assert [created[key] for key in listed] == sorted(created.values(), reverse=True)


def test_a_report_goes_once_for_each_key(session: Session, make_channel: MakeChannel) -> None:
    channel = make_channel()
    data = EXAMPLES["report.weekly"]
    first = dispatches.add(session, channel, "report.weekly", "report.weekly:2026-W12", data)
    assert first is not None
    assert dispatches.add(session, channel, "report.weekly", "report.weekly:2026-W12", data) is None
