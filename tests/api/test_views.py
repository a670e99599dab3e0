"""``/views``, and ``GET /costs?view=``."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from costoptix import clock
from costoptix.access.permissions import Caller
from costoptix.models import Organization, SavedView
from costoptix.views import service
from costoptix.views.drafts import ViewDraft
from tests.api.conftest import Api, MakeKey
from tests.api.test_contract import AsKey
from tests.support.lake import Charge, Lake, open_writer

QUESTION = "range=last_3_months&group_by=service_name&order_by=-billed_cost"


@pytest.fixture
def lake(app: Flask, session: Session, acme: Organization) -> Iterator[Lake]:
    clock.configure("2026-03-20T12:00:00Z")
    with open_writer() as writer:
        lake = Lake(session, app.extensions["cost_store"], writer, acme)
        lake.deliver(
            Charge(billed_cost=Decimal("20.52022672899")),
            Charge(service_name="S3", region_id="us-east-1", tags='{"team":"web"}'),
        )
        yield lake


def save(api: Api, **values: object) -> dict[str, object]:
    answer = api.post("/views", json={"name": "Services", "question": QUESTION} | values)
    assert answer.status_code == 201, answer.text
    data: dict[str, object] = answer.get_json()["data"]
    assert answer.headers["Location"] == f"/api/v1/views/{data['id']}"
    return data


def test_a_view_is_saved_shown_changed_and_deleted(api: Api) -> None:
    view = save(api, compare="previous", columns=["trend", "share"])
    assert view["shared"] is True
    assert (view["question"], view["compare"]) == (QUESTION, "previous")
    assert view["columns"] == ["share", "trend"]
    path = f"/views/{view['id']}"
    assert api.get(path).get_json()["data"] == view
    changed = api("PATCH", path, json={"question": {"group_by": ["region_id"]}, "version": 1})
    assert changed.get_json()["data"]["question"] == "range=this_month&group_by=region_id"
    assert changed.get_json()["data"]["name"] == "Services"
    again = api("PATCH", path, json={"name": "Mine", "version": 1})
    assert again.status_code == 409
    assert "since you opened it" in again.get_json()["error"]
    assert api.delete(path).get_json()["data"] == {"id": view["id"]}
    assert api.get(path).status_code == 404


def test_a_list_of_views_is_paged_by_name(api: Api, session: Session) -> None:
    for name in ("b", "a", "C"):
        save(api, name=name)
    names, cursor = [], ""
    for _ in range(3):
        page = api.get(f"/views?limit=1{cursor}").get_json()
        names += [view["name"] for view in page["data"]]
        cursor = f"&cursor={page['meta']['next_cursor']}"
    assert sorted(names) == ["C", "a", "b"]
    assert page["meta"]["next_cursor"] is None
    assert api.get("/views?cursor=x").status_code == 400


def test_an_idempotent_post_makes_one_view(api: Api, session: Session) -> None:
    body = {"name": "Once", "question": QUESTION}
    answers = [
        api.post("/views", json=body, headers={"Idempotency-Key": "k"}).data for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert session.query(SavedView).count() == 1
    assert api.post("/views", json=body).status_code == 409


def test_a_key_sees_what_is_shared(
    api: Api, session: Session, acme: Organization, admin: Caller, lake: Lake
) -> None:
    own = service.create(session, acme, admin, ViewDraft(name="Own", question=QUESTION))
    absent = "00000000-0000-4000-8000-000000000000"
    assert api.get("/views").get_json()["data"] == []
    for path in ("/views/{}", "/costs?view={}"):
        theirs, nothing = api.get(path.format(own.id)), api.get(path.format(absent))
        assert theirs.status_code == nothing.status_code == 404
        assert theirs.data == nothing.data
    assert "view" in api.get(f"/costs?view={absent}").get_json()["error"]
    assert api("PATCH", f"/views/{own.id}", json={"shared": True}).status_code == 404
    refused = api.post("/views", json={"name": "n", "question": QUESTION, "shared": False})
    assert refused.status_code == 400
    assert "shared" in refused.get_json()["error"]


def test_a_view_is_asked_as_its_parameters_are(api: Api, lake: Lake) -> None:
    view = save(api, compare="previous")
    by_view = api.get(f"/costs?view={view['id']}").get_json()
    by_hand = api.get(f"/costs?{QUESTION}&compare=previous").get_json()
    assert by_view["meta"].pop("view") == {"id": view["id"], "name": "Services"}
    assert by_view == by_hand
    assert by_view["data"]["rows"][0]["billed_cost"] == "20.52022672899"
    csv = api.get(f"/costs?view={view['id']}&format=csv")
    assert csv.data == api.get(f"/costs?{QUESTION}&compare=previous&format=csv").data


def test_what_is_given_beside_a_view_holds_instead(api: Api, lake: Lake) -> None:
    view = save(api, compare="previous")
    given = "group_by=region_id&start_date=2026-03-01&compare=none&limit=1"
    by_view = api.get(f"/costs?view={view['id']}&{given}").get_json()
    by_hand = api.get(f"/costs?{given}").get_json()
    by_view["meta"].pop("view")
    assert by_view["data"] == by_hand["data"]
    following = by_view["meta"]["next_cursor"]
    rest = api.get(f"/costs?view={view['id']}&{given}&cursor={following}").get_json()
    assert [row["region_id"] for row in rest["data"]["rows"]] == ["us-east-1"]


def test_a_view_that_cannot_be_asked_any_more_says_so(
    api: Api, lake: Lake, session: Session
) -> None:
    view = save(api)
    row = session.get_one(SavedView, view["id"])
    row.question = "range=last_month&group_by=colour"
    session.commit()
    answer = api.get(f"/costs?view={view['id']}")
    assert answer.status_code == 400
    assert "“Services” cannot be asked any more: group_by must be" in answer.get_json()["error"]
    assert api.get("/views").get_json()["data"][0]["question"] == row.question
    twice = api.get(f"/costs?view={view['id']}&view={view['id']}")
    assert twice.status_code == 400


def test_a_tag_that_no_charge_has_is_asked_all_the_same(api: Api, lake: Lake) -> None:
    view = save(api, question="range=last_3_months&group_by=tag:gone&tag:gone=")
    rows = api.get(f"/costs?view={view['id']}").get_json()["data"]["rows"]
    assert [row["tag:gone"] for row in rows] == [None]


def test_a_view_changed_between_two_calls_has_another_tag(api: Api, lake: Lake) -> None:
    view = save(api)
    path = f"/costs?view={view['id']}"
    tag = {"If-None-Match": api.get(path).headers["ETag"]}
    assert api.get(path, headers=tag).status_code == 304
    api("PATCH", f"/views/{view['id']}", json={"question": "range=last_month"})
    assert api.get(path, headers=tag).status_code == 200


def test_a_key_that_may_read_asks_views_and_changes_none(
    api: Api, as_key: AsKey, make_key: MakeKey, lake: Lake
) -> None:
    view = save(api)
    reader = as_key(make_key("read")[1])
    assert reader.get(f"/costs?view={view['id']}").status_code == 200
    assert reader("PATCH", f"/views/{view['id']}", json={"name": "x"}).status_code == 403
    assert reader.delete(f"/views/{view['id']}").status_code == 403
