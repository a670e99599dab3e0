"""From a file to sorted Parquet: what comes out is what went in, to the last digit."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from decimal import Decimal
from functools import partial
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costoptix.bills.read import container, load
from costoptix.bills.read.csv_pieces import TextPieces
from costoptix.bills.read.reconcile import is_balanced
from costoptix.bills.read.staged import Scope, Staged
from costoptix.errors import Invalid
from costoptix.lake.layout import DIMENSIONS, METRICS, ROLL_UPS, roll_up_sql
from tests.bills.bill import ORDINARY, write
from tests.support.bills import SAMPLE, Stage
from tests.support.staged import charges, rejected, stored

SAMPLE_TOTALS = {
    "billed_cost": Decimal("20.52022672899"),
    "effective_cost": Decimal("14.97651418586"),
    "list_cost": Decimal("20.39090575119"),
    "contracted_cost": Decimal("14.97626039326"),
}


def totals(staged: Staged) -> dict[str, Decimal]:
    return {
        metric: sum((line.sum_stored for line in staged.lines if line.metric == metric), Decimal(0))
        for metric in METRICS
    }


def test_the_focus_sample_is_stored_with_its_true_totals(stage: Stage) -> None:
    staged, folder = stage(SAMPLE)
    assert (staged.format, staged.rows_read, staged.rows_kept, staged.rows_rejected) == (
        "FOCUS 1.0", 1000, 1000, 0,
    )  # fmt: skip
    assert totals(staged) == SAMPLE_TOTALS
    assert all(is_balanced(line) for line in staged.lines)
    assert Counter(stored(staged, folder, "provider_name")) == {
        ("AWS",): 942, ("Microsoft",): 51, ("Oracle",): 7,
    }  # fmt: skip
    assert len({scope.billing_period for scope in staged.scopes}) == 2
    assert sum(scope.row_count for scope in staged.scopes) == 1000


def as_parquet(source: Path, target: Path) -> Path:
    columns = "* REPLACE (CAST(BilledCost AS DECIMAL(20, 15)) AS BilledCost)"
    sql = f"SELECT {columns} FROM read_csv('{source}', all_varchar = true, nullstr = 'NULL')"
    duckdb.sql(f"COPY ({sql}) TO '{target}' (FORMAT parquet)")
    return target


AMOUNT_TYPES = st.sampled_from(
    ["DECIMAL(4, 2)", "DECIMAL(18, 0)", "DECIMAL(38, 18)", "DECIMAL(38, 20)", "DECIMAL(38, 4)"]
)
AMOUNT = st.sampled_from(["0", "-0.01", "12.34", "NULL", "1e17", "-0.00000000000000000051", "1e25"])


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    types=st.tuples(*[AMOUNT_TYPES] * 4),
    rows=st.lists(st.tuples(*[AMOUNT] * 4), min_size=1, max_size=5),
)
def test_decimals_of_any_type_are_the_charges_that_their_texts_are(
    stage: Stage, tmp_path: Path, types: tuple[str, ...], rows: list[tuple[str, ...]]
) -> None:
    names = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
    ordinary = ", ".join(f"'{ORDINARY[name]}' AS {name}" for name in ORDINARY if name not in names)
    values = ", ".join(f"({', '.join(row)})" for row in rows)
    amounts = f"(VALUES {values}) AS t({', '.join(names)})"
    cast = {name: f"TRY_CAST({name} AS {type_})" for name, type_ in zip(names, types, strict=True)}
    casts = [f"{sql} AS {name}" for name, sql in cast.items()]
    texts = [f"{sql}::VARCHAR AS {name}" for name, sql in cast.items()]
    results = []
    for kind, selected in ("decimals", casts), ("texts", texts):
        path = tmp_path / f"{kind}.parquet"
        duckdb.sql(
            f"COPY (SELECT {ordinary}, {', '.join(selected)} FROM {amounts}) TO '{path}' "
            "(FORMAT parquet)"
        )
        staged, folder = stage(path)
        kept = stored(staged, folder, "*") if staged.rows_kept else []
        results.append((kept, rejected(folder), staged.lines))
    assert results[0] == results[1]


@pytest.mark.parametrize("container", ["gzip", "parquet", "crlf", "mark"])
def test_the_same_bill_in_any_wrapping_is_the_same_charges(
    stage: Stage, container: str, tmp_path: Path
) -> None:
    content = SAMPLE.read_bytes()
    sent = {
        "gzip": lambda: gzip.compress(content),
        "parquet": lambda: as_parquet(SAMPLE, tmp_path / "sample.parquet"),
        "crlf": lambda: content.replace(b"\n", b"\r\n"),
        "mark": lambda: b"\xef\xbb\xbf" + content,
    }[container]()
    staged, folder = stage(sent)
    expected, before = stage(SAMPLE)
    assert totals(staged) == SAMPLE_TOTALS
    columns = ", ".join(("charge_period_start", "tags", *DIMENSIONS, *METRICS))
    assert stored(staged, folder, columns) == stored(expected, before, columns)


def test_a_parquet_with_a_damaged_page_is_refused(stage: Stage, tmp_path: Path) -> None:
    content = as_parquet(SAMPLE, tmp_path / "sample.parquet").read_bytes()
    with pytest.raises(Invalid, match="damaged"):
        stage(content[:4] + b"\xff" * 20 + content[24:])  # the first page's header


def test_header_case_and_order_do_not_matter_and_other_columns_are_kept(stage: Stage) -> None:
    columns = ["x_Operation", *reversed(ORDINARY), "My Column"]
    row = {"x_Operation": "RunInstances", "My Column": 'say "hi"'}
    content = write([row, {}], columns)
    header, _, rest = content.partition(b"\n")
    staged, folder = stage(header.upper().replace(b"BILLEDCOST", b"billed_cost") + b"\n" + rest)
    others = [row[0] for row in stored(staged, folder, "other_columns")]
    assert [json.loads(text) if text else None for text in others] == [
        {"X_OPERATION": "RunInstances", "MY COLUMN": 'say "hi"'}, None,
    ]  # fmt: skip


def test_a_quote_that_never_closes_refuses_the_file(stage: Stage) -> None:
    columns = [name for name in ORDINARY if name != "Tags"]
    content = write([{}] * 50, columns).replace(b"i-1", b'"i-1', 1)
    with pytest.raises(Invalid, match="line 2"):
        stage(content)


def test_exact_duplicates_are_charges_of_their_own(stage: Stage) -> None:
    staged, _ = stage(write([{}] * 5))
    assert staged.rows_kept == 5
    assert totals(staged)["billed_cost"] == 5


def test_a_bill_without_rows_holds_nothing(stage: Stage) -> None:
    staged, _ = stage(write([]))
    assert (staged.rows_read, staged.scopes, staged.lines) == (0, (), ())


def test_pieces_of_one_scope_and_of_several_and_with_rejected_rows_follow_each_other(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "CHUNK_BYTES", 1000)
    monkeypatch.setattr(load, "TextPieces", partial(TextPieces, piece_bytes=1000))
    alone = [{"BilledCost": "1"}] * 20
    mixed = [{"BilledCost": "10"}, {"BilledCost": "100", "BillingAccountId": "other"}] * 10
    bad = [{"BilledCost": "x"}, {"BilledCost": "1000"}] * 10
    staged, folder = stage(write([*alone, *mixed, *alone, *bad, *mixed, *alone]))
    found = {scope.billing_account_id: scope.row_count for scope in staged.scopes}
    assert found == {"payer": 90, "other": 20}
    billed = {scope.billing_account_id: scope.sums[0].billed_cost for scope in staged.scopes}
    assert billed == {"payer": 60 + 200 + 10_000, "other": 2000}
    assert [each.line for each in rejected(folder)] == list(range(62, 82, 2))
    for scope in staged.scopes:
        files = [str(folder / file.name) for file in scope.files if file.kind == "charges"]
        rows = duckdb.sql(f"SELECT count(*) FROM read_parquet({files}) WHERE {_is_of(scope)}")
        assert rows.fetchall() == [(scope.row_count,)]


def _is_of(scope: Scope) -> str:
    return f"billing_account_id = '{scope.billing_account_id}' AND as_written IS NULL"


CENTS = st.decimals(-1000, 1000, places=4).map(str)
A_ROW = st.fixed_dictionaries(
    {
        "BilledCost": CENTS,
        "EffectiveCost": CENTS,
        "ListCost": st.one_of(st.just(""), CENTS),
        "BillingAccountId": st.sampled_from(["one", "two", ""]),
        "BillingCurrency": st.sampled_from(["USD", "EUR"]),
        "BillingPeriodStart": st.sampled_from(["2026-02-01", "2026-03-01"]),
        "ChargePeriodStart": st.sampled_from(["2026-01-31", "2026-02-14", "2026-03-02T05:00Z"]),
        "ServiceName": st.sampled_from(["EC2", "S3", ""]),
        "ChargeCategory": st.sampled_from(["Usage", "Tax", "Credit"]),
        "Tags": st.sampled_from(["", "{}", '{"team": "web", " org": null}']),
    }
)


@pytest.mark.usefixtures("always_rolled_up")
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(A_ROW, min_size=1, max_size=40))
def test_the_splits_add_up_to_the_file_and_every_roll_up_is_the_grouping_of_its_charges(
    stage: Stage, rows: list[dict[str, str]]
) -> None:
    staged, folder = stage(write(rows))
    assert sum(scope.row_count for scope in staged.scopes) == len(rows)
    for metric, column in zip(METRICS, ("BilledCost", "EffectiveCost", "ListCost"), strict=False):
        assert totals(staged)[metric] == sum(Decimal(row[column] or 0) for row in rows)
    for scope in staged.scopes:
        files = {file.kind: folder / file.name for file in scope.files}
        for roll_up in ROLL_UPS:
            expected = duckdb.sql(roll_up_sql(roll_up, f"'{files['charges']}'")).fetchall()
            found = duckdb.sql(f"SELECT * FROM '{files[roll_up.name]}'").fetchall()
            assert Counter(found) == Counter(expected)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(A_ROW, min_size=1, max_size=40), st.sampled_from(DIMENSIONS))
def test_any_grouping_adds_up_to_the_total(
    stage: Stage, rows: list[dict[str, str]], dimension: str
) -> None:
    staged, folder = stage(write(rows))
    sql = f"SELECT {dimension}, sum(billed_cost) FROM {charges(staged, folder)} GROUP BY 1"
    groups = duckdb.sql(sql).fetchall()
    assert sum(amount for _, amount in groups) == totals(staged)["billed_cost"]


@pytest.mark.parametrize("is_header_wide", [True, False])
def test_rows_of_another_header_are_refused_before_their_cells_fill_the_memory(
    stage: Stage, is_header_wide: bool
) -> None:
    names = [f"x_{number}" for number in range(21)]
    wide, narrow = [*ORDINARY, *names], list(ORDINARY)
    header, columns = (wide, narrow) if is_header_wide else (narrow, wide)
    cells = dict.fromkeys(names, "y")
    rows = write([cells] * 40, columns).partition(b"\n")[2]
    with pytest.raises(
        Invalid, match=f"the first rows have {len(columns)} to {len(columns)} cells"
    ):
        stage(",".join(header).encode() + b"\n" + rows)
    fewer = [name for name in header if name != "x_20"]
    rows = write([cells] * 40, [name for name in columns if name != "x_20"]).partition(b"\n")[2]
    staged, _ = stage(",".join(fewer).encode() + b"\n" + rows)
    assert (staged.rows_kept, staged.rows_rejected) == (0, 40)
