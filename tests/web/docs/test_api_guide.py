"""The guide to the API: no example changes anything when it is pasted as it stands."""

from __future__ import annotations

import html
import re
import shlex

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from costoptix.access import api_keys
from costoptix.access.permissions import Permission, command_line
from costoptix.models import Base, Organization
from tests.anomalies.anomaly import make_anomaly
from tests.api.conftest import Api
from tests.support.pages import Browser, latest

READS = ("-X", "-H", "-d", "-F")


BESIDE = frozenset({"audit_entries", "idempotency_records", "throttle_counters"})
"""Who exported and who was refused is noted, whatever is asked."""


def rows(session: Session) -> dict[str, int]:
    """Count the rows of every table but those of what is noted beside."""
    tables = [table for table in Base.metadata.sorted_tables if table.name not in BESIDE]
    latest(session)
    return {t.name: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


def test_no_example_changes_anything_when_pasted(
    alice_browser: Browser, session: Session, acme: Organization
) -> None:
    make_anomaly(session, acme)
    draft = api_keys.KeyDraft(name="admin", permission=Permission.ADMIN)
    key = api_keys.create(session, acme, command_line(acme.id), draft)[1]
    api = Api(alice_browser.client.application.test_client(), key)
    page = alice_browser.get("/docs/api").text
    commands = re.findall(r"curl [^<]*/api/v1/[^<]*", page)
    examples = [shlex.split(html.unescape(command)) for command in commands]
    assert any("-d" in example for example in examples)
    before = rows(session)
    writes = 0
    for words in examples:
        given = {word: words[at + 1] for at, word in enumerate(words[:-1]) if word in READS}
        (address,) = [word for word in words if "/api/v1/" in word]
        path = address.partition("/api/v1")[2]
        body = {"data": given["-d"], "content_type": "application/json"} if "-d" in given else {}
        if "-F" in given:
            assert "dry_run=true" in path
            continue  # what a dry run does is said of imports
        method = given.get("-X", "POST" if "-d" in given else "GET")
        writes += method != "GET"
        assert api(method, path, **body).status_code != 201, words
        assert rows(session) == before, words
    assert writes > 10
