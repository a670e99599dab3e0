"""What the explorer opens on: six full months by service."""

from __future__ import annotations

from datetime import date, timedelta

from flask import request
from flask_login import current_user

from costoptix.clock import utc_today
from costoptix.extensions import db
from costoptix.lake.live import read_live
from costoptix.periods import Preset, add_months, month_end, month_start, resolve_preset
from costoptix.web.costs.questions import Pairs, given_pairs

MONTHS = 6


def asked_pairs() -> Pairs:
    """Return the request's parameters; where there are none, those that the explorer opens on."""
    if request.args:
        return given_pairs()
    deliveries = read_live(db.session(), current_user.organization).deliveries
    first = min((delivery.first_day for delivery in deliveries), default=None)
    last = max((delivery.last_day for delivery in deliveries), default=None)
    by_service = [("granularity", "monthly"), ("group_by", "service_name")]
    return [*_range(first, last, utc_today()), *by_service]


def _range(first: date | None, last: date | None, today: date) -> Pairs:
    """Say the last six full months; where no bill is of them, the months that bills are of."""
    full = resolve_preset(Preset.LAST_6_FULL_MONTHS, today)
    if first is None or last is None or (first <= full.last and last >= full.first):
        return [("range", Preset.LAST_6_FULL_MONTHS.value)]
    if last > full.last:
        return [("range", Preset.LAST_6_MONTHS.value)]
    until = month_end(last)
    since = add_months(month_start(until + timedelta(days=1)), -MONTHS)
    return [("start_date", since.isoformat()), ("end_date", until.isoformat())]
