"""What holds for every operation, whatever it does: walked from the registry (S24–S26, S28)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask, current_app
from openapi_spec_validator import validate
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from costoptix import clock, drafts
from costoptix.access import api_keys
from costoptix.access.permissions import Permission, command_line
from costoptix.api import declared_operations
from costoptix.api.endpoint import Operation
from costoptix.costs.accounts import account_id
from costoptix.drafts import Draft
from costoptix.models import ApiKey, Budget, Import, Organization
from costoptix.notify import channels
from costoptix.notify.drafts import ChannelDraft
from costoptix.tags import service as tag_rules
from costoptix.tags.drafts import RuleDraft
from costoptix.views import service as views
from costoptix.views.drafts import ViewDraft
from tests.anomalies.anomaly import make_anomaly
from tests.api.conftest import Api, MakeKey
from tests.support.checksums import checksums
from tests.support.lake import Charge, Lake, open_writer

OPERATIONS = declared_operations()
WITH_KEY = [each for each in OPERATIONS if each.permission is not None]
PRIVATE = [each for each in WITH_KEY if re.search(r"<(\w+_id)>", each.path)]
AsKey = Callable[[str | None], Api]

_by_name = pytest.mark.parametrize("operation", WITH_KEY, ids=lambda each: each.name)


def _make_import(session: Session, organization: Organization) -> str:
    row = Import(
        organization_id=organization.id, file_name="bill.csv", stored_name=uuid.uuid4().hex,
        size_bytes=0, sha256="", created_by="alice",
    )  # fmt: skip
    session.add(row)
    session.commit()
    return row.id


def _make_key(session: Session, organization: Organization) -> str:
    draft = api_keys.KeyDraft(name="theirs", permission=Permission.READ)
    return api_keys.create(session, organization, command_line(organization.id), draft)[0].id


def _make_anomaly(session: Session, organization: Organization) -> str:
    return make_anomaly(session, organization).id


def _make_budget(session: Session, organization: Organization) -> str:
    row = Budget(
        organization_id=organization.id, name="theirs", amount=Decimal(1), currency="USD",
        period="monthly", metric="billed_cost", charge_categories=[], tag_rules=[],
        warning_threshold=Decimal(80), critical_threshold=Decimal(95), created_by="mallory",
    )  # fmt: skip
    session.add(row)
    session.commit()
    return row.id


def _make_account(session: Session, organization: Organization) -> str:
    with open_writer() as writer:
        Lake(session, current_app.extensions["cost_store"], writer, organization).deliver(Charge())
    return account_id("aws:111")


def _make_view(session: Session, organization: Organization) -> str:
    draft = ViewDraft(name="theirs", question="range=last_30_days")
    return views.create(session, organization, command_line(organization.id), draft).id


def _make_webhook(session: Session, organization: Organization) -> str:
    draft = ChannelDraft(name="theirs", kind="custom", url="https://192.0.43.10/")
    caller, config = command_line(organization.id), current_app.config["COSTOPTIX"]
    return channels.create(session, organization, caller, draft, config)[0].id


def _make_rule(session: Session, organization: Organization) -> str:
    draft = drafts.read(RuleDraft, {"key": "team", "from": ["Theirs"], "to": "theirs"})
    caller = command_line(organization.id)
    return tag_rules.add_rule(session, organization, caller, draft).id


THINGS = {
    "account_id": _make_account,
    "key_id": _make_key,
    "import_id": _make_import,
    "anomaly_id": _make_anomaly,
    "budget_id": _make_budget,
    "view_id": _make_view,
    "webhook_id": _make_webhook,
    "rule_id": _make_rule,
}
"""How to make what an id in a path names. An operation on a new thing needs its maker here."""


def _path(operation: Operation, thing_id: str) -> str:
    path = re.sub(r"<(\w+_id)>", thing_id, operation.path)
    return re.sub(r"<(path|tag_key):name>", "service_name", path)


def _answers(operation: Operation, path: str) -> bool:
    """Tell whether an operation's path matches: ``/budgets/<budget_id>`` is ``/budgets/x``."""
    return re.fullmatch(re.sub(r"<[^>]+>", "[^/]+", operation.path), path) is not None


EXAMPLE = {
    "name": "n", "permission": "read", "overlap_hours": 1, "amount": "1", "currency": "USD",
    "decision": "discard", "ids": ["none"], "anomaly_floor": {"USD": "1"}, "kind": "custom",
    "from": ["Team"], "to": "team",
    "question": "range=last_30_days",
}  # fmt: skip
"""Values for fields that bodies need. An operation with a new needed field adds it here."""


def _call(api: Api, operation: Operation, thing_id: str = "none") -> TestResponse:
    body = {} if operation.body is None else {"json": _needed(operation.body)}
    return api(operation.method, _path(operation, thing_id), **body)


