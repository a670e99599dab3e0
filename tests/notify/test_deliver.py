"""Sending: signed, tried again over a day, given up, switched off; one lane per channel."""

from __future__ import annotations

import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from standardwebhooks import Webhook

from config import Config
from costoptix import clock
from costoptix.access.permissions import Caller
from costoptix.access.secrets import SealingKeys
from costoptix.clock import parse_instant, utc_now
from costoptix.database import writing
from costoptix.models import (
    Channel,
    ChannelState,
    Dispatch,
    DispatchAttempt,
    Event,
    Organization,
)
from costoptix.notify import channels, deliver, dispatches
from costoptix.notify.channels import secrets_of
from costoptix.notify.drafts import ChannelChange, SecretRotation
from tests.notify.conftest import NOON, Happen, MakeChannel, Post
from tests.support.endpoint import Endpoint, saying

DAY = 86_400


def later(seconds: float) -> str:
    return (parse_instant(NOON) + timedelta(seconds=seconds)).isoformat()


def fresh(session: Session, channel: Channel) -> Channel:
    session.rollback()
    session.refresh(channel)
    return channel


def test_an_event_arrives_once_signed_and_logged(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint, session: Session,
    reaching: Config,
) -> None:  # fmt: skip
    """S55"""
    clock.configure(None)  # the receiver's library looks at the real time
    channel = make_channel()
    happen()
    assert (post(), post()) == (1, 0)
    (request,) = endpoint.received
    (secret,) = secrets_of(channel, SealingKeys.of(reaching))
    envelope = Webhook(secret).verify(request.body, dict(request.headers))
    assert (envelope["event"], envelope["data"]["budget_name"]) == ("budget.warning", "Web")
    (dispatch,) = post.dispatches
    assert request.headers["webhook-id"] == dispatch.id
    assert (dispatch.state, dispatch.status, dispatch.attempts) == ("delivered", 200, 1)
    (attempt,) = dispatches.attempts_of(session, [dispatch])[dispatch.id]
    assert (attempt.number, attempt.status, attempt.excerpt, attempt.is_delivered) == (
        1, 200, "ok", True,
    )  # fmt: skip


def test_while_a_secret_is_changed_both_sign(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint, session: Session,
    reaching: Config, acme: Organization, admin: Caller,
) -> None:  # fmt: skip
    """S55"""
    now = utc_now()
    clock.configure(None)
    channel = make_channel()
    (old,) = secrets_of(channel, SealingKeys.of(reaching))
    rotation = SecretRotation(overlap_hours=1)
    _, new = channels.rotate_secret(session, acme, admin, channel.id, rotation, reaching)
    happen()
    post()
    (request,) = endpoint.received
    for secret in (old, new):
        Webhook(secret).verify(request.body, dict(request.headers))
    clock.configure((now + timedelta(days=3_650)).isoformat())
    assert secrets_of(fresh(session, channel), SealingKeys.of(reaching)) == [new]


def test_s56_retries_go_on_for_a_day_under_one_id_and_then_end(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint, session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(deliver.random, "uniform", lambda low, _high: low)
    channel = make_channel()
    endpoint.speak = saying(500, b"oh no")
    happen()
    assert post() == 1
    for seconds in deliver.DELAYS:
        due = post.dispatches[0].next_attempt_at
        assert due is not None
        assert round((due - utc_now()).total_seconds()) == seconds
        assert post((due - timedelta(seconds=1)).isoformat()) == 0
        assert post(due.isoformat()) == 1
    assert utc_now() - parse_instant(NOON) > timedelta(days=1)
    assert post(later(3 * DAY)) == 0
    assert len({request.headers["webhook-id"] for request in endpoint.received}) == 1
    stamps = [int(request.headers["webhook-timestamp"]) for request in endpoint.received]
    assert len(set(stamps)) == len(stamps) == 10
    (dispatch,) = post.dispatches
    assert (dispatch.state, dispatch.attempts, dispatch.excerpt) == ("failed", 10, "oh no")
    assert fresh(session, channel).state == ChannelState.DISABLED


def test_delays_are_longer_by_chance_and_never_shorter() -> None:
    for tries, seconds in enumerate(deliver.DELAYS, start=1):
        waits = {deliver.delay(tries, None).total_seconds() for _ in range(20)}
        assert len(waits) > 1
        assert all(seconds <= wait <= seconds * (1 + deliver.JITTER) for wait in waits)
    assert deliver.delay(len(deliver.DELAYS) + 1, None) is None


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("120", 120), ("100000", 6 * 3600), ("Fri, 20 Mar 2026 13:00:00 GMT", 3600), ("soon", 5),
     ("-5", 5), ("9" * 400, 6 * 3600), ("Thu, 01 Jan 1970 00:00:00 GMT", 5)],
)  # fmt: skip
def test_s56_retry_after_is_honoured_up_to_six_hours(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint, asked: str,
    seconds: int,
) -> None:  # fmt: skip
    make_channel()
    endpoint.speak = saying(429, retry_after=asked)
    happen()
    post()
    (dispatch,) = post.dispatches
    assert dispatch.next_attempt_at is not None
    wait = (dispatch.next_attempt_at - parse_instant(NOON)).total_seconds()
    assert seconds <= wait <= seconds * 1.1 + 1
    assert post(later(wait - 2)) == 0
    assert post(later(wait + 1)) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500, 503])
