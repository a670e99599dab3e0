"""Who may do what: decided here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from costoptix.errors import Forbidden


class Role(StrEnum):
    """What a person is within an organization."""

    ADMIN = "admin"
    MEMBER = "member"


class Permission(StrEnum):
    """What a key carries: read < write < admin."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def covers(self, needed: Permission) -> bool:
        """Tell whether this permission includes ``needed``."""
        return _RANK[self] >= _RANK[needed]


_RANK = {Permission.READ: 0, Permission.WRITE: 1, Permission.ADMIN: 2}

ROLE_PERMISSION = {Role.ADMIN: Permission.ADMIN, Role.MEMBER: Permission.READ}
"""What a role may do, in the words of keys; a key never exceeds its maker's role when made."""


class Denied(Forbidden):
    """The caller may not do this, whatever the tier holds."""


class ActorKind(StrEnum):
    """What kind of caller did something, in the audit log."""

    PERSON = "person"
    KEY = "key"
    COMMAND = "command"
    SYSTEM = "system"  # the worker, the inbox


@dataclass(frozen=True)
class Caller:
    """Who asks: a signed-in person, an API key or the command line."""

    organization_id: str
    permission: Permission
    label: str  # for the audit log: an address, a key's name and prefix, "command line"
    user_id: str | None = None
    api_key_id: str | None = None
    address: str = ""  # network address, "" for the command line
    kind: ActorKind = ActorKind.PERSON

    @property
    def actor_id(self) -> str | None:
        """Return the id of the person or key."""
        return self.user_id or self.api_key_id


def command_line(organization_id: str) -> Caller:
    """Return the caller that the operator is at the command line."""
    return Caller(organization_id, Permission.ADMIN, "command line", kind=ActorKind.COMMAND)


def require(caller: Caller, needed: Permission) -> None:
    """Let pass when the caller holds ``needed``.

    Raises:
        Denied: it does not; the sentence names what is needed and what the caller has.
    """
    if caller.permission.covers(needed):
        return
    if caller.api_key_id is not None:
        raise Denied(
            f"This needs a key with {needed} permission; this key has {caller.permission}."
        )
    raise Denied("This needs the admin role; you are a member.")


def require_judging(caller: Caller) -> None:
    """Let pass who may judge anomalies: every person, members too, and keys that may write.

    Raises:
        Denied: the caller is a key that may only read.
    """
    if caller.user_id is None:
        require(caller, Permission.WRITE)