def _needed(body: type[Draft]) -> dict[str, object]:
    fields = {field.alias or name: field for name, field in body.model_fields.items()}
    return {name: EXAMPLE[name] for name, field in fields.items() if field.is_required()}


def _assert_refused(response: TestResponse, status: int) -> str:
    """Check the one shape of errors; return the sentence."""
    assert response.status_code == status
    assert set(response.get_json()) == {"success", "error"}
    assert response.get_json()["success"] is False
    assert response.headers["X-Request-ID"]
    assert response.content_type == "application/json; charset=utf-8"
    sentence: str = response.get_json()["error"]
    assert sentence.strip()
    return sentence


@_by_name
def test_without_a_good_key_there_is_one_sentence(operation: Operation, as_key: AsKey) -> None:
    answers = [
        _assert_refused(_call(as_key(key), operation), 401)
        for key in (None, "nonsense", "x" * 4096, "cc_" + "A" * 46, "cc_a,cc_b")
    ]
    assert set(answers) == {api_keys.UNKNOWN_KEY}


@_by_name
def test_an_expired_and_a_revoked_key_are_told_so(
    operation: Operation, as_key: AsKey, make_key: MakeKey, session: Session, acme: Organization
) -> None:
    clock.configure("2026-03-10T12:00:00Z")
    expired = make_key(expires_at=clock.parse_instant("2026-03-10T13:00:00Z"))[1]
    revoked, revoked_text = make_key()
    api_keys.revoke(session, acme, command_line(acme.id), revoked.id)
    clock.configure("2026-03-10T13:00:00Z")
    assert "expired" in _assert_refused(_call(as_key(expired), operation), 401)
    assert "revoked" in _assert_refused(_call(as_key(revoked_text), operation), 401)


@_by_name
@pytest.mark.parametrize("permission", Permission)
def test_a_key_may_do_what_its_permission_covers(
    operation: Operation, permission: Permission, as_key: AsKey, make_key: MakeKey
) -> None:
    response = _call(as_key(make_key(permission.value)[1]), operation)
    assert operation.permission is not None
    if permission.covers(operation.permission):
        assert response.status_code not in (401, 403)
        assert response.status_code < 500
    else:
        sentence = _assert_refused(response, 403)
        assert operation.permission.value in sentence
        assert permission.value in sentence


@pytest.mark.parametrize("operation", PRIVATE, ids=lambda each: each.name)
def test_a_strangers_thing_is_as_if_it_were_not_there(
    operation: Operation, api: Api, session: Session, elsewhere: Organization
) -> None:
    """S24: byte-identical."""
    variable = re.findall(r"<(\w+_id)>", operation.path)[0]
    theirs = _call(api, operation, THINGS[variable](session, elsewhere))
    absent = _call(api, operation, str(uuid.uuid4()))
    _assert_refused(theirs, 404)
    assert theirs.data == absent.data


def test_s8_reading_changes_nothing(api: Api, session: Session, acme: Organization) -> None:
    """S8: calls are counted elsewhere, an export is in the audit log; no more is written."""
    ids = {variable: make(session, acme) for variable, make in THINGS.items()}
    api("GET", "/health")  # the first call of a day notes its mark
    before = checksums(session)
    for operation in WITH_KEY:
        if operation.method == "GET" and "export" not in operation.path:
            variable = re.search(r"<(\w+_id)>", operation.path)
            _call(api, operation, ids[variable[1]] if variable else "none")
    assert checksums(session) == before


@_by_name
def test_an_unknown_parameter_is_refused_by_name(operation: Operation, api: Api) -> None:
    response = api(operation.method, f"{_path(operation, 'none')}?is_admin=1")
    assert "is_admin" in _assert_refused(response, 400)


@_by_name
def test_an_unknown_field_is_refused_by_name(operation: Operation, api: Api) -> None:
    """S27: no mass assignment."""
    if operation.body is None:
        return
    names = {field.alias or name for name, field in operation.body.model_fields.items()}
    known = {name: value for name, value in EXAMPLE.items() if name in names}
    for field in ("organization_id", "role", "id", "created_at", "is_admin", "quota"):
        response = api(operation.method, _path(operation, "none"), json=known | {field: "x"})
        assert field in _assert_refused(response, 400)


@_by_name
def test_other_methods_are_refused_before_the_key_is_asked_for(
    operation: Operation, as_key: AsKey
) -> None:
    """S21: 405 names what is allowed; overriding headers change nothing."""
    path = _path(operation, "none")
    taken = {each.method for each in OPERATIONS if _answers(each, path)}
    override = {"X-HTTP-Method-Override": operation.method}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - taken:
        response = as_key(None)(method, path, headers=override)
        _assert_refused(response, 405)
        assert taken <= set(response.headers["Allow"].split(", "))


