"""``/costs/export`` at the door."""

from __future__ import annotations

import gzip

import pytest

from tests.api.conftest import Api
from tests.bills.bill import write
from tests.support.bills import TakeIn, operator, take_in

__all__ = ["operator", "take_in"]
RANGE = "start_date=2026-03-01&end_date=2026-03-31"


@pytest.fixture(autouse=True)
def _bill(take_in: TakeIn) -> None:
    take_in(write([{}, {"SubAccountId": "222"}]))


def test_an_export_is_an_attachment_with_its_number_of_charges(api: Api) -> None:
    answer = api.get(f"/costs/export?format=focus&file=csv.gz&{RANGE}")
    assert answer.status_code == 200
    assert answer.content_type == "application/gzip"
    assert answer.headers["X-Row-Count"] == "2"
    assert "focus_2026-03-01_2026-03-31.csv.gz" in answer.headers["Content-Disposition"]
    assert len(gzip.decompress(answer.data).splitlines()) == 3


def test_an_export_can_be_parquet(api: Api) -> None:
    answer = api.get(f"/costs/export?file=parquet&account=aws:222&{RANGE}")
    assert answer.content_type == "application/vnd.apache.parquet"
    assert answer.headers["X-Row-Count"] == "1"
    assert answer.data.startswith(b"PAR1")
    assert answer.data.endswith(b"PAR1")


def test_an_unchanged_export_is_not_sent_again(api: Api) -> None:
    path = f"/costs/export?{RANGE}"
    tag = api.get(path).headers["ETag"]
    assert api.get(path, headers={"If-None-Match": tag}).status_code == 304
    other = api.get(f"{path}&file=parquet", headers={"If-None-Match": tag})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("format=cur", "format"), ("file=zip", "file"), ("group_by=service_name", "group_by"),
        ("start_date=x", "start_date"), ("limit=5", "limit"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named(api: Api, query: str, named: str) -> None:
    answer = api.get(f"/costs/export?{query}")
    assert answer.status_code == 400
    assert named in answer.json["error"]
