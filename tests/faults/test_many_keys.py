"""R18: ten thousand API keys, of one organization and of many."""

from __future__ import annotations

import html
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, insert, text
from sqlalchemy.orm import Session

from costoptix.access import key_format
from costoptix.clock import utc_now
from costoptix.extensions import db
from costoptix.models import ApiKey, Organization, new_id
from tests.api.conftest import Api
from tests.support.fetched import counted
from tests.support.pages import Browser
from tests.support.proving import count, tell

NOON = "2026-03-10T12:00:00Z"
KEYS = count(120, 10_000)
AT_ONCE = 1_000
MANY = 20
"""Organizations over which the keys are spread."""
PER_PAGE = 50
BESIDE = 100
"""Rows that a page fetches beside its list: who is signed in, the sidebar, counts."""
SetClock = Callable[[str], None]
COLUMNS = ("name", "prefix", "permission", "last_used_at", "calls_today", "expires_at")


@dataclass(frozen=True)
class MadeKey:
    """A key with its text."""

    id: str
    organization_id: str
    text: str


@pytest.fixture(autouse=True)
def _noon(app: Flask, at: SetClock) -> None:
    at(NOON)


@pytest.fixture(params=[1, MANY], ids=["one organization", "many organizations"])
def made(request: pytest.FixtureRequest, session: Session, acme: Organization) -> list[MadeKey]:
    """So many keys: their names repeat, every tenth has expired or is revoked."""
    owners = [acme]
    owners += [Organization(name=f"o{n}", tier="enterprise") for n in range(1, request.param)]
    session.add_all(owners)
    session.commit()
    made, rows = [], []
    for number in range(KEYS):
        key = MadeKey(new_id(), owners[number % len(owners)].id, key_format.mint())
        made.append(key)
        rows.append({
            "id": key.id, "organization_id": key.organization_id, "name": f"key {number % 7}",
            "prefix": key_format.prefix(key.text), "digest": key_format.digest(key.text),
            "permission": ("read", "write", "admin")[number % 3], "created_by": "me",
            "created_at": utc_now() - timedelta(days=1, minutes=number),
            "expires_at": utc_now() - timedelta(hours=1) if number % 20 == 1 else None,
            "revoked_at": utc_now() - timedelta(hours=1) if number % 20 == 11 else None,
        })  # fmt: skip
    for start in range(0, KEYS, AT_ONCE):
        session.execute(insert(ApiKey), rows[start : start + AT_ONCE])
        session.commit()
    return made