@_by_name
def test_a_key_in_the_query_string_is_refused(
    operation: Operation, as_key: AsKey, make_key: MakeKey
) -> None:
    """S9."""
    text = make_key()[1]
    for query in (f"api_key={text}", f"q={text}", "X-API-Key=x", f"{text}=1"):
        response = as_key(text)(operation.method, f"{_path(operation, 'none')}?{query}")
        assert "query string" in _assert_refused(response, 400)
        assert "X-RateLimit-Limit" not in response.headers


@_by_name
def test_a_trailing_or_doubled_slash_is_not_found(operation: Operation, api: Api) -> None:
    path = _path(operation, "none")
    if not re.search("<(path|tag_key):", operation.path):
        _assert_refused(api(operation.method, f"{path}/"), 404)
    _assert_refused(api(operation.method, f"/{path}"), 404)


@_by_name
def test_calls_of_every_operation_are_counted(
    operation: Operation, as_key: AsKey, make_key: MakeKey, acme: Organization, session: Session
) -> None:
    acme.tier = "starter"
    session.commit()
    response = _call(as_key(make_key()[1]), operation)
    assert response.headers["X-RateLimit-Limit"] == "100"
    assert response.headers["X-RateLimit-Remaining"] == "99"
    assert int(response.headers["X-RateLimit-Reset"]) % 86_400 == 0
    assert "Retry-After" not in response.headers


def test_no_answer_lets_another_origin_read_it(api: Api) -> None:
    """S20."""
    response = api.get("/health", headers={"Origin": "https://evil.example"})
    assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


def test_the_document_is_valid_and_lists_exactly_the_routes(app: Flask, as_key: AsKey) -> None:
    document = as_key(None).get("/openapi.json").get_json()
    validate(document)
    described = {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path))
        for path, methods in document["paths"].items()
        for method in methods
    }
    routed = {
        (method, re.sub(r"<[^>]+>", "{}", rule.rule).removeprefix("/api/v1"))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == routed


def test_the_document_names_every_parameter_that_is_read(as_key: AsKey) -> None:
    paths = as_key(None).get("/openapi.json").get_json()["paths"]
    for declared in OPERATIONS:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", declared.path)
        named = {each["name"] for each in paths[path][declared.method.lower()]["parameters"]}
        assert declared.query is None or named >= set(declared.query.model_fields), path


def test_described_answers_are_closed(as_key: AsKey) -> None:
    """S28: what is not described is not sent."""
    schemas = as_key(None).get("/openapi.json").get_json()["components"]["schemas"]
    for name, schema in schemas.items():
        if "properties" in schema:
            assert schema["additionalProperties"] is False, name


def test_the_document_needs_no_key_and_is_not_counted(as_key: AsKey) -> None:
    response = as_key(None).get("/openapi.json")
    assert response.status_code == 200
    assert "X-RateLimit-Limit" not in response.headers


def test_the_document_is_sent_once(as_key: AsKey) -> None:
    tag = as_key(None).get("/openapi.json").headers["ETag"]
    again = as_key(None).get("/openapi.json", headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)


@_by_name
def test_s23_options_are_told_in_json(operation: Operation, as_key: AsKey) -> None:
    """S23: without a key, and without a count."""
    response = as_key(None)("OPTIONS", _path(operation, "none"))
    assert response.status_code == 200
    assert response.content_type == "application/json; charset=utf-8"
    assert operation.method in response.get_json()["data"]["methods"]
    assert operation.method in response.headers["Allow"].split(", ")
    assert "X-RateLimit-Limit" not in response.headers


@_by_name
def test_s18_no_refusal_may_be_kept(operation: Operation, as_key: AsKey) -> None:
    """S18: a browser or proxy would show it after its reason is gone."""
    for method in (operation.method, "TRACE"):
        response = as_key(None)(method, _path(operation, "none"))
        assert response.status_code in (401, 405)
        assert response.headers["Cache-Control"] == "no-store"


def test_a_thing_made_here_is_named_by_a_random_id(make_key: MakeKey) -> None:
    """S31."""
    row: ApiKey = make_key()[0]
    assert uuid.UUID(row.id).version == 4


def unknown_paths() -> list[Any]:
    return ["", "/", "/nothing", "/health/x", "/keys/%00", "/../healthz", "/%2e%2e/x", "//"]


@pytest.mark.parametrize("path", unknown_paths())
def test_unknown_paths_are_json_and_need_no_key(path: str, as_key: AsKey) -> None:
    response = as_key(None).get(path)
    if path == "/keys/%00":
        _assert_refused(response, 401)
    else:
        _assert_refused(response, 404)
