"""S38: secrets that people and scripts really use are found nowhere afterwards.

An installation is set up and used by pages and API with secrets that are known to the test; then
whatever it has written and answered is searched for them: databases with their WAL, the rest of
the data folder, logs as the formatter writes them, answers with their headers.
"""

from __future__ import annotations

import logging
import re
import secrets as random
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from config import Config
from costoptix import clock, drafts
from costoptix.access import audit_pruning
from costoptix.access.permissions import command_line
from costoptix.api import declared_operations
from costoptix.logs import JSONFormatter
from costoptix.models import Base, User
from costoptix.notify import channels
from costoptix.notify.drafts import ChannelDraft
from tests.api.conftest import Api
from tests.support import proving
from tests.support.pages import Browser, latest

SETTINGS = "/settings/security"
KEYS = "/settings/api-keys"


@dataclass
class Used:
    """The secrets that were used, by what they are, and the answers that may show none of them."""

    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[bytes] = field(default_factory=list)

    def made(self, what: str) -> str:
        """Return a new secret that a person chose."""
        self.secrets[what] = f"canary {random.token_hex(12)}"
        return self.secrets[what]

    def keep(self, answer: TestResponse) -> TestResponse:
        """Keep an answer: its headers but for the cookie, which is the browser's, and its body."""
        headers = [f"{k}: {v}" for k, v in answer.headers if k != "Set-Cookie"]
        self.answers.append("\n".join(headers).encode() + b"\n" + answer.get_data())
        return answer


@pytest.fixture
def used(app: Flask, session: Session, config: Config) -> Used:
    """An installation after a day of use."""
    used = Used({"SECRET_KEY": config.secret_key})
    browser = Browser(app)
    _set_up(browser, used)
    _sign_in_by_mistake(browser, used)
    browser.sign_in("alice@example.com", used.secrets["password"])
    _change_password(browser, used)
    _use_keys(app, browser, used)
    _make_channel(session, config, used)
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    used.secrets |= {
        "cookie": browser.cookie, "session token": serializer.loads(browser.cookie)["_user_id"],
    }  # fmt: skip
    _walk(app, browser, used)
    return used


def _set_up(browser: Browser, used: Used) -> None:
    used.keep(
        browser.post(
            "/setup", form="/setup", name="Acme Cloud", tier="enterprise",
            email="alice@example.com", password=used.made("password"),
        )
    )  # fmt: skip
    invited = browser.post(
        "/settings/team/invitations", form=SETTINGS, email="bob@example.com", role="member"
    )
    found = re.search(r"/invite/([\w-]+)", invited.text)
    assert found, invited.text
    used.secrets["invitation"] = found[1]
    used.keep(browser.post("/logout", form=SETTINGS))


def _sign_in_by_mistake(browser: Browser, used: Used) -> None:
    """With a wrong password, and with the password where the address belongs."""
    used.keep(browser.sign_in("alice@example.com", used.made("wrong password")))
    # The form shows again what was typed into it, to the browser that sent it.
    assert browser.sign_in(used.made("password as address"), "x").status_code == 401


def _change_password(browser: Browser, used: Used) -> None:
    newer = used.made("new password")
    used.keep(
        browser.post(
            f"{SETTINGS}/password", form=SETTINGS, current_password=used.secrets["password"],
            password=newer, repeated=newer,
        )
    )  # fmt: skip


def _use_keys(app: Flask, browser: Browser, used: Used) -> None:
    form = re.search(r'name="key_id" value="([^"]+)"', browser.get(KEYS).text)
    assert form
    made = browser.post(
        KEYS, form=KEYS, key_id=form[1], name="page", permission="admin", expires="90",
        expires_on="",
    )  # fmt: skip
    found = re.search(r"\bcc_[0-9A-Za-z]{46}\b", made.text)
    assert found, made.text
    used.secrets["key of a page"] = found[0]
    api = Api(app.test_client(), found[0])
    once = {"json": {"name": "api", "permission": "read"}, "headers": {"Idempotency-Key": "once"}}
    used.secrets["key of the API"] = api.post("/keys", **once).get_json()["data"]["key"]
    used.keep(api.post("/keys", **once))
    for key in (found[0], used.secrets["key of the API"]):
        used.keep(api.get(f"/health?api_key={key}"))
        used.keep(api.get("/keys", headers={"X-API-Key": key[:-1]}))
        used.keep(api.get("/keys", headers={"X-API-Key": used.secrets["key of the API"]}))


