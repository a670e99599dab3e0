"""Sending reports: the job "send_reports", the preview, and one that is sent at once.

A report goes to each channel that chose its event, once for each period: the dispatch has the
period in its key, and is written in the transaction that holds the job.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import queue
from costoptix.access.permissions import Caller, Permission, require
from costoptix.clock import utc_now
from costoptix.costs.answers import CostStore
from costoptix.database import writing
from costoptix.errors import Conflict
from costoptix.lake.live import complete_days, data_as_of
from costoptix.models import Channel, ChannelState, Dispatch, Organization, new_id
from costoptix.notify import channels, dispatches
from costoptix.notify.composing import compose
from costoptix.notify.filters import ChannelFilter
from costoptix.notify.notification import Notification
from costoptix.notify.report_dates import NAMES, DueReport, local_day, newest
from costoptix.notify.reports import Data, report_data
from costoptix.notify.view_reports import ShownView, view_of, view_report
from costoptix.queue import Claim

JOB_KIND = "send_reports"

SENT_ALREADY = "This report is on its way already."


@dataclass(frozen=True)
class _Owed:
    """A report that a channel chose and was not sent yet."""

    channel_id: str
    filter: ChannelFilter
    report: DueReport
    view: ShownView | None


def make_due(session: Session) -> None:
    """Have the reports of an organization sent where one is due that was not."""
    with_channels = select(Channel.organization_id).where(Channel.state == ChannelState.ACTIVE)
    for organization in session.scalars(
        select(Organization).where(Organization.id.in_(with_channels))
    ).all():
        if _owed(session, organization):
            queue.enqueue_once(session, JOB_KIND, organization.id)


def run(session: Session, claim: Claim, config: Config) -> None:
    """Send the reports of an organization that are due; a second run sends nothing new.

    Raises:
        LeaseLost: another worker has the job now; it sends what is left.
    """
    organization = session.get(Organization, claim.organization_id)
    if organization is None:
        return
    made: list[tuple[ChannelFilter, DueReport, ShownView | None, Data]] = []
    with CostStore(config.lake_dir, config.temp_dir) as store:
        for owed in _owed(session, organization):
            asked = owed.filter, owed.report, owed.view
            data = next((data for *of, data in made if tuple(of) == asked), None)
            if data is None:
                data = _data(session, organization, *asked, store)
                made.append((*asked, data))
            session.rollback()
            _send(session, claim, owed, data)


def preview(
    session: Session, organization: Organization, channel_id: str, name: str, store: CostStore,
    config: Config,
) -> tuple[Channel, DueReport, Notification]:  # fmt: skip
    """Return the newest report of a channel as it would be sent now.

    Raises:
        NotFound: there is no such channel.
    """
    channel = channels.get(session, organization, channel_id)
    report = newest(name, organization, local_day(organization, utc_now()))
    data = _data(session, organization, *_asked(channel, report), store)
    return channel, report, compose(name, utc_now(), organization, data, config.public_url)


def send_now(
    session: Session, organization: Organization, caller: Caller, channel_id: str, name: str,
    store: CostStore,
) -> Dispatch:  # fmt: skip
    """Send the newest report of a channel at once; the one that is due comes all the same.

    Raises:
        Forbidden: the caller may only read.
        NotFound: there is no such channel.
        Conflict: the channel is switched off.
    """
    require(caller, Permission.WRITE)
    channel = channels.get(session, organization, channel_id)
    report = newest(name, organization, local_day(organization, utc_now()))
    data = _data(session, organization, *_asked(channel, report), store)
    session.rollback()
    with writing(session):
        channel = channels.get(session, organization, channel_id)
        if channel.state != ChannelState.ACTIVE:
            raise Conflict("The channel is switched off: switch it on first.")
        dispatch = dispatches.add(session, channel, name, f"{report.key}:{new_id()}", data)
    if dispatch is None:
        raise Conflict(SENT_ALREADY)
    return dispatch


def _asked(
    channel: Channel, report: DueReport
) -> tuple[ChannelFilter, DueReport, ShownView | None]:
    """Return what decides the data of a channel's report."""
    return channels.filter_of(channel), report, view_of(channel)


def _data(
    session: Session, organization: Organization, narrowed: ChannelFilter, report: DueReport,
    view: ShownView | None, store: CostStore,
) -> Data:  # fmt: skip
    """Work out a report: of all costs that a filter lets pass, or of a view as it is today."""
    if view is not None:
        return view_report(session, organization, view, store)
    return report_data(session, organization, report.days, narrowed, store)


def _send(session: Session, claim: Claim, owed: _Owed, data: Data) -> None:
    with writing(session):
        queue.hold(session, claim)
        channel = session.get(Channel, owed.channel_id)
        if channel is not None and channel.state == ChannelState.ACTIVE:
            dispatches.add(session, channel, owed.report.name, owed.report.key, data)


def _owed(session: Session, organization: Organization) -> list[_Owed]:
    """List what is due and not sent; nothing where there never was a bill."""
    today = local_day(organization, utc_now())
    chosen = [
        (channel, newest(name, organization, today))
        for channel in _active(session, organization)
        for name in NAMES
        if name in channel.events
    ]
    if not chosen or data_as_of(session, organization).complete_through is None:
        return []
    due = {report for _, report in chosen if _is_due(session, organization, report, today)}
    return list(_unsent(session, organization, [pair for pair in chosen if pair[1] in due]))


def _active(session: Session, organization: Organization) -> Sequence[Channel]:
    mine = Channel.organization_id == organization.id
    active = select(Channel).where(mine, Channel.state == ChannelState.ACTIVE)
    return session.scalars(active.order_by(Channel.id)).all()


def _is_due(session: Session, organization: Organization, report: DueReport, today: date) -> bool:
    complete = complete_days(session, organization, report.days)
    is_complete = complete is not None and complete.last == report.days.last
    return report.is_sent_at(today, is_complete=is_complete)


def _unsent(
    session: Session, organization: Organization, due: list[tuple[Channel, DueReport]]
) -> Iterator[_Owed]:
    """Yield what was not sent; a channel that was made after a report's day is not owed that."""
    keys = {report.key for _, report in due}
    rows = session.execute(
        select(Dispatch.channel_id, Dispatch.key).where(
            Dispatch.organization_id == organization.id, Dispatch.key.in_(keys)
        )
    )
    sent = {(channel_id, key) for channel_id, key in rows}
    for channel, report in due:
        is_late = local_day(organization, channel.created_at) > report.day
        if not is_late and (channel.id, report.key) not in sent:
            yield _Owed(channel.id, *_asked(channel, report))
