"""The reconciliation as pages show it: per metric, what was in the file beside what is stored."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from costoptix.lake.layout import METRICS
from costoptix.models import ReconciliationLine
from costoptix.money import FILE_SUMS
from costoptix.web.parts.routing import web


def by_metric(lines: Iterable[ReconciliationLine]) -> dict[str, list[ReconciliationLine]]:
    """Return the sums of an import by metric, in their order; a metric without sums is left out."""
    by_name: dict[str, list[ReconciliationLine]] = {metric: [] for metric in METRICS}
    for line in lines:
        by_name[line.metric].append(line)
    return {metric: sums for metric, sums in by_name.items() if sums}


@web.app_template_filter()
def difference(line: ReconciliationLine) -> Decimal:
    """Return what a sum of the file is off from stored + rejected + rounding: always 0."""
    there = FILE_SUMS.add(FILE_SUMS.add(line.sum_stored, line.sum_rejected), line.sum_rounding)
    return FILE_SUMS.subtract(line.sum_file, there)
