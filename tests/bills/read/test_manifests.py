"""What clouds say of their deliveries."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from costoptix.bills.read import manifests
from costoptix.bills.read.manifests import NamedFile
from costoptix.errors import Invalid

EXECUTION = "BILLING_PERIOD=2026-04/2026-04-16T15:24:15.653Z-04e9"
DATA_EXPORT = {
    "executionId": "04e9",
    "dataFiles": [f"s3://bucket/bills/cur2/data/{EXECUTION}/cur2-0000{n}.csv.gz" for n in (1, 2)],
}
LEGACY = {
    "assemblyId": "7f3c",
    "billingPeriod": {"start": "20260401T000000.000Z", "end": "20260501T000000.000Z"},
    "reportKeys": ["bills/cur/20260401-20260501/7f3c/cur-1.csv.gz"],
}
AZURE = {
    "dataRowCount": 12,
    "blobs": [
        {"blobName": "bills/20260401-20260430/run/part_0.csv", "byteCount": 5, "dataRowCount": 12}
    ],
    "runInfo": {"runId": "r", "submittedTime": "2026-04-17T03:04:05.1234567Z"},
}


def parse(document: object) -> manifests.Manifest:
    return manifests.parse(json.dumps(document).encode())


def test_data_exports_name_their_files_and_the_time_of_their_execution() -> None:
    said = parse(DATA_EXPORT)
    assert [file.key for file in said.files] == [
        f"bills/cur2/data/{EXECUTION}/cur2-0000{n}.csv.gz" for n in (1, 2)
    ]
    assert said.delivered_at == datetime(2026, 4, 16, 15, 24, 15, 653000, UTC)
    assert said.row_count is None


def test_the_legacy_report_names_its_keys() -> None:
    said = parse(LEGACY)
    assert said.files == (NamedFile("bills/cur/20260401-20260501/7f3c/cur-1.csv.gz"),)
    assert said.delivered_at is None


def test_azure_says_sizes_rows_and_when() -> None:
    said = parse(AZURE)
    assert said.files == (NamedFile("bills/20260401-20260430/run/part_0.csv", 5),)
    assert said.row_count == 12
    assert said.delivered_at is not None
    assert said.delivered_at.date().isoformat() == "2026-04-17"


@pytest.mark.parametrize("document", [{}, [], "x", {"blobs": []}, {"reportKeys": [1]}])
def test_what_names_no_files_is_no_manifest(document: object) -> None:
    with pytest.raises(Invalid):
        parse(document)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cur2-Manifest.json", True), ("manifest.json", True), ("_manifest.json", True),
        ("Manifest.json", True), ("manifest.csv", False), ("mymanifest.json", False),
    ],
)  # fmt: skip
def test_manifests_are_known_by_name(name: str, expected: bool) -> None:
    assert manifests.is_manifest(name) is expected


def test_a_copy_may_begin_anywhere_below_the_bucket() -> None:
    paths = {"run/part.csv", "deep/beside.csv"}
    assert located("a/run/part.csv", "deep/manifest.json", paths) == "run/part.csv"
    assert located("a/beside.csv", "deep/manifest.json", paths) == "deep/beside.csv"
    assert located("a/other.csv", "deep/manifest.json", paths) is None


def located(key: str, manifest: str, paths: set[str]) -> str | None:
    file = NamedFile(key)
    return manifests.locate([file], manifest, paths)[file]


@pytest.mark.parametrize("key", ["../part.csv", "a/../../part.csv", "/../part.csv", ""])
def test_s46_a_key_leads_nowhere_else(key: str) -> None:
    """A key with a way up has no ending at all: only what was listed can be named."""
    paths = {"../part.csv", "part.csv", "/part.csv"}
    assert located(key, "manifest.json", paths) is None


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("a/my%20bill%2Bv1.csv", "a/my bill+v1.csv"),
        ("a/my+bill%2Bv1.csv", "a/my bill+v1.csv"),
        ("a/my+bill.csv", "a/my+bill.csv"),
        ("a/M%C3%A4rz%3D1/b.csv", "März=1/b.csv"),
        ("a%2Fb.csv", "deep/b.csv"),
        ("a/50%.csv", "a/50%.csv"),
        ("a/..%2Fb.csv", None),
        ("%2e%2e/b.csv", None),
    ],
)
def test_keys_may_be_written_as_in_a_url(key: str, path: str | None) -> None:
    assert located(key, "deep/manifest.json", {path or "../b.csv"}) == path


@pytest.mark.parametrize(
    ("key", "paths", "path"),
    [
        ("a/b+c.csv", {"a/b+c.csv", "a/b c.csv"}, "a/b+c.csv"),
        ("a/b%2Bc.csv", {"a/b+c.csv", "a/b%2Bc.csv"}, "a/b%2Bc.csv"),
        ("a/b%2Bc.csv", {"a/b+c.csv", "b%2Bc.csv"}, "a/b+c.csv"),  # more of it is the same
    ],
)
def test_of_several_files_a_key_is_the_one_that_is_spelled_like_it(
    key: str, paths: set[str], path: str
) -> None:
    assert located(key, "manifest.json", paths) == path


@pytest.mark.parametrize(
    ("keys", "paths"),
    [
        (["a/b+c.csv", "a/b c.csv"], {"a/b c.csv"}),
        (["x/part.csv", "y/part.csv"], {"part.csv"}),
    ],
)
def test_two_names_are_never_one_file(keys: list[str], paths: set[str]) -> None:
    found = manifests.locate([NamedFile(key) for key in keys], "manifest.json", paths)
    assert list(found.values()).count(None) == 1


def test_the_time_of_an_execution_is_read_in_an_encoded_key_too() -> None:
    keys = [key.replace(":", "%3A").replace("s3%3A", "s3:") for key in DATA_EXPORT["dataFiles"]]
    made = parse({"dataFiles": keys}).delivered_at
    assert made == datetime(2026, 4, 16, 15, 24, 15, 653000, UTC)
