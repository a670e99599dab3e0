"""Rows have one hash where they are one charge, however their columns are held."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.bills.read import identities
from costoptix.bills.read.columns import Coded, Column, encode
from costoptix.lake.coverage import HASH_BITS, Hashes, Sketch

GUID = "0123ABCD-0000-4000-8000-00000000CAFE"
LONG = "x" * 1_100
MARCH = 1_772_409_600_000_000  # microseconds
TEXTS = st.none() | st.text(max_size=3) | st.sampled_from(["", "a", "aa", "a\0", "abcdefgh", LONG])
LONGER = TEXTS | st.text("ab\0é", max_size=40) | st.text("ab", min_size=1_020, max_size=1_030)
TIMES = st.none() | st.integers(0, MARCH)
TIME = pa.timestamp("us")
NAMES = (identities.ACCOUNT, *identities.IDENTITY)
Row = dict[str, object]


def rows_of(texts: st.SearchStrategy[str | None]) -> st.SearchStrategy[list[Row]]:
    """Rows that often differ in a column or two."""
    values = {name: TIMES if name.endswith(("_start", "_end")) else texts for name in NAMES}
    alike = st.fixed_dictionaries(values)
    changed = st.dictionaries(st.sampled_from(NAMES), st.none(), max_size=2).flatmap(
        lambda names: st.fixed_dictionaries({name: values[name] for name in names})
    )
    return st.tuples(alike, st.lists(changed, max_size=12)).map(
        lambda drawn: [drawn[0], *(drawn[0] | one for one in drawn[1])]
    )


def columns_of(rows: Sequence[Row], kinds: str = "") -> dict[str, Column]:
    """Return columns, coded where ``kinds`` has a c at their place."""
    columns: dict[str, Column] = {}
    for number, name in enumerate(NAMES):
        type_ = TIME if name.endswith(("_start", "_end")) else pa.string()
        column = pa.array([row[name] for row in rows], type=type_)
        columns[name] = encode(column) if kinds[number : number + 1] == "c" else column
    return columns


def hashes(rows: Sequence[Row], kinds: str = "", more: Column | None = None) -> Hashes:
    return identities.identities(columns_of(rows, kinds), len(rows), more=more)


@given(rows_of(LONGER), st.text("cp", min_size=len(NAMES), max_size=len(NAMES)))
def test_hashes_are_equal_where_identities_are(rows: list[Row], kinds: str) -> None:
    found = hashes(rows)
    assert np.array_equal(found, hashes(rows, kinds))
    assert int(found.max()) < 1 << HASH_BITS
    for (one, first), (other, second) in combinations(zip(rows, found.tolist(), strict=True), 2):
        assert (first == second) == (identity(one) == identity(other))


def identity(row: Row) -> Row:
    """What says which charge a row is: of one that names its SKU, not its description."""
    return row if row["sku_id"] is None else row | {"charge_description": None}


@pytest.mark.parametrize(("sku", "count"), [(None, 2), ("s", 1)])
def test_a_charge_of_a_sku_may_be_described_anew(sku: str | None, count: int) -> None:
    texts = ("On Demand Linux", "covered by a savings plan")
    rows = [EMPTY | {"sku_id": sku, "charge_description": text} for text in texts]
    assert len({*hashes(rows).tolist(), *hashes(rows, "c" * len(NAMES)).tolist()}) == count


@given(rows_of(TEXTS), st.data())
def test_a_hash_is_of_the_row_alone(rows: list[Row], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(rows)))
    kinds = data.draw(st.text("cp", min_size=len(NAMES), max_size=len(NAMES)))
    whole = hashes(rows)
    parts = [hashes(part, kinds) for part in (rows[:cut], rows[cut:])]
    assert np.array_equal(np.concatenate(parts), whole)
    assert Sketch.of(parts).hashes.tolist() == Sketch.of([whole]).hashes.tolist()
    sliced = {name: column[cut:] for name, column in columns_of(rows).items()}
    assert np.array_equal(identities.identities(sliced, len(rows) - cut), whole[cut:])


EMPTY: Row = dict.fromkeys(NAMES)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith(("_start", "_end"))])
def test_no_value_and_an_empty_one_are_two(name: str) -> None:
    for kinds in ("", "c" * len(NAMES)):
        none, empty = hashes([EMPTY, EMPTY | {name: ""}], kinds)
        assert none != empty


def test_a_value_in_another_column_is_another_identity() -> None:
    rows = [EMPTY | {name: "a"} for name in NAMES if not name.endswith(("_start", "_end"))]
    assert len(set(hashes(rows).tolist())) == len(rows)


def test_spellings_of_a_subscription_are_one_account() -> None:
    spellings = [f"/subscriptions/{GUID}", GUID, GUID.lower(), f"/Subscriptions/{GUID.lower()}/"]
    rows = [EMPTY | {identities.ACCOUNT: spelling} for spelling in spellings]
    assert len({*hashes(rows).tolist(), *hashes(rows, "c").tolist()}) == 1
    assert hashes([EMPTY | {identities.ACCOUNT: "GUID"}])[0] != hashes(rows)[0]


def test_what_a_growing_table_orders_its_rows_by_tells_them_from_others() -> None:
    rows = [EMPTY] * 4
    numbers = pa.array(["1", "2", "2", None])
    plain, coded = hashes(rows, more=numbers), hashes(rows, more=encode(numbers))
    assert np.array_equal(plain, coded)
    assert plain[0] != plain[1] == plain[2] != plain[3]
    assert plain[3] == hashes([EMPTY])[0]  # of a table that has no such column


def test_a_value_that_no_row_has_is_no_value() -> None:
    columns = columns_of([EMPTY] * 2)
    codes = np.array([1, -1], dtype=np.int32)
    columns["sku_id"] = Coded(codes, pa.array([None, "s"], pa.string()))
    found = identities.identities(columns, 2)
    assert np.array_equal(found, hashes([EMPTY | {"sku_id": "s"}, EMPTY]))


def test_a_column_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="1 values of 2 rows"):
        identities.identities(columns_of([EMPTY]), 2)


def test_numbered_texts_have_hashes_that_are_spread_evenly() -> None:
    rows = [EMPTY | {"resource_id": f"i-{number:017x}"} for number in range(20_000)]
    found = hashes(rows)
    assert len(np.unique(found)) == len(rows)
    counts = np.bincount((found >> np.uint64(HASH_BITS - 6)).astype(np.int64), minlength=64)
    expected = len(rows) / 64
    assert float(((counts - expected) ** 2 / expected).sum()) < 63 + 5 * (2 * 63) ** 0.5
    low = np.bincount((found & np.uint64(63)).astype(np.int64), minlength=64)
    assert float(((low - expected) ** 2 / expected).sum()) < 63 + 5 * (2 * 63) ** 0.5


def test_hashes_stay_as_they_are_in_stored_sketches() -> None:
    row = EMPTY | {
        "sub_account_id": "111", "charge_period_start": MARCH,
        "service_name": "Amazon Elastic Compute Cloud", "charge_description": LONG,
    }  # fmt: skip
    assert hashes([row, EMPTY]).tolist() == [162256318825495, 0]


def test_stored_charges_have_the_identities_with_which_they_were_read(tmp_path: Path) -> None:
    rows = [EMPTY | {"service_name": name, "charge_period_start": MARCH} for name in ("a", "b", "")]
    path = tmp_path / "charges.parquet"
    identities.parquet_files.write(path, columns_of(rows, "cpcccpcccc"), np.array([2, 0, 1]))
    (found,) = identities.of_files([path])
    assert np.array_equal(found, hashes(rows)[[2, 0, 1]])
