"""The preview of a report, and sending it now."""

from __future__ import annotations

from sqlalchemy.orm import Session

from config import Config
from costoptix import drafts
from costoptix.access.permissions import Caller
from costoptix.models import Dispatch, Organization
from costoptix.notify import channels
from costoptix.notify.drafts import ChannelDraft
from tests.support.pages import Browser


def test_an_admin_looks_at_a_report_and_sends_it(
    alice_browser: Browser, session: Session, acme: Organization, admin: Caller, config: Config
) -> None:
    values = {"name": "<b>Ops", "kind": "custom", "url": "https://hooks.example.com/x"}
    draft = drafts.read(ChannelDraft, values)
    channel = channels.create(session, acme, admin, draft, config)[0]
    path = f"/settings/notifications/{channel.id}/reports/weekly"
    shown = alice_browser.get(path)
    assert "No costs are known of" in shown.text
    assert "The channel has not chosen this report" in shown.text
    assert alice_browser.get(path.replace("weekly", "daily")).status_code == 404
    answer = alice_browser.post(f"{path}/send", form=path)
    assert (answer.status_code, answer.headers["Location"]) == (302, path)
    assert session.query(Dispatch).one().event == "report.weekly"
