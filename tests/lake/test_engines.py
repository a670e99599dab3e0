"""Other engines read an export and the lake itself, and add up to what the API answers.

What they run is what docs/lake.md says. DuckDB is here anyhow; the others have a folder of their
own (``make prove`` installs them), whose Python ``COSTOPTIX_ENGINES`` names.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock
from costoptix.costs import report
from costoptix.costs.answers import CostStore
from costoptix.costs.query import CostQuery
from costoptix.models import Organization
from tests.bills.bill import bill
from tests.support.bills import DATA, SAMPLE, TakeIn
from tests.support.proving import count, tell
from tests.support.server import ROOT

PAGE = (ROOT / "docs" / "lake.md").read_text()
FILES = re.findall(r"```sql\n(SELECT delivery_files.*?)```", PAGE, re.DOTALL)
ENGINES = count(("duckdb",), ("duckdb", "chdb", "polars", "datafusion"))
PRINTED = "\nimport json; print(json.dumps([[str(cell) for cell in row] for row in rows]))"
PATIENCE = 120
REPLACE = {"decision": "replace"}

Totals = dict[str, tuple[Decimal, ...]]


def snippet(engine: str, what: str) -> str:
    """What the page says that an engine is to run."""
    (code,) = re.findall(rf"```python\n(# {engine} reads {what}\n.*?)```", PAGE, re.DOTALL)
    return code


def run(engine: str, code: str) -> Totals:
    """Run it in a process of its own, in the engines' Python where it is not DuckDB."""
    python = sys.executable if engine == "duckdb" else os.environ["COSTOPTIX_ENGINES"]
    done = subprocess.run(
        [python, "-c", code + PRINTED], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout.splitlines()[-1])
    return {currency: tuple(map(Decimal, amounts)) for currency, *amounts in rows}


def pounds(amount: str) -> bytes:
    return bill(amount, BillingCurrency="GBP", BillingAccountId="pounds")


@pytest.fixture
def answered(session: Session, acme: Organization, config: Config, take_in: TakeIn) -> Totals:
    """Bills of three providers, one replaced by another: what the API answers for all of them."""
    take_in(SAMPLE.read_bytes(), name="focus.csv")
    azure = (DATA / "azure" / "MCA_Combined_Made.csv").read_bytes()
    take_in(azure, name="azure.csv", currency="USD")
    for amount in ("3.5", "0.000000000000000001"):  # the second takes the place of the first
        assert take_in(pounds(amount), source_name="pounds", options=REPLACE).state == "live"
    days = {"start_date": "2022-01-01", "end_date": "2026-12-31"}
    query = CostQuery.from_params(days.items(), clock.utc_today())
    store = CostStore(config.lake_dir, config.temp_dir)
    totals = report.run(session, acme, query, store).totals
    return {total.currency: (total.billed_cost, total.effective_cost) for total in totals}


def test_each_engine_adds_up_to_the_answer_of_the_api(
    app: Flask, session: Session, acme: Organization, config: Config, answered: Totals,
    tmp_path: Path,
) -> None:  # fmt: skip
    folder = tmp_path / "tree"
    made = app.test_cli_runner().invoke(args=["lake", "export", acme.id, str(folder)])
    assert made.exit_code == 0, made.stderr
    (statement,) = FILES
    paths = session.scalars(text(statement.replace("ID'", f"{acme.id}'"))).all()
    files = [str(config.lake_dir / path) for path in paths]
    assert answered["GBP"][0] == Decimal("0.000000000000000001")
    for engine in ENGINES:
        export = snippet(engine, "an export").replace("FOLDER", str(folder))
        assert run(engine, export.replace("=ID/", f"={acme.id}/")) == answered, engine
        lake = f"FILES = {files!r}\n{snippet(engine, 'the lake')}"
        assert run(engine, lake) == answered, engine
        tell(f"lake: {engine} adds an export and {len(files)} files up to the API's totals")
