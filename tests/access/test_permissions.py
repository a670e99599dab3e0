"""Who may do what: read < write < admin; members read and judge."""

from __future__ import annotations

import pytest

from costoptix.access.permissions import (
    ROLE_PERMISSION,
    Caller,
    Permission,
    Role,
    command_line,
    require,
    require_judging,
)
from costoptix.errors import Forbidden

READ, WRITE, ADMIN = Permission.READ, Permission.WRITE, Permission.ADMIN


def key(permission: Permission) -> Caller:
    return Caller("o", permission, "ci (cc_…)", api_key_id="k")


def person(role: Role) -> Caller:
    return Caller("o", ROLE_PERMISSION[role], "a@example.com", user_id="u")


@pytest.mark.parametrize("has", Permission)
@pytest.mark.parametrize("needed", Permission)
def test_a_permission_covers_what_is_not_above_it(has: Permission, needed: Permission) -> None:
    order = [READ, WRITE, ADMIN]
    if order.index(has) >= order.index(needed):
        require(key(has), needed)
        return
    with pytest.raises(
        Forbidden, match=f"needs a key with {needed} permission; this key has {has}"
    ):
        require(key(has), needed)


def test_a_member_is_told_that_the_admin_role_is_needed() -> None:
    require(person(Role.ADMIN), ADMIN)
    with pytest.raises(Forbidden, match="admin role"):
        require(person(Role.MEMBER), WRITE)


def test_every_person_judges_and_keys_that_may_write() -> None:
    for caller in (person(Role.MEMBER), person(Role.ADMIN), key(WRITE), key(ADMIN)):
        require_judging(caller)
    with pytest.raises(Forbidden):
        require_judging(key(READ))


def test_the_operator_may_do_everything_and_is_nobody_s_id() -> None:
    caller = command_line("o")
    require(caller, ADMIN)
    assert caller.actor_id is None
    assert (key(READ).actor_id, person(Role.ADMIN).actor_id) == ("k", "u")
