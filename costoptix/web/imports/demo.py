"""The demo as pages show it while its bills come in."""

from __future__ import annotations

from flask_login import current_user

from costoptix.demo import coming
from costoptix.extensions import db
from costoptix.web.parts.routing import web


@web.app_template_global()
def demo_progress() -> coming.DemoProgress | None:
    """Return how far the demo's bills are; None where the reader's organization awaits none."""
    return coming.progress(db.session(), current_user.organization)
