"""``/keys``: the life of a key, as a script sees it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from costoptix.models import AuditEntry
from tests.api.conftest import Api, MakeKey

BODY = {"name": "ci", "permission": "read"}


def _create(api: Api, **values: object) -> dict[str, object]:
    response = api.post("/keys", json=BODY | values)
    assert response.status_code == 201
    data: dict[str, object] = response.get_json()["data"]
    assert response.headers["Location"] == f"/api/v1/keys/{data['id']}"
    return data


def test_a_made_key_works_and_is_listed_without_its_text(
    api: Api, as_key: Callable[[str], Api]
) -> None:
    made = _create(api, expires_at="2030-01-31")
    text = str(made.pop("key"))
    assert as_key(text).get("/health").status_code == 200
    listed = api.get("/keys").get_json()["data"]
    assert listed[0]["id"] == made["id"]
    shown = api.get(f"/keys/{made['id']}").get_json()["data"]
    assert shown["calls_today"] == 1
    assert shown["last_used_at"] is not None
    assert shown["expires_at"] == "2030-01-31T23:59:59Z"
    assert text not in str(listed) + str(shown)


def test_a_revoked_key_stops_at_once_and_stays_listed(
    api: Api, as_key: Callable[[str], Api]
) -> None:
    made = _create(api)
    revoked = api.delete(f"/keys/{made['id']}")
    assert revoked.status_code == 200
    assert revoked.get_json()["data"]["state"] == "revoked"
    assert as_key(str(made["key"])).get("/health").status_code == 401
    assert api.get(f"/keys/{made['id']}").get_json()["data"]["state"] == "revoked"


def test_a_key_may_revoke_itself(make_key: MakeKey, as_key: Callable[[str], Api]) -> None:
    row, text = make_key()
    assert as_key(text).delete(f"/keys/{row.id}").status_code == 200
    assert as_key(text).get("/health").status_code == 401


def test_rotation_answers_like_a_new_key(api: Api, as_key: Callable[[str], Api]) -> None:
    old = _create(api)
    response = api.post(f"/keys/{old['id']}/rotate", json={"overlap_hours": 0})
    assert response.status_code == 201
    assert as_key(str(old["key"])).get("/health").status_code == 401
    assert as_key(response.get_json()["data"]["key"]).get("/health").status_code == 200
    assert api.post(f"/keys/{old['id']}/rotate").status_code == 409


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"permission": "root"}, "permission"),
        ({"permission": None}, "permission"),
        ({"expires_at": "2020-01-01"}, "expires_at"),
        ({"expires_at": "2027-02-30"}, "expires_at"),
        ({"expires_at": 17}, "expires_at"),
    ],
)
def test_a_wrong_field_is_named(api: Api, values: dict[str, object], named: str) -> None:
    response = api.post("/keys", json=BODY | values)
    assert response.status_code == 400
    assert named in response.get_json()["error"]


@pytest.mark.parametrize("hours", [-1, 169, "x", 1.5, None])
def test_an_overlap_has_its_bounds(api: Api, hours: object) -> None:
    made = _create(api)
    response = api.post(f"/keys/{made['id']}/rotate", json={"overlap_hours": hours})
    assert response.status_code == 400
    assert "overlap_hours" in response.get_json()["error"]


def test_lists_are_paged_to_their_end(api: Api) -> None:
    for number in range(4):
        _create(api, name=f"key {number}")
    names, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/keys?limit=2{cursor}").get_json()
        assert len(page["data"]) <= 2
        names += [key["name"] for key in page["data"]]
        following = page["meta"]["next_cursor"]
        cursor = None if following is None else f"&cursor={following}"
    assert names == ["key 3", "key 2", "key 1", "key 0", "ci"]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=1&limit=2"])
def test_a_wrong_limit_is_named(api: Api, query: str) -> None:
    response = api.get(f"/keys?{query}")
    assert response.status_code == 400
    assert "limit" in response.get_json()["error"]


def test_a_cursor_of_another_list_or_hand_is_refused(api: Api) -> None:
    _create(api)
    cursor = api.get("/usage?limit=1").get_json()["meta"]["next_cursor"]
    for wrong in (cursor, "x", "", cursor[:-1] + "!"):
        assert api.get(f"/keys?limit=1&cursor={wrong}").status_code == 400


def test_every_change_is_audited_with_its_maker(api: Api, session: Session) -> None:
    made = _create(api)
    api.delete(f"/keys/{made['id']}")
    entries = session.scalars(select(AuditEntry).where(AuditEntry.subject_id == made["id"])).all()
    assert [entry.action for entry in entries] == ["api_key.created", "api_key.revoked"]
    assert all(entry.actor.startswith("ci (cc_") and entry.address for entry in entries)