@pytest.mark.sqlite  # the driver shows its statements
def test_r18_the_statement_of_every_call_uses_the_index_on_sqlite(
    app: Flask, session: Session, made: list[MadeKey]
) -> None:
    """R18: what is sent is explained, not what we think is sent."""
    sent: list[str] = []

    def watch(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_trace_callback(sent.append)

    engine = db.engine
    engine.dispose()
    event.listen(engine, "connect", watch)
    try:
        assert Api(app.test_client(), made[0].text)("GET", "/auth/info").status_code == 200
    finally:
        event.remove(engine, "connect", watch)
        engine.dispose()
    look_ups = [statement for statement in sent if "api_keys.digest = " in statement]
    assert len(look_ups) == 1
    plan = [row[-1] for row in session.execute(text(f"EXPLAIN QUERY PLAN {look_ups[0]}"))]
    assert len(plan) == 2  # the key, and its organization
    by_index = re.compile(r"SEARCH .* USING .*INDEX .*\((digest|id)=\?\)")
    assert all(by_index.match(step) for step in plan), plan


def test_r18_the_planner_chooses_the_index_with_the_statistics_of_its_keys(
    session: Session, made: list[MadeKey]
) -> None:
    """R18: of ten thousand keys in `make prove`, on SQLite and on PostgreSQL."""
    session.execute(text("ANALYZE api_keys"))
    explain = "EXPLAIN QUERY PLAN"
    if session.get_bind().dialect.name == "postgresql":
        explain = "EXPLAIN"
        if KEYS < AT_ONCE:  # a hundred rows are read whole sooner: whether it could is asked then
            session.execute(text("SET LOCAL enable_seqscan = off"))
    digest = key_format.digest(made[-1].text)
    plan = session.execute(
        text(f"{explain} SELECT id FROM api_keys WHERE digest = :digest"), {"digest": digest}
    )
    assert "index" in str(plan.all()).lower()


def test_r18_each_of_ten_thousand_keys_is_who_it_is_and_is_noted_once_a_minute(
    app: Flask, made: list[MadeKey], at: SetClock
) -> None:
    """R18: one after the other, again within the minute, and again after it."""
    writes: list[str] = []

    def watch(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE api_keys"):
            writes.append(statement)

    over = {key.id for number, key in enumerate(made) if number % 20 in (1, 11)}
    by_round = []
    begun = time.monotonic()
    event.listen(db.engine, "before_cursor_execute", watch)
    try:
        for instant in (NOON, "2026-03-10T12:00:59Z", "2026-03-10T12:01:00Z"):
            at(instant)
            for key in made:
                answer = Api(app.test_client(), key.text)("GET", "/auth/info")
                if key.id in over:
                    assert answer.status_code == 401
                    continue
                shown = answer.get_json()["data"]
                assert shown["key"]["prefix"] == key.text[: key_format.PREFIX_LENGTH]
                assert shown["organization"]["id"] == key.organization_id
            by_round.append(len(writes))
    finally:
        event.remove(db.engine, "before_cursor_execute", watch)
    assert Api(app.test_client(), key_format.mint())("GET", "/auth/info").status_code == 401
    living = KEYS - len(over)
    assert by_round == [living, living, 2 * living]
    calls = 3 * KEYS
    each = 1_000 * (time.monotonic() - begun) / calls
    tell(f"R18: {calls} calls of {KEYS} keys, {len(writes)} writes of last_used_at, {each:.1f} ms")


def pages(browser: Browser, address: str) -> Iterator[tuple[list[str], int]]:
    """Follow the list to its end; yields the prefixes of each page, and the rows it fetched."""
    while address:
        with counted(db.engine) as fetched:
            shown = browser.get(address)
        assert shown.status_code == 200
        yield re.findall(r"<code>(cc_\w{8})…</code>", shown.text), fetched.rows
        more = re.search(r'rel="next" href="([^"]+)"', shown.text)
        address = html.unescape(more[1]) if more else ""


@pytest.mark.parametrize("made", [1], indirect=True)
def test_r18_the_page_of_the_keys_reads_no_more_than_it_shows(
    alice_browser: Browser, made: list[MadeKey]
) -> None:
    """R18: to its end each key is there once, those that work first."""
    first = alice_browser.get("/settings/api-keys").text
    assert f"{KEYS * 9 // 10:,} active, {KEYS // 10:,} revoked or expired" in first
    listed: list[str] = []
    for prefixes, rows in pages(alice_browser, "/settings/api-keys"):
        assert len(prefixes) <= PER_PAGE
        assert rows <= PER_PAGE + BESIDE
        listed += prefixes
    over = [key for number, key in enumerate(made) if number % 20 in (1, 11)]
    ended = {key.id for key in over}
    working = [key for key in made if key.id not in ended]
    assert listed == [key.text[: key_format.PREFIX_LENGTH] for key in working + over]


@pytest.mark.parametrize("made", [1], indirect=True)
@pytest.mark.parametrize("column", COLUMNS)
def test_r18_the_keys_are_sorted_over_all_pages(
    app: Flask, alice_browser: Browser, made: list[MadeKey], column: str
) -> None:
    """R18: the last key of the list stands first where it was called most, or used alone."""
    last = made[-2]
    for _ in range(2):
        assert Api(app.test_client(), last.text)("GET", "/auth/info").status_code == 200
    for sign in ("", "-"):
        listed = pages(alice_browser, f"/settings/api-keys?order_by={sign}{column}")
        shown = [next(listed)[0] for _ in range(min(5, KEYS // PER_PAGE))]
        prefixes = [prefix for page in shown for prefix in page]
        assert len(set(prefixes)) == len(prefixes) == PER_PAGE * len(shown)
        if column == "prefix":
            assert prefixes == sorted(prefixes, reverse=bool(sign))
        if column in ("last_used_at", "calls_today") and sign:
            assert prefixes[0] == last.text[: key_format.PREFIX_LENGTH]


@pytest.mark.parametrize("made", [1], indirect=True)
def test_r18_the_api_lists_the_keys_a_page_at_a_time(app: Flask, made: list[MadeKey]) -> None:
    """R18: the newest first, each once, and no more rows than are answered."""
    admin = next(key for n, key in enumerate(made) if n % 3 == 2 and n % 20 not in (1, 11))
    api, listed, cursor = Api(app.test_client(), admin.text), list[str](), ""
    while cursor is not None:
        with counted(db.engine) as fetched:
            body = api("GET", f"/keys?limit={PER_PAGE}{cursor}").get_json()
        assert fetched.rows <= PER_PAGE + BESIDE
        listed += [key["id"] for key in body["data"]]
        following = body["meta"]["next_cursor"]
        cursor = None if following is None else f"&cursor={following}"
    assert listed == [key.id for key in made]
