"""Acme Cloud as an organization: made once, its bills brought in by the ordinary way."""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Config
from costoptix.access import api_keys, organizations, users
from costoptix.access.api_keys import KeyDraft
from costoptix.access.permissions import Permission, command_line
from costoptix.bills.intake import receive
from costoptix.clock import utc_today
from costoptix.demo.generator import write_bills
from costoptix.models import (
    UNFINISHED_STATES,
    ApiKey,
    Import,
    ImportState,
    Job,
    Organization,
    User,
)
from costoptix.queue import Claim

NAME = "Acme Cloud"
EMAIL = "admin@acme.example"
KEY_NAME = "Demo"
JOB_KIND = "demo"
SOURCES = {"aws": "AWS", "azure": "Azure", "gcp": "Google Cloud"}
"""The source that the bills of a provider belong to, by the beginning of their file names."""


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


def bring_bills(
    session: Session, organization: Organization, config: Config
) -> list[tuple[Import, Job]]:
    """Receive the bills through yesterday that are not live yet; return what is now due.

    A month that is live with the same bytes is left alone, so that a second run changes nothing
    and a later one brings the days since.
    """
    config.temp_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=config.temp_dir, prefix="demo-") as folder:
        files = write_bills(Path(folder), utc_today() - timedelta(days=1))
        live = _live_digests(session, organization)
        return [
            _receive(session, organization, config, file)
            for file in files
            if hashlib.sha256(file.read_bytes()).hexdigest() not in live
        ]


def run(session: Session, claim: Claim, config: Config) -> None:
    """Do the job that the set-up page makes due: the imports follow as jobs of their own."""
    organization = session.get(Organization, claim.organization_id)
    if organization is not None:
        bring_bills(session, organization, config)


def _live_digests(session: Session, organization: Organization) -> set[str]:
    """Return the SHA-256 of what is live or on its way."""
    states = (*UNFINISHED_STATES, ImportState.LIVE)
    return set(
        session.scalars(
            select(Import.sha256).where(
                Import.organization_id == organization.id, Import.state.in_(states)
            )
        )
    )


def _receive(
    session: Session, organization: Organization, config: Config, file: Path
) -> receive.Received:
    with file.open("rb") as stream:
        (received,) = receive.receive(
            session, organization, command_line(organization.id),
            [receive.Sent(stream, file.name)],
            uploads_dir=config.uploads_dir, max_bytes=config.max_upload_bytes,
            source_name=SOURCES[file.name.partition("-")[0]],
        )  # fmt: skip
    return received


def _new_password() -> str:
    return secrets.token_urlsafe(15)
