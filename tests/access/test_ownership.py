"""What belongs to an organization, looked up by its id."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from costoptix.access.ownership import get_own
from costoptix.errors import NotFound
from costoptix.models import Organization, User


def test_one_finds_one_s_own(session: Session, acme: Organization, bob: User) -> None:
    assert get_own(session, User, acme, bob.id) is bob


def test_another_s_is_not_found_as_what_is_not_there(
    session: Session, elsewhere: Organization, bob: User
) -> None:
    for row_id in (bob.id, "nothing"):
        with pytest.raises(NotFound, match=r"^Not found\.$"):
            get_own(session, User, elsewhere, row_id)