def _make_channel(session: Session, config: Config, used: Used) -> None:
    owner = latest(session).query(User).one().organization
    used.secrets["path of a channel"] = path = random.token_urlsafe(24)
    signing = b64encode(random.token_bytes(32)).decode()
    used.secrets["signing secret"] = signing
    draft = drafts.read(
        ChannelDraft,
        {"name": "Ops", "kind": "custom", "url": f"https://hooks.example.com/{path}/last",
         "secret": f"whsec_{signing}"},
    )  # fmt: skip
    channels.create(session, owner, command_line(owner.id), draft, config)


def _walk(app: Flask, browser: Browser, used: Used) -> None:
    """Read what might show them: all pages and operations when proving."""
    pages = [
        rule.rule for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("web.") and "GET" in (rule.methods or ()) and not rule.arguments
    ]  # fmt: skip
    few = ["/settings/audit", "/settings/audit.csv", KEYS, "/settings/team", SETTINGS]
    for page in proving.count(few, pages):
        used.keep(browser.get(page))
    api = Api(app.test_client(), used.secrets["key of a page"])
    operations = [
        declared.path for declared in declared_operations()
        if declared.method == "GET" and "<" not in declared.path
    ]  # fmt: skip
    for path in proving.count(["/audit", "/keys", "/auth/info"], operations):
        used.keep(api.get(path))


def written(config: Config, session: Session) -> Iterator[tuple[str, bytes]]:
    """Return all that the data folder holds, but for the key itself, and every row."""
    for path in config.data_dir.rglob("*"):
        if path.is_file() and path.name != "secret_key":
            yield path.name, path.read_bytes()
    for table in Base.metadata.sorted_tables:
        rows = latest(session).execute(text(f'SELECT * FROM "{table.name}"')).all()
        yield table.name, repr(rows).encode()


def forms_of(secret: str) -> set[bytes]:
    """Return how a secret may be written: as it is, in an address, in base64."""
    return {secret.encode(), quote(secret).encode(), b64encode(secret.encode()).rstrip(b"=")}


def test_s38_no_secret_is_found_in_what_was_written_logged_or_answered(
    caplog: pytest.LogCaptureFixture, session: Session, config: Config,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    used: Used = request.getfixturevalue("used")
    clock.configure("2027-01-01T00:00:00Z")
    audit_pruning.keep(session, 730)
    log = "\n".join(map(JSONFormatter().format, caplog.records)).encode()
    assert b"/settings/audit" in log
    places = [("log", log), *written(config, session)]
    places += [("answer", answer) for answer in used.answers]
    found = [
        (what, place, written_as)
        for what, secret in used.secrets.items()
        for written_as in forms_of(secret)
        for place, content in places
        if written_as in content
    ]
    assert found == []
    assert len(used.secrets) == 12
    proving.tell(f"canaries: {len(used.secrets)} secrets in {len(places)} places: none found")


def test_the_search_would_find_a_secret(app: Flask, session: Session, config: Config) -> None:
    canary = "canary that a page shows"
    browser = Browser(app)
    used = Used()
    browser.post("/setup", form="/setup", name=canary, tier="starter",
                 email="alice@example.com", password=used.made("password"))  # fmt: skip
    assert any(canary.encode() in content for _, content in written(config, session))
    assert canary in used.keep(browser.get(SETTINGS)).text
    assert canary.encode() in used.answers[-1]
