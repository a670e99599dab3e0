"""R15: damaged bills: refused in words or read with each bad row named; never a crash."""

from __future__ import annotations

import gzip
import random
import tempfile
from pathlib import Path

import pytest

from costoptix.bills import rejections
from costoptix.bills.formats import Options
from costoptix.bills.load import load
from costoptix.errors import Invalid
from tests.bills.conftest import DATA

BILLS = (
    DATA / "focus" / "focus_1_0_sample.csv",
    DATA / "azure" / "EA_AmortizedCost_Small.csv",
    DATA / "aws-cur" / "sample-anonymous-aws-export-dataset.csv",
    DATA / "focus-golden" / "gcp_1_3_cost_and_usage_rows25_seed7.csv",
)
MUTANTS_PER_BILL = 40
"""In the suite; ``bench/damaged.py`` runs as many as one likes."""

SEEDS = ('"', ",", "\n", "\r", "\0", "NaN", "1e999", "é", "\ufeff", '""', "{", "'", ";", "-")


def mutate(text: bytes, chance: random.Random) -> bytes:
    """Damage a file in one of the ways that files are damaged."""
    place = chance.randrange(len(text))
    length = chance.choice((1, 1, 2, 10, 200))
    match chance.randrange(7):
        case 0:
            return text[:place]
        case 1:
            return text[:place] + text[place + length :]
        case 2:
            return text[:place] + chance.choice(SEEDS).encode() + text[place:]
        case 3:
            return text[:place] + chance.randbytes(length) + text[place + length :]
        case 4:
            other = chance.randrange(len(text))
            return text[:place] + text[other : other + 500] + text[place:]
        case 5:
            return text.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n\n")))
        case _:
            packed = gzip.compress(text)
            return packed[: chance.randrange(1, len(packed))]


def head(bill: Path, rows: int = 30) -> bytes:
    """Return the first rows of a bill: damage matters there as anywhere."""
    return b"".join(bill.read_bytes().splitlines(keepends=True)[: rows + 1])


@pytest.mark.parametrize("bill", BILLS, ids=lambda bill: bill.name)
def test_r15_a_damaged_bill_is_refused_in_words_or_each_bad_row_is_named(bill: Path) -> None:
    chance = random.Random(bill.name)
    whole = head(bill)
    for _ in range(MUTANTS_PER_BILL):
        check(mutate(whole, chance))


def check(content: bytes) -> None:
    """Read a damaged bill; whatever is wrong with it must come out as words."""
    with tempfile.TemporaryDirectory() as folder:
        sent, staging = Path(folder) / "sent", Path(folder) / "staging"
        sent.write_bytes(content)
        staging.mkdir()
        try:
            staged = load(sent, staging, Options(), lambda _progress: None)
        except Invalid:
            return  # refused in words
        named = list(rejections.read(staging / rejections.FILE_NAME))
        assert staged.rows_read == staged.rows_kept + staged.rows_rejected
        assert len({(each.line, each.value) for each in named}) >= (staged.rows_rejected > 0)
        assert all(each.line >= 2 and each.reason for each in named)
