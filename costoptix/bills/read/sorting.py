"""A piece's charges in the order in which they are stored, by scope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from costoptix.bills.read.cast_charges import Charges
from costoptix.bills.read.columns import Coded, Column, Rows, coded, distinct, order
from costoptix.lake.providers import canonical_billing_account
from costoptix.periods import BillingPeriod

ScopeKey = tuple[str, BillingPeriod]
"""Billing account id ("" for none) and billing period."""

SORTED_BY = ("service_name", "resource_id", "charge_period_start")
"""Within a scope: what belongs to one service is together."""


@dataclass(frozen=True)
class SortedScope:
    """The charges of one scope, sorted."""

    key: ScopeKey
    rows: Rows
    first_day: date
    last_day: date


def sorted_scopes(charges: Charges) -> Iterator[SortedScope]:
    """Sort charges by billing account, billing period, service, resource and time; yield scopes."""
    account = _one_spelling(coded(charges.columns["billing_account_id"]))
    period = charges.periods
    rows = order([account, period, *(charges.columns[name] for name in SORTED_BY)], charges.rows)
    scopes = distinct([account, period], charges.rows).codes.take(rows)
    starts = np.flatnonzero(np.diff(scopes, prepend=-1))
    times = _microseconds(charges.columns["charge_period_start"]).take(rows)
    first_times, last_times = np.minimum.reduceat(times, starts), np.maximum.reduceat(times, starts)
    for number, scope_rows in enumerate(np.split(rows, starts[1:])):
        yield SortedScope(
            (
                _value(account, scope_rows[0]) or "",
                BillingPeriod.parse(_value(period, scope_rows[0])),
            ),
            scope_rows,
            _day(first_times[number]),
            _day(last_times[number]),
        )


def _one_spelling(account: Coded) -> Coded:
    """Return billing accounts in the spelling by which deliveries replace each other."""
    spelled = [
        None if one is None else canonical_billing_account(one)
        for one in account.values.to_pylist()
    ]
    return account.through(pa.array(spelled, type=pa.string()))


def _microseconds(times: Column) -> npt.NDArray[np.int64]:
    if isinstance(times, Coded):
        return np.asarray(times.values.cast(pa.int64()).fill_null(0)).take(times.codes)
    return np.asarray(times.cast(pa.int64()))


def _day(microseconds: np.int64) -> date:
    return datetime.fromtimestamp(int(microseconds) // 1_000_000, tz=UTC).date()


def _value(column: Coded, row: np.int64) -> Any:
    code = column.codes[row]
    return None if code < 0 else column.values[int(code)].as_py()
