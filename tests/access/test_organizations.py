"""Organizations: what they may be called."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from costoptix.access import organizations
from costoptix.access.permissions import command_line
from costoptix.errors import Invalid
from costoptix.models import Organization

LOOKS = [str, str.upper, lambda name: name.replace("-", ""), lambda name: f" {{{name}}} "]


@pytest.mark.parametrize("look", LOOKS, ids=["as it is", "capitals", "no dashes", "braces"])
def test_an_organization_cannot_be_called_by_an_id(
    session: Session, acme: Organization, elsewhere: Organization, look: object
) -> None:
    """Folders of the inbox, and commands, go by name or id."""
    assert callable(look)
    name = str(look(elsewhere.id))
    with pytest.raises(Invalid, match="id"):
        organizations.rename(session, acme, command_line(acme.id), name)
    with pytest.raises(Invalid, match="id"):
        organizations.create(
            session, name=name, tier="Starter", email="a@example.com", password="-" * 20
        )
    session.refresh(acme)
    assert acme.name == "Acme Cloud"
