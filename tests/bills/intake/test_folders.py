"""Files and folders that a command names: what of them is a delivery."""

from __future__ import annotations

from pathlib import Path

import pytest

from costoptix.bills.intake import folders
from costoptix.errors import Invalid
from tests.bills.bill import put


def test_a_folder_without_a_manifest_is_one_delivery_by_command(tmp_path: Path) -> None:
    put(tmp_path / "bills" / "a.csv", b"1")
    put(tmp_path / "bills" / "more" / "b.csv", b"2")
    (drop,) = folders.deliveries_of([tmp_path / "bills"])
    assert (drop.path, [file.name for file in drop.files]) == ("bills", ["a.csv", "b.csv"])


def test_an_empty_folder_or_a_manifest_without_files_is_refused_by_command(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="empty"):
        folders.deliveries_of([tmp_path])
    put(tmp_path / "manifest.json", b'{"blobs": [{"blobName": "a.csv"}]}')
    with pytest.raises(Invalid, match="missing"):
        folders.deliveries_of([tmp_path])


def test_a_drop_opens_one_file_at_a_time(tmp_path: Path) -> None:
    given = (put(tmp_path / "a", b"12"), put(tmp_path / "b", b"3"))
    drop = folders.FolderDelivery("x", tuple(map(folders.GivenFile, given)))
    with drop.opened() as files:
        assert [sent.stream.read(9) + sent.stream.read(9) for sent in files] == [b"12", b"3"]
