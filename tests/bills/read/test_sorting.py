"""The order that charges lie in, which decides how much a drill-down reads."""

from __future__ import annotations

import duckdb

from tests.support.bills import SAMPLE, Stage


def test_charges_lie_sorted_by_service_resource_and_time(stage: Stage) -> None:
    staged, folder = stage(SAMPLE)
    for scope in staged.scopes:
        file = next(file for file in scope.files if file.kind == "charges")
        keys = "service_name, coalesce(resource_id, '~~'), charge_period_start"
        rows = duckdb.sql(f"SELECT {keys} FROM '{folder / file.name}'").fetchall()
        assert rows == sorted(rows)
