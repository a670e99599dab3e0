"""Text is UTF-8, marked, or what the sender says; else it is refused as a whole, with its name."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.bills.read.encodings import as_utf8, likely_encoding, name_of
from costoptix.errors import Invalid
from tests.bills.bill import bill, write
from tests.support.bills import Stage

MANY = [{"SubAccountName": "ordinary"}] * 60


def named_bill(name: str) -> str:
    """A bill of many rows, of which one names its sub-account so."""
    columns = (*write([{}]).split(b"\n")[0].decode().split(","), "SubAccountName")
    return write([*MANY, {"SubAccountName": name}], columns).decode()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_text_with_a_mark_is_read(stage: Stage, encoding: str) -> None:
    staged, _ = stage(named_bill("Büro, 北京").encode(encoding))
    assert (staged.rows_kept, staged.rows_rejected) == (61, 0)


def test_utf_16_of_the_other_order_within_gzip_is_read(stage: Stage) -> None:
    marked = "\ufeff" + named_bill("Büro")
    staged, _ = stage(gzip.compress(marked.encode("utf-16-be")))
    assert (staged.rows_kept, staged.rows_rejected) == (61, 0)


WORDS = [
    ("cp1252", "Büro München"),
    ("utf-16-le", "Büro"),
    ("utf-16-be", "Büro"),
    ("utf-32-le", "Büro"),
    ("cp932", "東京の開発チーム"),
    ("euc_jp", "東京の開発チーム"),
    ("cp1251", "Отдел продаж"),
    ("cp949", "개발팀 서울"),
    ("gb18030", "北京研发部"),
    ("big5", "臺北研發部 資料庫管理 生產環境"),
]


@pytest.mark.parametrize(("encoding", "word"), WORDS)
def test_other_text_is_refused_whole_with_its_likely_name_and_read_when_it_is_named(
    stage: Stage, encoding: str, word: str
) -> None:
    content = named_bill(word).encode(encoding)
    with pytest.raises(Invalid, match=f"looks like {encoding}.*--encoding {encoding}"):
        stage(content)
    staged, _ = stage(content, encoding=encoding)
    assert (staged.rows_kept, staged.rows_rejected) == (61, 0)


def test_a_wrong_name_is_refused(stage: Stage) -> None:
    with pytest.raises(Invalid, match="The file is not shift_jis"):
        stage(named_bill("Bürö").encode("cp1252"), encoding="shift_jis")


def test_a_mark_says_more_than_a_person(stage: Stage) -> None:
    staged, _ = stage(b"\xef\xbb\xbf" + bill("1"), encoding="cp1252")
    assert staged.rows_kept == 1


def test_utf_8_that_is_damaged_is_said_to_be(stage: Stage) -> None:
    content = named_bill("Büro im Süden: für Übungen").encode().replace(b"im", b"i\xff")
    with pytest.raises(Invalid, match="Most of the file is UTF-8"):
        stage(content)
    staged, _ = stage(content, encoding="utf-8")
    assert (staged.rows_kept, staged.rows_rejected) == (60, 1)


def test_what_begins_a_character_and_ends_is_not_utf_8() -> None:
    with pytest.raises(Invalid, match="not UTF-8"):
        list(as_utf8(iter([b"a,b\n1,\xe2\x82"]), None, 100))


@given(st.text(), st.lists(st.integers(1, 5)))
def test_utf_8_passes_unchanged_wherever_it_is_cut(text: str, cuts: list[int]) -> None:
    content = text.encode()
    chunks, start = [], 0
    for size in cuts:
        chunks.append(content[start : start + size])
        start += size
    chunks = [chunk for chunk in (*chunks, content[start:]) if chunk]
    if b"\0" not in content:
        assert b"".join(as_utf8(iter(chunks), None, 3)) == content


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_refused(content: bytes) -> None:
    likely_encoding(content)
    chunks = iter([content] if content else [])
    try:
        text = b"".join(as_utf8(chunks, None, 1 << 20))
    except Invalid:
        return
    text.decode()


@pytest.mark.parametrize("name", ["latin-1", "Windows-1252", "UTF-16LE", "sjis", "iso-8859-15"])
def test_an_encoding_has_many_names(name: str) -> None:
    assert name_of(name)


@pytest.mark.parametrize("name", ["", "idna", "rot13", "hex", "utf-7", "\0", "x" * 1_000])
def test_what_is_no_encoding_of_bills_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="is not one that is read"):
        name_of(name)
