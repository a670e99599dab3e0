"""A coverage file says what a delivery holds; its sketch, of which charges these are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costoptix.lake import coverage
from costoptix.lake.coverage import Coverage, Hashes, Sketch
from costoptix.lake.layout import ROLL_UPS, roll_up_sql
from tests.support.bills import SAMPLE, Stage

GUID = "0123ABCD-0000-4000-8000-00000000CAFE"
HASHES = st.lists(st.integers(0, 60) | st.integers(0, (1 << coverage.HASH_BITS) - 1), max_size=40)


def some(values: Sequence[int]) -> Hashes:
    return np.array(values, dtype=np.uint64)


def many(seed: int, size: int) -> Hashes:
    hashes = np.random.default_rng(seed).integers(0, 1 << coverage.HASH_BITS, size)
    return hashes.astype(np.uint64)


def same(one: Sketch, other: Sketch) -> bool:
    return one.reach == other.reach and np.array_equal(one.hashes, other.hashes)


@given(st.lists(HASHES, max_size=6), st.integers(1, 50))
def test_a_sketch_is_the_same_however_its_hashes_are_split(
    parts: list[list[int]], size: int
) -> None:
    hashes = [number for part in parts for number in part]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coverage, "SKETCH_SIZE", size)
        patch.setattr(Sketch.with_more, "__defaults__", (size,))
        whole = Sketch.of([some(hashes)])
        assert whole.hashes.tolist() == sorted(set(hashes))[:size]
        assert same(Sketch.of(map(some, parts)), whole)
        united = Sketch.of([])
        for part in parts:
            united = united.union(Sketch.of([some(part)]))
        assert same(united, whole)


def test_a_sketch_of_many_is_the_same_however_they_are_split() -> None:
    hashes = many(1, 50_000)
    whole = Sketch.of([hashes])
    assert len(whole.hashes) == coverage.SKETCH_SIZE
    assert same(Sketch.of([*np.split(hashes, 7 * [0] + [11, 30_000]), hashes]), whole)
    one, other = Sketch.of([hashes[:20_000]]), Sketch.of([hashes[19_000:]])
    assert same(one.union(other), whole)
    assert same(other.union(one), whole)


def test_a_sketch_of_fewer_hashes_joins_one_of_more_as_far_as_both_reach() -> None:
    hashes = many(2, 40_000)
    short = Sketch.of([hashes[:20_000]]).smallest(256)
    joined = short.union(Sketch.of([hashes[20_000:]]))
    expected = np.unique(hashes)
    assert joined.hashes.tolist() == expected[expected <= np.uint64(joined.reach)].tolist()
    assert joined.reach == short.reach


@pytest.mark.parametrize("share", [0.0, 0.03, 0.5, 0.97, 1.0])
def test_the_share_of_100_000_identities_is_estimated(share: float) -> None:
    mine, strange = many(3, 100_000), many(4, 300_000)
    kept = mine[: int(share * len(mine))]
    others = [Sketch.of([np.concatenate([part, more])]) for part, more in zip(
        np.array_split(kept, 2), np.array_split(strange, 2), strict=True
    )]  # fmt: skip
    estimate = Sketch.of([mine]).share_in(others)
    assert estimate is not None
    reach = min(sketch.reach for sketch in others)
    samples = len(mine) * reach / (1 << coverage.HASH_BITS)
    bound = 5 * (share * (1 - share) / samples) ** 0.5
    assert abs(estimate - share) <= bound


def test_a_small_delivery_is_compared_as_a_whole() -> None:
    mine = Sketch.of([some([1, 2, 3, 4])])
    assert mine.share_in([Sketch.of([some([2, 3])]), Sketch.of([some([3, 4, 9])])]) == 0.75
    assert mine.share_in([]) == 0
    assert mine.share_in([Sketch.of([])]) == 0


def test_what_cannot_be_compared_has_no_share() -> None:
    assert Sketch.of([]).share_in([Sketch.of([some([1])])]) is None
    crowd = Sketch.of([many(5, 200_000)])
    assert Sketch.of([many(6, 30)]).share_in([crowd]) is None  # the nearest of 30 are too few


@given(HASHES, st.integers(0, 40))
def test_a_sketch_is_read_as_it_was_written(hashes: list[int], size: int) -> None:
    sketch = Sketch.of([some(hashes)]).smallest(max(size, 1))
    written = coverage._written(sketch).encode()
    again = coverage._sketch(written)
    assert again is not None
    assert same(again, sketch)


def row(**values: object) -> dict[str, object]:
    amounts = dict.fromkeys(coverage.AMOUNTS, Decimal(0))
    return {
        "currency": "USD", "day": date(2026, 3, 1), "charge_category": "Usage",
        "account": "aws:1", "charge_count": 1,
    } | amounts | values  # fmt: skip


def table(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=coverage.SCHEMA)


def test_a_coverage_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = table(
        row(billed_positive=Decimal("99999999999999999999.999999999999999999")),
        row(billed_negative=Decimal("-0.000000000000000001"), charge_category=None),
    )
    sketch = Sketch.of([many(7, 10_000)])
    # As a lake has it: what folders are named is no column.
    path = tmp_path / "organization=1" / "billing_period=2026-03" / "coverage.parquet"
    path.parent.mkdir(parents=True)
    size = Coverage(rows, sketch).write(path)
    again = coverage.read(path)
    assert again.table.equals(rows)
    assert again.sketch is not None
    assert same(again.sketch, sketch)
    assert size == path.stat().st_size < 32_000
    assert duckdb.sql(f"SELECT sum(charge_count) FROM '{path}'").fetchall() == [(2,)]


def test_a_file_without_a_sketch_or_with_one_of_another_version_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "coverage.parquet"
    Coverage(table(), None).write(path)
    assert coverage.read(path) == Coverage(table(), None)
    Coverage(table(row()), Sketch.of([some([1])])).write(path)
    monkeypatch.setattr(coverage, "SKETCH_VERSION", coverage.SKETCH_VERSION + 1)
    assert coverage.read(path) == Coverage(table(row()), None)


def test_accounts_have_one_spelling() -> None:
    spellings = [f"/subscriptions/{GUID}", GUID, GUID.lower()]
    assert {coverage.account("Microsoft", text) for text in spellings} == {f"azure:{GUID.lower()}"}
    assert coverage.account("AWS", "0012") == "aws:0012"
    assert coverage.account(None, None) == ":"


def test_the_coverage_of_an_older_delivery_is_built_from_its_daily_roll_up(
    tmp_path: Path,
) -> None:
    charge = (
        "DATE '2026-03-{day}' AS charge_period_start, 'USD' AS billing_currency, '{provider}' AS "
        "provider_name, 'p' AS billing_account_id, '{account}' AS sub_account_id, NULL AS "
        "sub_account_name, '{service}' AS service_name, 'Compute' AS service_category, 'Usage' AS "
        "charge_category, {cost}::DECIMAL(38, 18) AS billed_cost, 0.5::DECIMAL(38, 18) AS "
        "effective_cost, NULL::DECIMAL(38, 18) AS list_cost, NULL::DECIMAL(38, 18) AS "
        "contracted_cost"
    )
    charges = [
        ("01", "Microsoft", GUID, "VM", "2"),
        ("01", "Microsoft", f"/subscriptions/{GUID}", "SQL", "-3"),
        ("01", "Microsoft", GUID, "Disk", "4"),
        ("02", "AWS", "1", "EC2", "7"),
        ("02", "AWS", "1", "EC2", "-8"),  # hides: the roll-up has their sum
    ]
    names = ("day", "provider", "account", "service", "cost")
    rows = " UNION ALL ".join(
        f"SELECT {charge.format_map(dict(zip(names, values, strict=True)))}" for values in charges
    )
    daily = next(roll_up for roll_up in ROLL_UPS if roll_up.name == "daily")
    path = tmp_path / "daily.parquet"
    duckdb.sql(f"COPY ({roll_up_sql(daily, f'({rows})')}) TO '{path}' (FORMAT parquet)")

    found = coverage.of_daily(path)
    assert found.sketch is None
    assert found.table.schema == coverage.SCHEMA
    amounts = {
        (line["day"].day, line["account"]): (
            line["charge_count"], line["billed_positive"], line["billed_negative"],
            line["effective_positive"], line["effective_negative"],
        )
        for line in found.table.to_pylist()
    }  # fmt: skip
    assert amounts == {
        (1, f"azure:{GUID.lower()}"): (3, 6, -3, 1.5, 0),
        (2, "aws:1"): (2, 0, -1, 1, 0),
    }


@pytest.mark.usefixtures("always_rolled_up")
def test_a_daily_roll_up_of_a_real_bill_covers_its_sums(stage: Stage) -> None:
    staged, folder = stage(SAMPLE)
    for scope in staged.scopes:
        files = {file.kind: folder / file.name for file in scope.files}
        found = coverage.of_daily(files["daily"]).table
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for line in found.to_pylist():
            sums["billed_cost"] += line["billed_positive"] + line["billed_negative"]
            sums["effective_cost"] += line["effective_positive"] + line["effective_negative"]
            sums["rows"] += line["charge_count"]
        assert sums["rows"] == scope.row_count
        for metric in coverage.SIGNED:
            assert sums[metric] == sum(getattr(category, metric) for category in scope.sums)
        assert found.num_rows == len(
            {tuple(line[name] for name in coverage.KEYS) for line in found.to_pylist()}
        )
