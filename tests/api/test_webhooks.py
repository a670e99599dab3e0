"""/webhooks at the door: secrets once, the log paged, tests and replays accepted."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from sqlalchemy.orm import Session

from costoptix.models import Organization
from costoptix.notify import dispatches
from tests.api.conftest import Api
from tests.api.test_contract import _make_webhook

URL = "https://192.0.43.10/services/T000/B000/xyzSECRET9876"
WEBHOOK = {"name": "Ops", "kind": "custom", "url": URL}


def make(api: Api, **values: Any) -> dict[str, Any]:
    answer = api.post("/webhooks", json=WEBHOOK | values)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.get_json()["data"]
    return data


def test_address_and_secret_are_in_the_first_answer_alone(api: Api) -> None:
    made = api.post("/webhooks", json=WEBHOOK, headers={"Idempotency-Key": "a"})
    data = made.get_json()["data"]
    assert (data["url"], data["url_hint"]) == (URL, "192.0.43.10/…9876")
    assert data["secret"].startswith("whsec_")
    assert made.headers["Location"] == f"/api/v1/webhooks/{data['id']}"
    again = api.post("/webhooks", json=WEBHOOK, headers={"Idempotency-Key": "a"})
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.get_json()["data"]["url"], again.get_json()["data"]["secret"]) == (None, None)
    for answer in (api.get("/webhooks"), api.get(f"/webhooks/{data['id']}"), again):
        assert "SECRET" not in answer.text
        assert data["secret"] not in answer.text
    (listed,) = api.get("/webhooks").get_json()["data"]
    assert listed == {key: value for key, value in data.items() if key not in ("url", "secret")}
    assert listed["state"] == "active"
    assert "budget.warning" in listed["events"]


def test_a_filter_comes_back_as_it_was_sent(api: Api) -> None:
    sent = {
        "account": ["aws:111"], "service": ["Amazon EC2"], "tag": {"team": ["web"]},
        "severity": "high", "money": {"USD": "100.5"},
    }  # fmt: skip
    data = make(api, filter=sent, events=["anomaly.detected"])
    assert (data["filter"], data["events"]) == (sent, ["anomaly.detected"])
    answer = api("PATCH", f"/webhooks/{data['id']}", json={"filter": {}, "name": "New"})
    assert answer.get_json()["data"]["filter"] == {
        "account": [], "service": [], "tag": {}, "severity": None, "money": {},
    }  # fmt: skip
    assert answer.get_json()["data"]["events"] == ["anomaly.detected"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"url": "http://192.0.43.10/"}, "url"),
        ({"url": "https://localhost/"}, "url"),
        ({"url": "https://169.254.169.254/"}, "url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": 7}, "url"),
        ({"kind": "pager"}, "kind"),
        ({"secret": "whsec_" + b64encode(bytes(3)).decode()}, "secret"),
        ({"secret": b64encode(bytes(300)).decode()}, "secret"),
        ({"secret": "not base64!"}, "secret"),
        ({"events": ["everything"]}, "events"),
        ({"filter": {"severity": "most"}}, "filter.severity"),
        ({"state": "active"}, "state"),
    ],
)
def test_what_is_wrong_is_named(api: Api, body: dict[str, Any], word: str) -> None:
    answer = api.post("/webhooks", json=WEBHOOK | body)
    assert answer.status_code == 400
    assert word in answer.get_json()["error"]


def test_a_changed_secret_is_shown_once(api: Api) -> None:
    made = make(api)
    answer = api.post(f"/webhooks/{made['id']}/rotate", json={"overlap_hours": 1})
    assert answer.status_code == 200
    assert answer.get_json()["data"]["secret"] not in (None, made["secret"])
    assert (
        api.post(f"/webhooks/{made['id']}/rotate", json={"overlap_hours": 169}).status_code == 400
    )


def test_a_test_and_a_replay_are_accepted_and_logged(
    api: Api, session: Session, acme: Organization
) -> None:
    made = make(api)
    path = f"/webhooks/{made['id']}"
    answer = api.post(f"{path}/test")
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/v1{path}/deliveries")
    (listed,) = api.get(f"{path}/deliveries").get_json()["data"]
    assert listed == answer.get_json()["data"]
    assert (listed["event"], listed["state"], listed["attempts"]) == ("channel.test", "waiting", 0)
    again = api.post(f"{path}/deliveries/{listed['id']}/replay")
    assert (again.status_code, again.get_json()["data"]["id"]) == (202, listed["id"])
    off = api("PATCH", path, json={"state": "disabled"})
    assert off.get_json()["data"]["disabled_reason"].startswith("It was switched off by ")
    assert api.post(f"{path}/test").status_code == 409
    assert api.get(f"{path}/deliveries").get_json()["data"][0]["state"] == "failed"
    assert api("DELETE", path).get_json()["data"] == {"id": made["id"]}
    assert api.get(path).status_code == 404


def test_the_log_is_paged(api: Api) -> None:
    path = f"/webhooks/{make(api)['id']}"
    ids = [api.post(f"{path}/test").get_json()["data"]["id"] for _ in range(3)]
    first = api.get(f"{path}/deliveries?limit=2").get_json()
    cursor = first["meta"]["next_cursor"]
    second = api.get(f"{path}/deliveries?limit=2&cursor={cursor}").get_json()
    assert {row["id"] for row in first["data"] + second["data"]} == set(ids)
    assert second["meta"]["next_cursor"] is None
    assert api.get(f"{path}/deliveries?cursor=nonsense").status_code == 400


def test_s24_a_strangers_delivery_is_not_there(
    api: Api, session: Session, elsewhere: Organization
) -> None:
    theirs = _make_webhook(session, elsewhere)
    own = make(api)["id"]
    dispatch = dispatches.add(
        session, session.get_one(dispatches.Channel, theirs), "channel.test", "k", {}
    )
    assert dispatch is not None
    answers = [
        api.post(f"/webhooks/{webhook}/deliveries/{delivery}/replay")
        for webhook in (theirs, own, "none")
        for delivery in (dispatch.id, "none")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.data for answer in answers}) == 1
