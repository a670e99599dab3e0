"""Sending: one lane per channel, each event until it arrives or is given up.

A channel is claimed by a conditional update with a lease, as a job is (``queue``), and what is due
of it is sent one after the other, without a transaction while the network is waited for. What was
sent and not noted, because the process was killed in between, is sent again under the same id once
the lease has ended: at least once, never lost.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.orm import Session

from config import Config
from costoptix import events, outbound
from costoptix.access.secrets import SealingKeys, Unopenable
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.models import (
    Channel,
    ChannelState,
    Dispatch,
    DispatchAttempt,
    DispatchState,
    Organization,
    new_id,
)
from costoptix.notify.channels import disable, secrets_of, target_of
from costoptix.notify.composing import compose
from costoptix.notify.kinds import DISABLED, FAILING
from costoptix.notify.receipt import Receipt
from costoptix.notify.transports import TRANSPORTS, Letter

LEASE = timedelta(seconds=3 * outbound.DEADLINE_SECONDS)
"""How long a lane is a dead worker's; renewed with each attempt, which takes a third of it."""

DELAYS = (5, 60, 300, 1_800, 5_400, 10_800, 18_000, 21_600, 28_800)
"""Seconds between attempts: ten of them over 24 hours and 6 minutes."""

JITTER = 0.1
"""Each delay is up to this much longer, so that what failed together does not come together."""

RETRY_AFTER_MOST = 6 * 3_600.0
"""So many seconds of a ``Retry-After`` are honoured: whoever asks for a week is asked today."""

REST_MOST = 1_800.0
"""A lane whose endpoint is down rests as an event would wait, and so many seconds at most."""

WARN_AFTER = timedelta(hours=2)
"""Other channels are told that one fails after so long without a delivery."""

DISABLE_AFTER = timedelta(hours=24)
LEAST_FAILURES = 5
"""A channel is not switched off before so many attempts in a row: the worker may have been away."""

IN_A_ROW = 50
"""So many are sent before others get the thread."""

GONE = "The endpoint says that it is gone for good (410)."
NOTHING_ARRIVED = "Nothing has arrived for {hours} hours; the newest attempt: {excerpt}"

DEFECT = "It could not be sent: the log of the worker says why."

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lane:
    """A channel that is ours to send to while its row holds our token."""

    channel_id: str
    token: str


def next_lane(session: Session, busy: Collection[str] = ()) -> Lane | None:
    """Take a channel that something is due for, but none of ``busy``; None where there is none."""
    now = utc_now()
    free = _is_free(now) & Channel.id.not_in(busy)
    candidates = select(Channel.id).where(free, _has_due(now)).order_by(func.random()).limit(1)
    if session.scalar(candidates) is None:
        session.rollback()
        return None
    with writing(session):
        channel_id = session.scalar(candidates.with_for_update(skip_locked=True))
        if channel_id is None:
            return None
        lane = Lane(channel_id, new_id())
        session.execute(
            update(Channel)
            .where(Channel.id == channel_id)
            .values(lease_token=lane.token, lease_until=now + LEASE)
            .execution_options(synchronize_session=False)
        )
    return lane


def send_due(session: Session, lane: Lane, config: Config) -> int:
    """Send what is due of a lane until nothing is, or it has to rest; return how many attempts."""
    attempts = 0
    try:
        for letter in _letters(session, lane, config):
            attempts += 1
            begun, at = time.monotonic(), utc_now()
            receipt = attempt(letter, config)
            milliseconds = round((time.monotonic() - begun) * 1000)
            if not _note(session, lane, letter.id, receipt, at, milliseconds) or receipt.is_down:
                break
    finally:
        _leave(session, lane)
    return attempts


def attempt(letter: Letter, config: Config) -> Receipt:
    """Make one attempt; whatever it raises is a failure of this event alone."""
    if letter.problem:
        return Receipt(is_delivered=False, status=None, excerpt=letter.problem, is_down=True)
    try:
        return TRANSPORTS[letter.kind](letter, config)
    except Exception:
        logger.exception("sending %s failed", letter.id)
        return Receipt(is_delivered=False, status=None, excerpt=DEFECT)


def delay(tries: int, asked: float | None) -> timedelta | None:
    """Return how long to wait after so many tries (from 1); None when it was the last.

    ``asked`` are the seconds of a ``Retry-After``.
    """
    if tries > len(DELAYS):
        return None
    seconds = DELAYS[tries - 1] * random.uniform(1, 1 + JITTER)  # noqa: S311 - no secret
    return timedelta(seconds=max(seconds, min(asked or 0.0, RETRY_AFTER_MOST)))


def _letters(session: Session, lane: Lane, config: Config) -> Iterator[Letter]:
    """Yield what is due, up to ``IN_A_ROW``; no transaction is open where one is yielded."""
    keys = SealingKeys.of(config)
    for _ in range(IN_A_ROW):
        letter = _next_letter(session, lane, keys, config)
        session.rollback()
        if letter is None:
            return
        yield letter


