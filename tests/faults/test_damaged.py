"""R15: damaged bills are refused in words, or read with each bad row named; never a crash.

The mutants are read in processes of their own, as the worker does: what one of them takes in
memory is told, and one that ends its process is found by its number.
"""

from __future__ import annotations

import resource
import traceback
from collections import Counter
from decimal import Decimal
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import duckdb
import pytest

from costoptix.bills.formats import Options
from costoptix.bills.formats.azure import Dataset
from costoptix.bills.read import rejections
from costoptix.bills.read.load import load
from costoptix.bills.read.reconcile import is_balanced
from costoptix.bills.read.staged import Staged
from costoptix.errors import Invalid
from costoptix.lake.layout import CHARGES
from tests.faults import processes
from tests.faults.mutants import mutant
from tests.support.bills import DATA
from tests.support.proving import count, tell

BILLS = (
    DATA / "focus" / "focus_1_0_sample.csv",
    DATA / "focus-golden" / "aws_1_2_cost_and_usage_rows25_seed7.csv",
    DATA / "focus-golden" / "gcp_1_3_cost_and_usage_rows25_seed7.csv",
    DATA / "aws-cur" / "sample-anonymous-aws-export-dataset.csv",
    DATA / "aws-cur" / "commitments_2_0.csv",
    DATA / "azure" / "EA_AmortizedCost_Small.csv",
    DATA / "azure" / "EA_ActualCost_Small.csv",
    DATA / "azure" / "MCA_Combined_Made.csv",
    DATA / "gcp" / "flattened.csv",
    DATA / "gcp" / "nested_json.csv",
    DATA / "gcp" / "detailed.jsonl",
    DATA / "oci" / "cost_report.csv",
)
MOST_MEMORY_BYTES = 640 << 20
LONGEST_SENTENCE = 500

Answer = tuple[Counter[str], list[str], int]
"""How many ended in which way, what was wrong, and the most bytes of memory."""


@pytest.mark.parametrize("bill", BILLS, ids=lambda bill: bill.name)
def test_r15_a_damaged_bill_is_refused_in_words_or_each_bad_row_is_named(
    bill: Path, tmp_path: Path
) -> None:
    mutants = count(12, 800)
    answers: SimpleQueue[Answer] = processes.FORKS.SimpleQueue()
    process = processes.start(read_mutants, bill, mutants, tmp_path, answers)
    process.join(3600)
    last = (tmp_path / "number").read_text()
    assert process.exitcode == 0, f"mutant {last} of {bill.name} ended its process"
    outcomes, wrong, most_bytes = answers.get()
    assert not wrong, "\n".join(wrong)
    assert outcomes.total() == mutants
    assert most_bytes <= MOST_MEMORY_BYTES
    told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items()))
    tell(f"R15 {bill.name}: {mutants} mutants: {told}; peak {most_bytes >> 20} MB")


def read_mutants(
    bill: Path,
    mutants: int,
    folder: Path,
    answers: SimpleQueue[Answer],
) -> None:
    """Read many mutants; answer how they ended, what was wrong, and the memory of the process."""
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []
    for number in range(mutants):
        (folder / "number").write_text(str(number))
        try:
            outcomes[read(mutant(bill, BILLS, number), folder / f"{number}")] += 1
        except Exception as error:  # told with the number that makes it again
            outcomes["wrong"] += 1
            where = traceback.extract_tb(error.__traceback__)[-1]
            wrong.append(f"mutant {number}: {type(error).__name__}: {error} ({where})"[:1_000])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    answers.put((outcomes, wrong[:20], peak))


def read(content: bytes, folder: Path) -> str:
    """Read a damaged bill in ``folder``, which is made and emptied; say how that ended."""
    folder.mkdir()
    sent, staging = folder / "sent", folder / "staging"
    sent.write_bytes(content)
    staging.mkdir()
    try:
        staged = load(sent, staging, Options(currency="USD"), lambda _progress: None)
        check(staged, staging)
    except Invalid as error:
        refusal = error.sentence
    else:
        return "read, rows rejected" if staged.rows_rejected else "read whole"
    finally:
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        folder.rmdir()
    assert 10 < len(refusal) < LONGEST_SENTENCE, refusal
    assert refusal.endswith("."), refusal
    return "refused"


def check(staged: Staged, staging: Path) -> None:
    """Check that nothing is lost: what was read is stored or named, to the last digit."""
    named = list(rejections.read(staging / rejections.FILE_NAME))
    assert staged.rows_read == staged.rows_kept + staged.rows_rejected
    assert all(is_balanced(line) for line in staged.lines)
    assert all(each.line >= 1 and each.reason for each in named)
    rows = {(each.file, each.line) for each in named}
    assert len(rows) <= staged.rows_rejected
    assert bool(rows) == bool(staged.rows_rejected)
    paths = [
        str(staging / file.name)
        for scope in staged.scopes for file in scope.files
        if file.kind == CHARGES and scope.dataset != Dataset.PURCHASES  # it repeats the actual ones
    ]  # fmt: skip
    stored, billed = 0, Decimal(0)
    if paths:
        with duckdb.connect() as connection:
            sql = "SELECT count(*), sum(billed_cost) FROM read_parquet($1)"
            ((stored, billed),) = connection.execute(sql, [paths]).fetchall()
    assert stored == staged.charges
    told = sum(
        (line.sum_stored for line in staged.lines if line.metric == "billed_cost"), Decimal(0)
    )
    assert (billed or 0) == told
