"""Channels of an organization: made, changed, switched off and on, deleted; their secrets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from config import Config
from costoptix import outbound
from costoptix.access import audit
from costoptix.access.ownership import get_own
from costoptix.access.permissions import Caller, Permission, require
from costoptix.access.secrets import SealedPlace, SealingKeys, seal, unseal
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.drafts import read
from costoptix.errors import Conflict, Invalid, wrong_field
from costoptix.failures import reason
from costoptix.models import (
    Channel,
    ChannelKind,
    ChannelState,
    Dispatch,
    DispatchState,
    Organization,
    new_id,
)
from costoptix.notify import signing
from costoptix.notify.addresses import read_addresses
from costoptix.notify.drafts import ChannelChange, ChannelDraft, SecretRotation
from costoptix.notify.filters import ChannelFilter
from costoptix.views import service as views

MOST_CHANNELS = 100
BY_A_PERSON = "It was switched off by {}."
NO_SERVER = "This installation sends no mail: its operator has not set SMTP_URL."
SWITCHED_OFF = "The channel was switched off before it was sent."


def reach(config: Config) -> outbound.Reach:
    """Return what channels may call."""
    return outbound.Reach(private=config.allow_private_webhooks)


def create(
    session: Session, organization: Organization, caller: Caller, draft: ChannelDraft,
    config: Config, *, channel_id: str | None = None,
) -> tuple[Channel, str | None]:  # fmt: skip
    """Make a channel; return it and its signing secret, which is nowhere readable afterwards.

    A form that is sent again names the same ``channel_id``, and so makes no second channel.

    Raises:
        Forbidden: the caller may only read.
        Invalid: the address may not be called, or no such channel can be made here.
        Conflict: another channel has the name or the id, or there are too many.
    """
    require(caller, Permission.WRITE)
    check_target(draft.kind, draft.target, config)
    keys = SealingKeys.of(config)
    secret = (draft.secret or signing.new_secret()) if draft.kind == ChannelKind.CUSTOM else None
    channel = Channel(
        id=channel_id or new_id(),
        organization_id=organization.id,
        name=draft.name,
        kind=draft.kind,
        target_hint=hint(draft.kind, draft.target),
        events=draft.events,
        filter=draft.filter.model_dump(mode="json"),
        report_view_name="",
        created_by=caller.label,
    )
    channel.target = seal(keys, draft.target, _place(channel, "target"))
    channel.secret = secret and seal(keys, secret, _place(channel, "secret"))
    with _naming(session, draft.name):
        _check_count(session, organization)
        _show_view(session, organization, channel, draft.report_view)
        session.add(channel)
        session.flush()
        _record(session, caller, "channel.created", channel, after=facts_of(channel))
    return channel, secret


def change(
    session: Session, organization: Organization, caller: Caller, channel_id: str,
    changed: ChannelChange, config: Config,
) -> Channel:  # fmt: skip
    """Change a channel; one that is switched on again begins anew.

    Raises:
        Forbidden, Invalid, Conflict: as ``create``.
        NotFound: there is none of that id, or it is another organization's.
    """
    require(caller, Permission.WRITE)
    channel = get(session, organization, channel_id)
    target = _changed_target(channel, changed)
    if target is not None:
        check_target(channel.kind, target, config)
    sealed = target and seal(SealingKeys.of(config), target, _place(channel, "target"))
    with _naming(session, changed.name or ""):
        channel = get(session, organization, channel_id)
        before = facts_of(channel)
        if sealed and target:
            channel.target, channel.target_hint = sealed, hint(channel.kind, target)
        for name in ("name", "events"):
            if (value := getattr(changed, name)) is not None:
                setattr(channel, name, value)
        if changed.filter is not None:
            channel.filter = changed.filter.model_dump(mode="json")
        if "report_view" in changed.model_fields_set:
            _show_view(session, organization, channel, changed.report_view)
        if changed.state is not None and changed.state != channel.state:
            _switch(session, caller, channel, changed.state)
        session.flush()
        after = facts_of(channel)
        _record(session, caller, "channel.changed", channel, before=before, after=after)
    return channel


def delete(session: Session, organization: Organization, caller: Caller, channel_id: str) -> None:
    """Delete a channel with its log; what is being sent to it just now may still arrive.

    Raises:
        Forbidden: the caller may only read.
        NotFound: as ``get``.
    """
    require(caller, Permission.WRITE)
    with writing(session):
        channel = get(session, organization, channel_id)
        _record(session, caller, "channel.deleted", channel, before=facts_of(channel))
        session.delete(channel)


def rotate_secret(
    session: Session, organization: Organization, caller: Caller, channel_id: str,
    rotation: SecretRotation, config: Config,
) -> tuple[Channel, str]:  # fmt: skip
    """Give a custom channel a new signing secret; return it, this once.

    The one of before signs as well until the overlap ends.

    Raises:
        Forbidden: the caller may only read.
        NotFound: as ``get``.
        Conflict: the channel is not of a kind that signs.
    """
    require(caller, Permission.WRITE)
    keys, secret = SealingKeys.of(config), rotation.secret or signing.new_secret()
    with writing(session):
        channel = get(session, organization, channel_id)
        if channel.secret is None:
            raise Conflict("Only custom channels have a signing secret.")
        former = unseal(keys, channel.secret, _place(channel, "secret"))
        channel.former_secret = seal(keys, former, _place(channel, "former_secret"))
        channel.former_secret_until = utc_now() + timedelta(hours=rotation.overlap_hours)
        channel.secret = seal(keys, secret, _place(channel, "secret"))
        _record(session, caller, "channel.secret_rotated", channel)
    return channel, secret


def get(session: Session, organization: Organization, channel_id: str) -> Channel:
    """Return a channel of the organization.

    Raises:
        NotFound: there is none of that id, or it is another organization's.
    """
    return get_own(session, Channel, organization, channel_id)


def of_organization(session: Session, organization: Organization) -> Sequence[Channel]:
    """List the channels by name."""
    return session.scalars(
        select(Channel).where(Channel.organization_id == organization.id).order_by(Channel.name)
    ).all()


def switched_off_by_itself(session: Session, organization: Organization) -> Sequence[Channel]:
    """List the channels that nobody switched off: nothing arrived there any more."""
    return session.scalars(
        select(Channel)
        .where(
            Channel.organization_id == organization.id,
            Channel.state == ChannelState.DISABLED,
            Channel.failing_since.is_not(None),
        )
        .order_by(Channel.name)
    ).all()


def target_of(channel: Channel, keys: SealingKeys) -> str:
    """Return the URL or the addresses.

    Raises:
        Unopenable: SECRET_KEY is another one.
    """
    return unseal(keys, channel.target, _place(channel, "target"))


def secrets_of(channel: Channel, keys: SealingKeys) -> list[str]:
    """Return the secrets that sign now: none, one, or two while one is changed.

    Raises:
        Unopenable: SECRET_KEY is another one.
    """
    texts = (
        [] if channel.secret is None else [unseal(keys, channel.secret, _place(channel, "secret"))]
    )
    until = channel.former_secret_until
    if channel.former_secret is not None and until is not None and until > utc_now():
        texts.append(unseal(keys, channel.former_secret, _place(channel, "former_secret")))
    return texts


def filter_of(channel: Channel) -> ChannelFilter:
    """Return the filter of a channel; one that cannot be read holds nothing back."""
    try:
        return read(ChannelFilter, channel.filter)
    except Invalid as error:
        reason(error, f"the filter of channel {channel.id}")
        return ChannelFilter()


def set_target(channel: Channel, target: str, keys: SealingKeys) -> None:
    """Keep another URL, or other addresses; within ``writing``."""
    channel.target = seal(keys, target, _place(channel, "target"))
    channel.target_hint = hint(channel.kind, target)


def check_target(kind: ChannelKind, target: str, config: Config) -> None:
    """Let pass what a channel of a kind can send to.

    Raises:
        Invalid: it cannot; the sentence says why.
    """
    if kind is ChannelKind.EMAIL:
        read_addresses(target)
        if config.mail_server is None:
            raise Invalid(NO_SERVER)
        return
    try:
        outbound.check_url(target, reach(config))
    except Invalid as error:
        reason = f"{error.sentence[0].lower()}{error.sentence[1:].removesuffix('.')}"
        raise wrong_field("url", reason) from None


def hint(kind: ChannelKind, target: str) -> str:
    """Return what is shown of a target: host and last four characters; addresses are no secret."""
    if kind is ChannelKind.EMAIL:
        return target if len(target) <= 400 else f"{target[:399]}…"
    return f"{(urlsplit(target).hostname or '')[:253]}/…{target[-4:]}"


def disable(session: Session, channel: Channel, reason: str) -> None:
    """Switch a channel off; within ``writing``. What waits for it is given up, to be sent again."""
    channel.state = ChannelState.DISABLED
    channel.disabled_reason = reason
    session.execute(
        update(Dispatch)
        .where(Dispatch.channel_id == channel.id, Dispatch.state == DispatchState.WAITING)
        .values(
            state=DispatchState.FAILED, next_attempt_at=None, finished_at=utc_now(),
            excerpt=SWITCHED_OFF,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def facts_of(channel: Channel) -> dict[str, Any]:
    """Return what the audit log keeps of a channel: no secret."""
    names = ("name", "kind", "target_hint", "events", "filter", "report_view_name", "state",
             "disabled_reason")  # fmt: skip
    return {name: getattr(channel, name) for name in names}


def _show_view(
    session: Session, organization: Organization, channel: Channel, view_id: str | None
) -> None:
    """Have a channel's reports show a view, or all costs; one that is gone meanwhile may stay.

    Raises:
        Invalid: the organization shares no such view.
    """
    if view_id is None:
        channel.report_view_id, channel.report_view_name = None, ""
    elif view_id != channel.report_view_id:
        view = views.get_shared(session, organization, view_id)
        if view is None:
            raise wrong_field("report_view", "the organization shares no such view")
        channel.report_view_id, channel.report_view_name = view.id, view.name


def _switch(session: Session, caller: Caller, channel: Channel, state: ChannelState) -> None:
    if state is ChannelState.DISABLED:
        disable(session, channel, BY_A_PERSON.format(caller.label))
        channel.failing_since = None
        return
    channel.state, channel.disabled_reason = state, None
    channel.failing_since, channel.failures, channel.resume_at = None, 0, None


def _changed_target(channel: Channel, changed: ChannelChange) -> str | None:
    """Return the new URL or addresses, None where they stay.

    Raises:
        Invalid: the channel is of a kind that has the other.
    """
    name, other = ("address", "url") if channel.kind is ChannelKind.EMAIL else ("url", "address")
    if getattr(changed, other) is not None:
        raise Invalid(f"The field {other} is wrong: a channel of this kind has {name} instead.")
    target: str | None = getattr(changed, name)
    return target


def _check_count(session: Session, organization: Organization) -> None:
    mine = select(func.count()).where(Channel.organization_id == organization.id)
    if (session.scalar(mine) or 0) >= MOST_CHANNELS:
        raise Conflict(f"There are {MOST_CHANNELS} channels already; delete one first.")


def _place(channel: Channel, column: str) -> SealedPlace:
    return SealedPlace("channels", column, channel.id)


def _record(
    session: Session,
    caller: Caller,
    action: str,
    channel: Channel,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        session, caller, action, subject=channel.name, subject_id=channel.id,
        before=before, after=after,
    )  # fmt: skip


@contextmanager
def _naming(session: Session, name: str) -> Iterator[None]:
    """Write, or say that another channel has the name."""
    try:
        with writing(session):
            yield
    except IntegrityError:
        raise Conflict(f"There is already a channel called {name}.") from None
