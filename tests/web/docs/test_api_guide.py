"""The guide to the API: what reads works as pasted, and what writes is refused as pasted."""

from __future__ import annotations

import html
import re
import shlex

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from costoptix.access import api_keys
from costoptix.access.permissions import Permission, command_line
from costoptix.api.endpoint import OPERATIONS
from costoptix.models import Base, Organization
from costoptix.web.docs.answers import kept_examples
from tests.anomalies.anomaly import make_anomaly
from tests.api.conftest import Api
from tests.support.pages import Browser, latest

READS = ("-X", "-H", "-d", "-F", "-o")
BESIDE = frozenset({"audit_entries", "idempotency_records", "throttle_counters"})
"""Who exported and who was refused is noted, whatever is asked."""


def rows(session: Session) -> dict[str, int]:
    """Count the rows of every table but those of what is noted beside."""
    tables = [table for table in Base.metadata.sorted_tables if table.name not in BESIDE]
    latest(session)
    return {t.name: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


def resources(browser: Browser) -> list[str]:
    """Return the addresses of the resources' pages, as the guide links to them."""
    return sorted(set(re.findall(r'href="(/docs/api/[\w-]+)"', browser.get("/docs/api").text)))


def commands(browser: Browser) -> list[list[str]]:
    """Return every command of curl in the guide, in words."""
    pages = "\n".join(browser.get(address).text for address in resources(browser))
    found = re.findall(r"<code>(curl [^<]*/api/v1/[^<]*)</code>", pages)
    return [shlex.split(html.unescape(command)) for command in found]


@pytest.fixture
def admin(alice_browser: Browser, session: Session, acme: Organization) -> Api:
    draft = api_keys.KeyDraft(name="admin", permission=Permission.ADMIN)
    key = api_keys.create(session, acme, command_line(acme.id), draft)[1]
    return Api(alice_browser.client.application.test_client(), key)


def test_every_operation_has_a_command(alice_browser: Browser) -> None:
    assert len(commands(alice_browser)) == len(OPERATIONS)


def test_what_writes_is_refused_in_words_as_pasted(
    alice_browser: Browser, session: Session, acme: Organization, admin: Api
) -> None:
    make_anomaly(session, acme)
    admin("GET", "/health")  # the first call of a day notes its mark
    before = rows(session)
    writes = 0
    for words in commands(alice_browser):
        given = {word: words[at + 1] for at, word in enumerate(words[:-1]) if word in READS}
        method = given.get("-X", "POST" if "-d" in given or "-F" in given else "GET")
        if method == "GET":
            continue
        writes += 1
        path = words[-1].partition("/api/v1")[2]
        if "-F" in given:
            assert given["-F"] == "file=@<file>", "there is no such file: curl sends nothing"
            continue
        body = {"data": given["-d"], "content_type": "application/json"} if "-d" in given else {}
        answer = admin(method, path, **body)
        if path != "/anomalies/detect":  # a dry run, unless it is told otherwise
            assert answer.status_code == 400, words
            assert "<" in answer.json["error"] or "fill it in" in answer.json["error"], words
        assert rows(session) == before, words
    assert writes > 20


def test_what_reads_works_as_pasted(
    alice_browser: Browser, session: Session, acme: Organization, admin: Api
) -> None:
    make_anomaly(session, acme)
    reads = [words for words in commands(alice_browser) if not {"-d", "-F", "-X"} & {*words}]
    ready = [words for words in reads if "<" not in words[-1]]
    assert any("/anomalies/" in words[-1] for words in ready), "the id of a thing that is there"
    for words in ready:
        assert admin("GET", words[-1].partition("/api/v1")[2]).status_code == 200, words


def test_a_name_may_look_like_markup_but_not_be_the_placeholder(admin: Api) -> None:
    budget = {"amount": "10", "currency": "USD"}
    assert admin("POST", "/budgets", json={**budget, "name": "<script>"}).status_code == 201
    refused = admin("POST", "/budgets", json={**budget, "name": "<name>"})
    assert refused.status_code == 400
    assert "fill it in" in refused.json["error"]


def test_the_reader_sees_answers_from_the_own_data(alice_browser: Browser, admin: Api) -> None:
    budget = {"name": "Ours alone", "amount": "10", "currency": "USD"}
    assert admin("POST", "/budgets", json=budget).status_code == 201
    assert "Ours alone" in alice_browser.get("/docs/api/budgets").text
    strangers = alice_browser.client.application.test_client().get("/docs/api/budgets").text
    assert "Ours alone" not in strangers
    assert "An answer, as an example" in strangers


def test_a_member_sees_no_answer_for_admins(bob_browser: Browser) -> None:
    page = bob_browser.get("/docs/api/keys").text
    assert "The answer from your data" not in page
    assert "An answer, as an example" in page


def test_showing_answers_counts_no_call(alice_browser: Browser, admin: Api) -> None:
    used = admin("GET", "/auth/info").json["data"]["quota"]["used"]
    alice_browser.get("/docs/api/costs")
    assert admin("GET", "/auth/info").json["data"]["quota"]["used"] == used + 1


def test_each_page_is_there_as_markdown(alice_browser: Browser) -> None:
    for address in ["/docs/api", *resources(alice_browser)]:
        answer = alice_browser.get(f"{address}.md")
        assert answer.content_type == "text/markdown; charset=utf-8"
        assert answer.text.startswith("# "), address
        assert "curl" in answer.text


def test_the_examples_are_of_operations_that_exist(alice_browser: Browser) -> None:
    with alice_browser.client.application.app_context():
        assert {operation.name for operation in OPERATIONS} >= set(kept_examples())


def test_no_such_resource_is_not_found(alice_browser: Browser) -> None:
    assert alice_browser.get("/docs/api/nothing").status_code == 404
    assert alice_browser.get("/docs/api/nothing.md").status_code == 404
