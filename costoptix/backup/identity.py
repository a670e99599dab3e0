"""Which installation this is: an id that its backups carry."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from costoptix.database import writing
from costoptix.models import InstallationIdentity

_THIS = "this"


def installation_id(session: Session) -> str:
    """Return the id of this installation; it is made when it is asked for first."""
    query = select(InstallationIdentity.installation_id).where(InstallationIdentity.id == _THIS)
    if (stored := session.scalar(query)) is not None:
        return stored
    try:
        with writing(session):
            session.add(InstallationIdentity(id=_THIS))
    except IntegrityError:  # of two backups at once, another was first
        pass
    return session.execute(query).scalar_one()
