"""Rows have one hash where they are one charge."""

from __future__ import annotations

import pyarrow as pa

from costoptix.bills.read.columns import coded, constant, encode
from costoptix.bills.read.identities import IDENTITY, identities


def test_rows_that_say_the_same_have_one_hash_and_others_have_not() -> None:
    columns = {name: constant(None, 3) for name in ("sub_account_id", *IDENTITY)}
    columns["resource_id"] = coded(encode(pa.array(["i-1", "i-2", "i-1"])))
    first, second, third = identities(columns, 3).tolist()
    assert first == third != second
