"""``/costs/export``: the stored charges as FOCUS 1.2, in the form that every tool reads."""

from __future__ import annotations

from typing import Literal

from flask import Response

from costoptix.access.permissions import Permission
from costoptix.api.costs import SELECTION, read
from costoptix.api.endpoint import Call, Parameter, operation
from costoptix.costs.export import FileKind, export
from costoptix.drafts import Draft

MEDIA_TYPES = {
    FileKind.CSV_GZ: "application/gzip",
    FileKind.PARQUET: "application/vnd.apache.parquet",
}


class ExportForm(Draft):
    """How the file is wanted."""

    format: Literal["focus"] = "focus"
    file: FileKind = FileKind.CSV_GZ
    tags: Literal["written", "cleaned"] = "written"


@operation(
    "GET",
    "/costs/export",
    permission=Permission.READ,
    summary="Export the stored charges as FOCUS 1.2",
    parameters=(
        *SELECTION,
        Parameter(
            "format",
            "The specification of the columns.",
            {"type": "string", "enum": ["focus"], "default": "focus"},
        ),
        Parameter(
            "file",
            "The kind of file, streamed as an attachment.",
            {"type": "string", "enum": [kind.value for kind in FileKind], "default": "csv.gz"},
        ),
        Parameter(
            "tags",
            "Tags as the bills write them, or as the rules of /tags/rules call them.",
            {"type": "string", "enum": ["written", "cleaned"], "default": "written"},
        ),
    ),
    media_types=tuple(MEDIA_TYPES.values()),
)
def export_costs(call: Call) -> Response:
    """Stream every charge of the days and filters; ``X-Row-Count`` says how many there are."""
    form, query = read(ExportForm, call.args)
    call.check_etag("export", query.fingerprint, form)
    made = export(
        call.session, call.organization, call.caller, query, form.file, call.store,
        is_cleaned=form.tags == "cleaned",
    )  # fmt: skip
    response = Response(made.chunks, content_type=MEDIA_TYPES[form.file])
    response.headers["Content-Disposition"] = f'attachment; filename="{made.file_name}"'
    response.headers["X-Row-Count"] = str(made.row_count)
    return response
