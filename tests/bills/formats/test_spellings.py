"""The same bill under every spelling of its header that has been seen."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.bills.formats.reading import DATA, charges, totals
from tests.support.bills import Stage

BILLS = {
    "focus": DATA / "focus-golden" / "aws_1_2_cost_and_usage_rows25_seed7_credits.csv",
    "aws": DATA / "aws-cur" / "commitments_legacy.csv",
    "aws 2.0": DATA / "aws-cur" / "commitments_2_0.csv",
    "azure": DATA / "azure" / "MCA_Combined_Made.csv",
    "gcp": DATA / "gcp" / "flattened.csv",
    "oci": DATA / "oci" / "cost_report.csv",
}


def _columns(
    change: Callable[[str], str], *, is_reversed: bool = False
) -> Callable[[bytes], bytes]:
    def rewrite(content: bytes) -> bytes:
        header, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        written = io.StringIO(newline="")
        step = -1 if is_reversed else 1
        csv.writer(written).writerows(
            line[::step] for line in ([change(name) for name in header], *rows)
        )
        return written.getvalue().encode()

    return rewrite


def _crlf(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _marked(content: bytes) -> bytes:
    return codecs.BOM_UTF8 + content.removeprefix(codecs.BOM_UTF8)


def _marked_twice(content: bytes) -> bytes:
    header, _, rows = content.removeprefix(codecs.BOM_UTF8).partition(b"\n")
    return codecs.BOM_UTF8 + header + b"\n" + codecs.BOM_UTF8 + rows


def _all(*changes: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def rewrite(content: bytes) -> bytes:
        for change in changes:
            content = change(content)
        return content

    return rewrite


SPELLINGS: dict[str, Callable[[bytes], bytes]] = {
    "lower case, another order, CRLF": _all(_columns(str.lower, is_reversed=True), _crlf),
    "upper case, blanks around, two marks": _all(
        _columns(lambda name: f" {name.upper()} "), _marked_twice
    ),
    "a mark, gzip": _all(_marked, gzip.compress),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("bill", BILLS)
def test_a_bill_is_the_same_under_every_spelling(bill: str, spelling: str, stage: Stage) -> None:
    plain, _ = stage(BILLS[bill])

    spelt, _ = stage(SPELLINGS[spelling](BILLS[bill].read_bytes()))

    assert spelt.family == plain.family
    assert totals(spelt) == totals(plain)
    assert spelt.scopes[0].billing_account_id == plain.scopes[0].billing_account_id


def test_a_localised_header_names_the_column_in_brackets(stage: Stage) -> None:
    localise = _columns(lambda name: f"Übersetzt ({name})")

    spelt, folder = stage(localise(BILLS["azure"].read_bytes()))

    plain, plain_folder = stage(BILLS["azure"])
    assert totals(spelt) == totals(plain)
    assert [c["resource_id"] for c in charges(spelt, folder) if "resource_id" in c] == [
        c["resource_id"] for c in charges(plain, plain_folder) if "resource_id" in c
    ]


@pytest.mark.parametrize("bill", BILLS)
def test_parquet_with_types_is_the_same_bill(bill: str, stage: Stage, tmp_path: Path) -> None:
    """Columns as the providers type them: strings, doubles and timestamps."""
    path = tmp_path / "bill.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT * FROM read_csv($1, all_varchar = $2)) TO '"
            + str(path)
            + "' (FORMAT parquet)",
            [str(BILLS[bill]), bill != "oci"],
        )

    typed, _ = stage(path)

    plain, _ = stage(BILLS[bill])
    assert typed.rows_rejected == 0
    assert totals(typed) == totals(plain)


def test_rows_that_are_the_same_are_all_charges(stage: Stage) -> None:
    """Line ids repeat in real exports, and whole rows do: nothing is dropped by content."""
    header, *rows = BILLS["oci"].read_bytes().splitlines(keepends=True)

    once, _ = stage(BILLS["oci"])
    twice, _ = stage(b"".join([header, *rows, *rows]))

    assert twice.rows_kept == 2 * once.rows_kept