def test_only_an_answer_of_two_hundred_is_a_delivery(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint, status: int
) -> None:
    make_channel()
    endpoint.speak = saying(status, location="http://127.0.0.1:1/")
    happen()
    post()
    (dispatch,) = post.dispatches
    assert (dispatch.state, dispatch.status) == ("waiting", status)
    endpoint.speak = saying(204)
    assert post(later(60)) == 1
    assert post.dispatches[0].state == "delivered"


def test_s56_what_is_gone_for_good_is_switched_off_and_others_are_told(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint, session: Session,
    acme: Organization,
) -> None:  # fmt: skip
    gone = make_channel(name="Gone", events=["budget.warning"])
    make_channel(name="Other", url=endpoint.url.replace("hook", "other"), events=[])
    endpoint.speak = saying(410)
    happen()
    happen(key="k2", name="anomaly.detected")
    post()
    assert fresh(session, gone).state == ChannelState.DISABLED
    assert "410" in (gone.disabled_reason or "")
    assert channels.switched_off_by_itself(session, acme) == [gone]
    endpoint.speak = saying(200)
    post()
    told = json.loads(endpoint.received[-1].body)
    assert (told["event"], told["data"]["channel_name"]) == ("channel.disabled", "Gone")
    assert endpoint.received[-1].path == "/other"
    assert [request.path for request in endpoint.received] == ["/hook", "/other"]


def test_others_are_warned_of_a_channel_that_fails_before_it_is_switched_off(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint, session: Session
) -> None:
    make_channel(name="Bad", events=["budget.warning"])
    make_channel(name="Other", url=endpoint.url.replace("hook", "other"), events=[])

    def speak(handler: BaseHTTPRequestHandler) -> None:
        saying(500 if handler.path == "/hook" else 200)(handler)

    endpoint.speak = speak
    happen()
    for hours in (0, 1, 3, 6, 26):
        post(later(hours * 3600))
        post()
    told = [json.loads(r.body)["event"] for r in endpoint.received if r.path == "/other"]
    assert told == ["channel.failing", "channel.disabled"]


def test_an_event_that_is_refused_by_itself_holds_up_no_other(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint, session: Session
) -> None:
    channel = make_channel()

    def speak(handler: BaseHTTPRequestHandler) -> None:
        saying(400 if b"anomaly" in endpoint.received[-1].body else 200)(handler)

    endpoint.speak = speak
    happen("anomaly.detected", key="a")
    for number in range(3):
        happen(key=f"b{number}")
    post()
    assert sorted(dispatch.state for dispatch in post.dispatches) == ["delivered"] * 3 + ["waiting"]
    assert fresh(session, channel).resume_at is None


def test_an_endpoint_that_is_down_is_asked_by_one_event_at_a_time(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint
) -> None:
    make_channel()
    endpoint.speak = saying(503)
    for number in range(5):
        happen(key=f"k{number}")
    assert post() == 1
    assert post(later(4)) == 0
    assert post(later(6)) == 1
    endpoint.speak = saying(200)
    assert post(later(6 + 70)) == 5
    assert {dispatch.state for dispatch in post.dispatches} == {"delivered"}


def test_a_replay_keeps_the_id(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint, session: Session,
    acme: Organization, admin: Caller,
) -> None:  # fmt: skip
    """S56"""
    channel = make_channel()
    happen()
    post()
    (dispatch,) = post.dispatches
    dispatches.replay(session, acme, admin, channel.id, dispatch.id)
    assert post() == 1
    first, second = endpoint.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert (post.dispatches[0].state, post.dispatches[0].attempts) == ("delivered", 2)


def test_what_was_given_up_can_be_sent_again_and_has_a_day_of_its_own(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint, session: Session,
    acme: Organization, admin: Caller, reaching: Config,
) -> None:  # fmt: skip
    channel = make_channel()
    endpoint.speak = saying(410)
    happen()
    post()
    on = ChannelChange(state=ChannelState.ACTIVE)
    channels.change(session, acme, admin, channel.id, on, reaching)
    dispatches.replay(session, acme, admin, channel.id, post.dispatches[0].id)
    endpoint.speak = saying(500)
    post()
    assert (post.dispatches[0].state, post.dispatches[0].tries) == ("waiting", 1)


