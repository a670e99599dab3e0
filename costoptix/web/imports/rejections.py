"""The rejected rows of an import, as a file for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from flask import Response
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix.bills.ledger import listing
from costoptix.bills.read.staged import Rejection
from costoptix.extensions import db
from costoptix.web.parts.display import guarded
from costoptix.web.parts.routing import page
from costoptix.web.parts.session import config

COLUMNS = ("file", "line", "column", "value", "reason")
ROWS_PER_BLOCK = 500


@page("/imports/<import_id>/rejections.csv")
def rejections(import_id: str) -> ResponseReturnValue:
    """Answer every rejected row with its file (of several), line, value and reason."""
    row = listing.get(db.session(), current_user.organization, import_id)
    rows = listing.rejected(config().lake_dir, row)
    response = Response(_csv(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="rejections-{row.id}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _csv(rows: Iterable[Rejection]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for number, row in enumerate(rows, start=1):
        texts = (row.column, row.value or "", row.reason)
        writer.writerow([guarded(row.file or ""), row.line, *map(guarded, texts)])
        if number % ROWS_PER_BLOCK == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
