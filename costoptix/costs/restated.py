"""By how much newer deliveries changed an answer: by the files of then, beside those of now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from costoptix.costs.answers import CostStore
from costoptix.costs.engine import FileGone
from costoptix.costs.parts import parts_of
from costoptix.costs.query import CostQuery
from costoptix.costs.rows import totals_over
from costoptix.lake.live import LiveDelivery, Replaced
from costoptix.money import EXACT, Amount
from costoptix.periods import DateRange

_NOTHING = Amount(0)


def restated(
    query: CostQuery, metric: str, replaced: Iterable[Replaced], store: CostStore
) -> dict[str, Amount]:
    """Return by currency what a metric is now less what it was in the deliveries of then.

    Nothing where nothing changed, or the files of then were removed meanwhile.
    """
    pieces = [(piece, days) for piece in replaced if (days := piece.days.clip(query.date_range))]
    try:
        now = _sums(query, metric, [(days, piece.later) for piece, days in pieces], store)
        then = _sums(query, metric, [(days, piece.earlier) for piece, days in pieces], store)
    except FileGone:
        return {}
    changes = {
        currency: EXACT.subtract(now.get(currency, _NOTHING), then.get(currency, _NOTHING))
        for currency in {**now, **then}
    }
    return {currency: change for currency, change in changes.items() if change}


def _sums(
    query: CostQuery,
    metric: str,
    pieces: Iterable[tuple[DateRange, tuple[LiveDelivery, ...]]],
    store: CostStore,
) -> dict[str, Amount]:
    """Add up a metric by currency, over days that each have deliveries of their own."""
    whole = replace(query, group_by=(), sides=None)
    parts = tuple(
        part
        for days, deliveries in pieces
        for part in parts_of(replace(whole, date_range=days), deliveries, store)
    )
    totals = totals_over(whole, parts, store)
    return {sums.currency: getattr(sums, metric) or _NOTHING for sums in totals}