def test_a_channel_deleted_while_its_delivery_runs_leaves_nothing(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint, session: Session,
    acme: Organization, admin: Caller, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    channel = make_channel()
    happen()
    attempt = deliver.attempt

    def delete_meanwhile(*arguments: object) -> object:
        channels.delete(session, acme, admin, channel.id)
        return attempt(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(deliver, "attempt", delete_meanwhile)
    assert post() == 1
    assert len(endpoint.received) == 1
    for table in (Channel, Dispatch, DispatchAttempt):
        assert session.scalar(select(func.count()).select_from(table)) == 0


def test_a_channel_switched_off_while_its_delivery_runs_stays_off(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint, session: Session,
    acme: Organization, admin: Caller, reaching: Config, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    channel = make_channel()
    happen()
    happen(key="k2")
    attempt = deliver.attempt

    def switch_off_meanwhile(*arguments: object) -> object:
        off = ChannelChange(state=ChannelState.DISABLED)
        channels.change(session, acme, admin, channel.id, off, reaching)
        return attempt(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(deliver, "attempt", switch_off_meanwhile)
    assert post() == 1
    assert sorted(dispatch.state for dispatch in post.dispatches) == ["delivered", "failed"]
    assert fresh(session, channel).state == ChannelState.DISABLED


def test_r2_what_was_sent_and_not_noted_is_sent_again_with_the_same_id(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint, session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """R2: the worker dies between the answer and the note; its lease holds the lane meanwhile."""

    class Killed(BaseException):
        """What no handler sees."""

    def die(*_: object) -> bool:
        raise Killed

    make_channel()
    happen()
    with monkeypatch.context() as dying:
        dying.setattr(deliver, "_note", die)
        dying.setattr(deliver, "_leave", lambda *_: None)
        with pytest.raises(Killed):
            post()
    assert post() == 0
    assert post(later(deliver.LEASE.total_seconds() + 1)) == 1
    first, second = endpoint.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert post.dispatches[0].state == "delivered"


def test_one_lane_is_held_by_one_worker(
    post: Post, happen: Happen, make_channel: MakeChannel, session: Session
) -> None:
    make_channel()
    happen()
    dispatches.hand_on(session)
    lane = deliver.next_lane(session)
    assert lane is not None
    assert deliver.next_lane(session) is None
    clock.configure(later(deliver.LEASE.total_seconds() + 1))
    other = deliver.next_lane(session)
    assert other is not None
    assert other.token != lane.token


def test_a_secret_of_another_key_is_a_failure_in_words(
    post: Post, happen: Happen, make_channel: MakeChannel, session: Session, endpoint: Endpoint
) -> None:
    channel = make_channel()
    happen()
    with writing(session):
        session.execute(update(Channel).values(target="v1.00000000.AAAA"))
    assert (post(), post()) == (1, 0)
    assert endpoint.received == []
    assert "SECRET_KEY" in post.dispatches[0].excerpt
    assert fresh(session, channel).failures == 1


def test_an_address_that_has_become_private_is_not_called(
    post: Post, happen: Happen, make_channel: MakeChannel, session: Session, endpoint: Endpoint,
    config: Config,
) -> None:  # fmt: skip
    """S52, S53: at delivery as well, whatever was so when the channel was made."""
    make_channel()
    happen()
    dispatches.hand_on(session)
    lane = deliver.next_lane(session)
    assert lane is not None
    assert not config.allow_private_webhooks
    assert deliver.send_due(session, lane, config) == 1
    assert endpoint.received == []
    assert "https" in post.dispatches[0].excerpt


def test_an_excerpt_is_short_and_printable(
    post: Post, happen: Happen, make_channel: MakeChannel, endpoint: Endpoint
) -> None:
    """S54"""
    make_channel()
    endpoint.speak = saying(500, b"<b>\x00\x1b[31m\r\n" + b"a" * 60_000 + b"\xff")
    happen()
    post()
    excerpt = post.dispatches[0].excerpt
    assert len(excerpt) == 500
    assert excerpt.isprintable()
    assert excerpt.startswith("<b> [31m aaa")


def test_a_defect_in_one_message_is_that_messages_failure(
    post: Post, happen: Happen, make_channel: MakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a defect")

    make_channel()
    happen()
    monkeypatch.setitem(deliver.TRANSPORTS, "custom", fail)
    post()
    (dispatch,) = post.dispatches
    assert (dispatch.state, dispatch.excerpt) == ("waiting", deliver.DEFECT)


def test_the_log_is_forgotten_after_a_month(
    post: Post, happen: Happen, make_channel: MakeChannel, session: Session
) -> None:
    make_channel()
    happen()
    post()
    clock.configure(later(31 * DAY))
    dispatches.prune(session)
    assert post.dispatches == []
    assert session.scalar(select(func.count()).select_from(DispatchAttempt)) == 0
    assert session.scalar(select(func.count()).select_from(Event)) == 1
    assert post() == 0
