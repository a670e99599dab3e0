"""Acme Cloud as an organization: made once, its bills brought in by the ordinary way."""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from collections.abc import Container, Iterable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix import queue
from costoptix.access import api_keys, organizations, users
from costoptix.access.api_keys import KeyDraft
from costoptix.access.permissions import Caller, Permission, command_line
from costoptix.bills.intake import receive
from costoptix.clock import utc_now, utc_today
from costoptix.demo.bills import MONTHS, Bill, bills
from costoptix.demo.story import Story
from costoptix.models import (
    UNFINISHED_STATES,
    ApiKey,
    Import,
    ImportState,
    Organization,
    User,
)
from costoptix.queue import Claim

NAME = "Acme Cloud"
EMAIL = "admin@acme.example"
KEY_NAME = "Demo"
JOB_KIND = "demo"
LIFE_KIND = "demo_life"
"""The job that makes what people leave behind, as soon as the bills are in: ``demo.life``."""


def find(session: Session) -> tuple[Organization, User] | None:
    """Return the demo's organization and admin, or None before they are made."""
    user = session.scalar(select(User).where(User.email == EMAIL))
    return (user.organization, user) if user is not None else None


def found_company(
    session: Session, *, only_first: bool = False, address: str = ""
) -> tuple[Organization, User, str]:
    """Make the organization (Enterprise) and its admin; return them and the admin's password.

    Raises:
        Conflict: there is an organization of that name, or, with ``only_first``, any.
    """
    password = _new_password()
    organization, user = organizations.create(
        session, name=NAME, tier="enterprise", email=EMAIL, password=password,
        address=address, only_first=only_first,
    )  # fmt: skip
    return organization, user, password


def new_password(session: Session, organization: Organization, user: User) -> str:
    """Give the admin a new password and return it; their sessions end."""
    password = _new_password()
    users.change_password(session, command_line(organization.id), user, password)
    return password


def new_key(session: Session, organization: Organization) -> str:
    """Make an admin key and return it; the one that was made before is revoked."""
    caller = command_line(organization.id)
    draft = KeyDraft(name=KEY_NAME, permission=Permission.ADMIN)
    made_before = select(ApiKey.id).where(
        ApiKey.organization_id == organization.id,
        ApiKey.name == KEY_NAME,
        ApiKey.created_by == caller.label,
        ApiKey.revoked_at.is_(None),
    )
    for key_id in session.scalars(made_before).all():
        api_keys.revoke(session, organization, caller, key_id)
    return api_keys.create(session, organization, caller, draft)[1]


def story_of(organization: Organization) -> Story:
    """Return what happens in the demo: told backwards from the day before it was made.

    So what was told stays, whatever day it is when bills are added.
    """
    return Story(organization.created_at.date() - timedelta(days=1))


def bring_bills(
    session: Session, organization: Organization, config: Config, months: int = MONTHS
) -> list[receive.Received]:
    """Receive the bills of ``months`` months through yesterday that are not there yet.

    Returns what is now due, the newest month first: who looks on meanwhile sees today's costs
    soonest. A bill that is there with the same bytes is left alone, so that a second run changes
    nothing and a later one brings the days since.
    """
    listed = bills(story_of(organization), utc_today() - timedelta(days=1), months)
    there = _digests(session, organization)
    return bring(session, organization, config, listed, there=there)


def bring(
    session: Session,
    organization: Organization,
    config: Config,
    listed: Iterable[Bill],
    *,
    there: Container[str] = (),
    caller: Caller | None = None,
) -> list[receive.Received]:
    """Receive bills but those whose SHA-256 is in ``there``; return what is now due.

    They are the command line's unless a caller is named.
    """
    by = caller or command_line(organization.id)
    config.temp_dir.mkdir(parents=True, exist_ok=True)
    received = []
    with tempfile.TemporaryDirectory(dir=config.temp_dir, prefix="demo-") as folder:
        for bill in listed:
            file = bill.write(Path(folder))
            if hashlib.sha256(file.read_bytes()).hexdigest() not in there:
                received.append(_receive(session, organization, config, bill, file, by))
    return received


def run(session: Session, claim: Claim, config: Config) -> None:
    """Do the job that the set-up page makes due: the imports follow as jobs of their own."""
    organization = session.get(Organization, claim.organization_id)
    if organization is not None:
        bring_bills(session, organization, config)
        queue.enqueue_once(session, LIFE_KIND, organization.id)


def _digests(session: Session, organization: Organization) -> set[str]:
    """Return the SHA-256 of what is live, was replaced, or is on its way."""
    states = (*UNFINISHED_STATES, ImportState.LIVE, ImportState.OLDER)
    return set(
        session.scalars(
            select(Import.sha256).where(
                Import.organization_id == organization.id, Import.state.in_(states)
            )
        )
    )


def _receive(
    session: Session, organization: Organization, config: Config, bill: Bill, file: Path, by: Caller
) -> receive.Received:
    """Receive a bill as of the day on which it would have come."""

    def date_it(row: Import) -> None:
        row.created_at = min(bill.arrived_at, utc_now())

    with file.open("rb") as stream:
        (received,) = receive.receive(
            session, organization, by,
            [receive.Sent(stream, bill.name)],
            uploads_dir=config.uploads_dir, max_bytes=config.max_upload_bytes,
            source_name=bill.source, also=date_it,
        )  # fmt: skip
    return received


def _new_password() -> str:
    return secrets.token_urlsafe(15)
