"""A custom webhook: the envelope ``{"event", "timestamp", "organization_id", "data"}``."""

from __future__ import annotations

from typing import Any

from costoptix.notify.notification import Notification


def render(notification: Notification) -> dict[str, Any]:
    """Return the envelope: the event's data, with what people read of it beside."""
    return {
        "event": notification.kind,
        "timestamp": notification.at.isoformat().replace("+00:00", "Z"),
        "organization_id": notification.organization_id,
        "data": {
            **notification.data,
            "title": notification.title,
            "sentence": notification.sentence,
            "link": notification.link,
        },
    }
