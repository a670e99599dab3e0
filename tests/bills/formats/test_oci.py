"""Oracle Cloud's cost report."""

from __future__ import annotations

from decimal import Decimal

import orjson
import pytest

from tests.bills.formats.reading import DATA, charges, sums, totals
from tests.support.bills import Stage

REPORT = DATA / "oci" / "cost_report.csv"


def test_what_is_charged_is_my_cost(stage: Stage) -> None:
    staged, _ = stage(REPORT)

    assert staged.format == "Oracle Cloud cost report"
    assert totals(staged) == {
        ("EUR", "Usage"): sums("0.00003825", "0.00003825", "0", "0.00003825"),
    }


def test_a_charge_belongs_to_the_month_of_its_interval(stage: Stage) -> None:
    staged, _ = stage(REPORT)

    rows = {scope.billing_period.text: scope.row_count for scope in staged.scopes}
    assert rows == {"2024-09": 2, "2024-10": 1}


def test_a_corrected_line_is_a_correction(stage: Stage) -> None:
    staged, folder = stage(REPORT)

    corrections = [c["billed_cost"] for c in charges(staged, folder) if "charge_class" in c]
    assert corrections == [Decimal("-0.1")]


def test_tags_and_unknown_columns_are_kept(stage: Stage) -> None:
    staged, folder = stage(REPORT)

    (charge,) = [c for c in charges(staged, folder) if c["service_name"] == "BLOCK_STORAGE"]
    assert charge["service_category"] == "Storage"
    assert orjson.loads(str(charge["tags"])) == {"Oracle-Tags.CreatedBy": "alice", "env": "prod"}
    others = orjson.loads(str(charge["other_columns"]))
    assert others["lineItem/referenceNo"] == "v2.1.2"
    assert others["product/compartmentName"] == "shop"


@pytest.mark.parametrize("start", ["294247-01-10T04:00Z", "infinity", "-290308-12-22", "soon"])
def test_a_time_beyond_all_calendars_rejects_its_row(start: str, stage: Stage) -> None:
    text = REPORT.read_text().replace("2024-10-01T00:00Z,2024-10-01T01:00Z", f"{start},")

    staged, _ = stage(text.encode())

    assert (staged.rows_kept, staged.rows_rejected) == (2, 1)
