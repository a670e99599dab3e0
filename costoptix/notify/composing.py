"""An event put into words: what platforms make their messages of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from costoptix.failures import reason
from costoptix.models import Organization
from costoptix.notify.kinds import KINDS, TEST, EventKind, Wording
from costoptix.notify.notification import Notification


def compose(
    name: str,
    at: datetime,
    organization: Organization,
    data: Mapping[str, Any],
    public_url: str,
) -> Notification:
    """Return an event of a known kind in words, with its link on this installation.

    One whose data do not hold what its words need is told of without them, not left out.
    """
    kind = KINDS[name]
    wording = _describe(kind, data)
    return Notification(
        kind=name,
        at=at,
        organization_id=organization.id,
        organization_name=organization.name,
        data=data,
        tone=kind.tone,
        title=wording.title,
        sentence=wording.sentence,
        link=public_url + wording.path,
        amounts=wording.amounts,
        sections=wording.sections,
        is_test=name == TEST,
    )


def _describe(kind: EventKind, data: Mapping[str, Any]) -> Wording:
    try:
        return kind.describe(data)
    except Exception as error:  # an alert without details is better than none
        reason(error, f"the words of {kind.name}")
        return Wording(kind.title, f"{kind.title}. See the page for more.", "/")
