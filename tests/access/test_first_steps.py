"""The checklist of the first hour: ticked by what is there, dismissed by an admin."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy.orm import Session

from costoptix.access import api_keys, first_steps, organizations
from costoptix.access.api_keys import KeyDraft
from costoptix.access.first_steps import FirstStep
from costoptix.access.permissions import Caller, Permission
from costoptix.errors import Forbidden
from costoptix.models import Organization, User


def test_a_step_is_ticked_by_what_is_there(
    session: Session, acme: Organization, admin: Caller, bob: User
) -> None:
    steps = first_steps.checklist(session, acme)
    assert steps == dict.fromkeys(FirstStep, False) | {FirstStep.COLLEAGUE: True}
    key, _ = api_keys.create(session, acme, admin, KeyDraft(name="CI", permission="read"))
    assert (first_steps.checklist(session, acme) or {})[FirstStep.KEY]
    api_keys.revoke(session, acme, admin, key.id)
    assert not (first_steps.checklist(session, acme) or {})[FirstStep.KEY]
    organizations.set_tier(session, acme, "starter")
    assert FirstStep.COLLEAGUE not in (first_steps.checklist(session, acme) or {})


def test_an_admin_dismisses_it_for_all(session: Session, acme: Organization, admin: Caller) -> None:
    with pytest.raises(Forbidden):
        first_steps.dismiss(session, acme, dataclasses.replace(admin, permission=Permission.READ))
    assert first_steps.checklist(session, acme) is not None
    first_steps.dismiss(session, acme, admin)
    assert first_steps.checklist(session, acme) is None