def _next_letter(session: Session, lane: Lane, keys: SealingKeys, config: Config) -> Letter | None:
    row = session.execute(
        select(Dispatch, Channel, Organization)
        .join(Channel, Channel.id == Dispatch.channel_id)
        .join(Organization, Organization.id == Channel.organization_id)
        .where(Channel.id == lane.channel_id, Channel.lease_token == lane.token, _is_due(utc_now()))
        .order_by(Dispatch.next_attempt_at, Dispatch.id)
        .limit(1)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        return None
    dispatch, channel, organization = row
    problem, target = "", ""
    secrets: tuple[str, ...] = ()
    try:
        target, secrets = target_of(channel, keys), tuple(secrets_of(channel, keys))
    except Unopenable as error:
        problem = error.sentence
    notification = compose(
        dispatch.event, dispatch.happened_at, organization, dispatch.data, config.public_url
    )
    return Letter(dispatch.id, channel.id, channel.kind, target, secrets, notification, problem)


def _note(
    session: Session,
    lane: Lane,
    dispatch_id: str,
    receipt: Receipt,
    at: datetime,
    milliseconds: int,
) -> bool:
    """Write what became of an attempt; False when the lane is no longer ours to go on with.

    The channel may be gone, or switched off, since it was begun: what is there is written to.
    """
    with writing(session):
        dispatch = session.get(Dispatch, dispatch_id, with_for_update=True)
        channel = session.get(Channel, lane.channel_id, with_for_update=True)
        if dispatch is None or channel is None:
            return False
        dispatch.attempts += 1
        dispatch.status, dispatch.excerpt = receipt.status, receipt.excerpt
        session.add(
            DispatchAttempt(
                dispatch_id=dispatch.id, number=dispatch.attempts, at=at,
                milliseconds=milliseconds, is_delivered=receipt.is_delivered,
                status=receipt.status, excerpt=receipt.excerpt,
            )
        )  # fmt: skip
        if receipt.is_delivered:
            _arrived(channel, dispatch)
        else:
            _failed(session, channel, dispatch, receipt)
        is_ours = channel.lease_token == lane.token
        if is_ours:
            channel.lease_until = utc_now() + LEASE
    return is_ours


def _arrived(channel: Channel, dispatch: Dispatch) -> None:
    dispatch.state = DispatchState.DELIVERED
    dispatch.finished_at, dispatch.next_attempt_at = utc_now(), None
    if channel.state == ChannelState.ACTIVE:
        channel.failing_since, channel.failures, channel.resume_at = None, 0, None


def _failed(session: Session, channel: Channel, dispatch: Dispatch, receipt: Receipt) -> None:
    now = utc_now()
    dispatch.tries += 1
    wait = None if receipt.is_gone else delay(dispatch.tries, receipt.retry_after)
    if dispatch.state == DispatchState.WAITING:
        if wait is None:
            dispatch.state = DispatchState.FAILED
            dispatch.finished_at, dispatch.next_attempt_at = now, None
        else:
            dispatch.next_attempt_at = now + wait
    if channel.state != ChannelState.ACTIVE:
        return
    channel.failures += 1
    channel.failing_since = channel.failing_since or now
    if receipt.is_down:
        channel.resume_at = now + _rest(channel.failures, receipt.retry_after)
    _judge(session, channel, receipt, now)


def _rest(failures: int, asked: float | None) -> timedelta:
    seconds = min(float(DELAYS[min(failures, len(DELAYS)) - 1]), REST_MOST)
    return timedelta(seconds=max(seconds, min(asked or 0.0, RETRY_AFTER_MOST)))


def _judge(session: Session, channel: Channel, receipt: Receipt, now: datetime) -> None:
    """Tell others of a channel that fails, and switch it off when that lasts."""
    failing = now - (channel.failing_since or now)
    sentence = NOTHING_ARRIVED.format(
        hours=int(failing.total_seconds() // 3600),
        excerpt=receipt.excerpt or f"it answered {receipt.status}.",
    )
    if receipt.is_gone:
        _switch_off(session, channel, GONE)
    elif failing >= DISABLE_AFTER and channel.failures >= LEAST_FAILURES:
        _switch_off(session, channel, sentence)
    elif failing >= WARN_AFTER:
        _raise(session, channel, FAILING, f"“{channel.name}” fails. {sentence}")


def _switch_off(session: Session, channel: Channel, why: str) -> None:
    disable(session, channel, why)
    sentence = f"“{channel.name}” was switched off. {why} Mend it, then switch it on again."
    _raise(session, channel, DISABLED, sentence)


def _raise(session: Session, channel: Channel, name: str, sentence: str) -> None:
    """Raise an event of a channel, once for each time that it fails without a delivery between."""
    events.raise_once(
        session,
        session.get_one(Organization, channel.organization_id),
        name,
        key=f"{name}:{channel.id}:{channel.failing_since}",
        subject_id=channel.id,
        data={"channel_id": channel.id, "channel_name": channel.name, "sentence": sentence},
    )


def _leave(session: Session, lane: Lane) -> None:
    session.rollback()
    with writing(session):
        session.execute(
            update(Channel)
            .where(Channel.id == lane.channel_id, Channel.lease_token == lane.token)
            .values(lease_token=None, lease_until=None)
            .execution_options(synchronize_session=False)
        )


def _is_free(now: datetime) -> ColumnElement[bool]:
    return (
        (Channel.state == ChannelState.ACTIVE)
        & or_(Channel.lease_until.is_(None), Channel.lease_until < now)
        & or_(Channel.resume_at.is_(None), Channel.resume_at <= now)
    )


def _is_due(now: datetime) -> ColumnElement[bool]:
    return (Dispatch.state == DispatchState.WAITING) & (Dispatch.next_attempt_at <= now)


def _has_due(now: datetime) -> ColumnElement[bool]:
    return exists().where(Dispatch.channel_id == Channel.id, _is_due(now))
