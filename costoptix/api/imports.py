"""``/imports``: billing files on their way in, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from costoptix import money
from costoptix.access.permissions import Permission
from costoptix.api.answers import Answer
from costoptix.api.endpoint import PREFIX, Call, Parameter, operation
from costoptix.api.paging import DATA_CHANGED, PageQuery, sign, unsign
from costoptix.bills.intake import receive
from costoptix.bills.ledger import listing, questions, undo
from costoptix.bills.ledger.questions import Decision, Kind, Question
from costoptix.clock import parse_instant
from costoptix.drafts import Draft
from costoptix.errors import Conflict, Invalid
from costoptix.models import Import, ReconciliationLine

MEDIA_TYPES = (
    "text/csv",
    "application/gzip",
    "application/zip",
    "application/vnd.apache.parquet",
    "application/x-ndjson",
    "application/json",
    "application/octet-stream",
)
_FIELDS = ("source", "currency", "encoding", "dry_run")


@dataclass(frozen=True)
class ProgressData:
    """How far the reading is: bytes of the file as it was sent, and rows."""

    bytes_done: int
    bytes_total: int
    rows_read: int


@dataclass(frozen=True)
class Rows:
    """Every row of the file is kept or rejected; one that is kept may become several charges."""

    read: int
    kept: int
    rejected: int
    charges: int


@dataclass(frozen=True)
class ImportedPeriod:
    """What a file brought for one billing account and period."""

    billing_period: str  # YYYY-MM, or YYYY-MM-DD/YYYY-MM-DD where it is no calendar month
    billing_account_id: str
    rows: int  # charges: a row of the file may become several
    state: str
    dataset: str | None  # "actual" or "amortized", where a month comes as two exports (Azure)
    incomplete: str | None  # which cost lacks what while the other export is not here


@dataclass(frozen=True)
class Reconciled:
    """One sum: file = stored + rejected + rounding, to the last digit.

    Rows are charges here. What no row has is null, not 0.
    """

    billing_period: str | None
    currency: str | None
    charge_category: str | None
    metric: str
    rows_read: int
    rows_kept: int
    rows_rejected: int
    rows_rounded: int
    rows_unread: int  # of the rejected ones: how much they cost could not be read
    sum_file: str | None
    sum_stored: str | None
    sum_rejected: str
    sum_rounding: str


@dataclass(frozen=True)
class AskedEffect:
    """What is live for one month, and what the waiting file has for it; billed cost."""

    billing_account_id: str
    billing_period: str
    currency: str
    live: str
    delivered: str
    days: tuple[str, ...]  # that would go: YYYY-MM-DD, or from/to
    sub_accounts: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class AskedQuestion:
    """Why an import waits for a person."""

    kind: Kind
    sentence: str
    answers: list[Decision]  # the likely one first
    effects: list[AskedEffect]


@dataclass(frozen=True)
class CheckedOutlook:
    """What would become of a file, by a dry run."""

    state: str
    question: AskedQuestion | None


@dataclass(frozen=True)
class RepeatedImport:
    """The import that a duplicate repeats, as it is now."""

    id: str
    file_name: str
    state: str


@dataclass(frozen=True)
class ImportSummary:
    """An import as lists show it."""

    id: str
    state: str
    progress: ProgressData
    file_name: str
    format: str | None
    source: str | None
    rows: Rows
    message: str | None
    error: str | None
    repeats: RepeatedImport | None  # of a duplicate: the import that had brought the same bytes
    created_by: str
    created_at: datetime
    live_at: datetime | None


@dataclass(frozen=True)
class ImportDetails(ImportSummary):
    """An import with the periods it brought and its reconciliation."""

    periods: list[ImportedPeriod]
    reconciliation: list[Reconciled]
    question: AskedQuestion | None
    notes: list[str]  # what was read and is worth a look: "Tags of 12 rows could not be read: …"
    would: CheckedOutlook | None  # of a dry run


@dataclass(frozen=True)
class RejectedRow:
    """A row that is in no total, and why."""

    file: str | None  # of several
    line: int
    column: str
    value: str | None
    reason: str


@operation(
    "POST", "/imports", permission=Permission.WRITE, upload=MEDIA_TYPES, data=ImportDetails,
    status=202, summary="Send a billing file: the form field file, or the whole body",
    parameters=(
        Parameter("source", "The source that the file belongs to; else proposed from its format."),
        Parameter("currency", "ISO 4217 code, for files that do not name their currency."),
        Parameter("encoding", "How text that is not UTF-8 is written, like cp1252 or utf-16-le."),
        Parameter("dry_run", "true: say what would become of the file, and make nothing live."),
    ),
)  # fmt: skip
def send_bill(call: Call) -> Answer:
    """Take it in; the worker reads it."""
    fields = _fields_of(call)
    ((row, _job),) = receive.receive(
        call.session,
        call.organization,
        call.caller,
        [receive.Sent(call.upload, call.upload.file_name)],
        uploads_dir=call.config.uploads_dir,
        max_bytes=call.config.max_upload_bytes,
        source_name=fields.get("source"),
        currency=fields.get("currency"),
        encoding=fields.get("encoding"),
        options=_options(fields),
    )
    location = f"{PREFIX}/imports/{row.id}"
    return Answer(_details(call, row), status=202, headers={"Location": location})


@operation(
    "GET", "/imports", permission=Permission.READ, query=PageQuery, data=list[ImportSummary],
    summary="List the imports, newest first",
)  # fmt: skip
def list_imports(call: Call, query: PageQuery) -> Answer:
    """List them."""
    purpose, after = f"imports:{call.organization.id}", None
    if query.cursor is not None:
        created_at, import_id = unsign(purpose, query.cursor)
        after = listing.Position(parse_instant(created_at), import_id)
    rows = listing.list_imports(call.session, call.organization, limit=query.limit + 1, after=after)
    cursor = None
    if len(rows) > query.limit:
        last = rows[query.limit - 1]
        cursor = sign(purpose, (last.created_at.isoformat(), last.id))
    return Answer([_summary(row) for row in rows[: query.limit]], meta={"next_cursor": cursor})


@operation(
    "GET", "/imports/<import_id>", permission=Permission.READ, data=ImportDetails,
    summary="Show an import: progress, periods, rows and the reconciliation",
)  # fmt: skip
def get_import(call: Call, import_id: str) -> ImportDetails:
    """Show it."""
    return _details(call, listing.get(call.session, call.organization, import_id))


@operation(
    "GET", "/imports/<import_id>/rejections", permission=Permission.READ, query=PageQuery,
    data=list[RejectedRow], summary="List the rows that were left out, each with its reason",
)  # fmt: skip
def list_rejections(call: Call, import_id: str, query: PageQuery) -> Answer:
    """List them in the order of the file."""
    row = listing.get(call.session, call.organization, import_id)
    purpose = f"rejections:{row.id}"
    start = 0 if query.cursor is None else int(unsign(purpose, query.cursor))
    part = listing.rejected_part(call.config.lake_dir, row, start, query.limit)
    if part is None:
        raise Conflict(DATA_CHANGED)
    data = [RejectedRow(**rejection.model_dump()) for rejection in part.rows]
    cursor = None if part.next_byte is None else sign(purpose, part.next_byte)
    return Answer(data, meta={"next_cursor": cursor})


@operation(
    "DELETE", "/imports/<import_id>", permission=Permission.WRITE, data=ImportDetails,
    summary="Withdraw an import: what was live before it is live again",
)  # fmt: skip
def withdraw_import(call: Call, import_id: str) -> ImportDetails:
    """Undo it."""
    row = listing.get(call.session, call.organization, import_id)
    undo.withdraw(call.session, call.organization, call.caller, row)
    return _details(call, listing.get(call.session, call.organization, import_id))


@operation(
    "POST", "/imports/<import_id>/make-current", permission=Permission.WRITE, data=ImportDetails,
    summary="Make an import current that a newer delivery replaced",
)  # fmt: skip
def make_import_current(call: Call, import_id: str) -> ImportDetails:
    """Do it in one instant."""
    row = listing.get(call.session, call.organization, import_id)
    undo.make_current(call.session, call.organization, call.caller, row)
    return _details(call, listing.get(call.session, call.organization, import_id))


class DecisionDraft(Draft):
    """What a person decides about a waiting import."""

    decision: Decision = Field(
        description="One of the answers of the question: replace what is live, add beside it, "
        "import_anyway without the rows that cannot be read, which export the file is (actual or "
        "amortized), or discard the file"
    )
    remember: bool = Field(
        False, description="Answer the same question so for this source from now on"
    )


@operation(
    "POST", "/imports/<import_id>/decide", permission=Permission.WRITE, body=DecisionDraft,
    data=ImportDetails, status=202,
    summary="Decide about an import that waits: charges would vanish or be doubled, rows cannot "
    "be read, or its content does not show which export it is",
)  # fmt: skip
def decide_import(call: Call, import_id: str, body: DecisionDraft) -> Answer:
    """Take the decision; the import goes on in the background."""
    row = listing.get(call.session, call.organization, import_id)
    questions.decide(call.session, call.caller, row, body.decision, remember=body.remember)
    location = f"{PREFIX}/imports/{row.id}"
    return Answer(_details(call, row), status=202, headers={"Location": location})


def _fields_of(call: Call) -> dict[str, str]:
    """Read what the sender says about the file, in the query string or in the form."""
    fields: dict[str, str] = {}
    for name, value in (*call.args, *call.upload.fields):
        if name not in _FIELDS:
            raise Invalid(f"Unknown field {name[:100]!a}; allowed: file, {', '.join(_FIELDS)}.")
        if name in fields:
            raise Invalid(f"The parameter {name} may be given once.")
        fields[name] = value
    return fields


def _options(fields: dict[str, str]) -> dict[str, object]:
    match fields.get("dry_run", "false"):
        case "true":
            return {"dry_run": True}
        case "false":
            return {}
    raise Invalid("The parameter dry_run is true or false.")


def _summary(row: Import) -> ImportSummary:
    return ImportSummary(
        id=row.id,
        state=row.state,
        progress=ProgressData(row.bytes_done, row.size_bytes, row.rows_read),
        file_name=row.file_name,
        format=row.format,
        source=row.source.name if row.source is not None else row.source_name,
        rows=Rows(row.rows_read, row.rows_kept, row.rows_rejected, _charges(row)),
        message=row.message,
        error=row.error,
        repeats=_repeated(row.repeats),
        created_by=row.created_by,
        created_at=row.created_at,
        live_at=row.live_at,
    )


def _charges(row: Import) -> int:
    return row.rows_kept if row.charges is None else row.charges


def _repeated(original: Import | None) -> RepeatedImport | None:
    if original is None:
        return None
    return RepeatedImport(original.id, original.file_name, original.state)


def _details(call: Call, row: Import) -> ImportDetails:
    return ImportDetails(
        **vars(_summary(row)),
        periods=[
            ImportedPeriod(
                billing_period=period.billing_period.text,
                billing_account_id=period.billing_account_id,
                rows=period.row_count,
                state=period.state,
                dataset=period.dataset,
                incomplete=period.incomplete,
            )
            for period in listing.periods(call.session, row)
        ],
        reconciliation=[_reconciled(line) for line in listing.reconciliation(call.session, row)],
        notes=row.notes or [],
        question=_asked(questions.question_of(row)),
        would=_would(row),
    )


def _would(row: Import) -> CheckedOutlook | None:
    outlook = questions.outlook_of(row)
    return None if outlook is None else CheckedOutlook(outlook.state, _asked(outlook.question))


def _asked(question: Question | None) -> AskedQuestion | None:
    if question is None:
        return None
    effects = [
        AskedEffect(
            billing_account_id=effect.billing_account_id,
            billing_period=effect.billing_period.text,
            currency=effect.currency,
            live=money.to_text(effect.live),
            delivered=money.to_text(effect.delivered),
            days=effect.days,
            sub_accounts=effect.sub_accounts,
            source=effect.source,
        )
        for effect in question.effects
    ]
    return AskedQuestion(question.kind, question.sentence, list(question.answers), effects)


def _reconciled(line: ReconciliationLine) -> Reconciled:
    return Reconciled(
        billing_period=None if line.period is None else line.period.text,
        currency=line.currency,
        charge_category=line.charge_category,
        metric=line.metric,
        rows_read=line.rows_read,
        rows_kept=line.rows_kept,
        rows_rejected=line.rows_rejected,
        rows_rounded=line.rows_rounded,
        rows_unread=line.rows_unread,
        sum_file=None if line.in_file is None else money.to_text(line.in_file),
        sum_stored=None if line.stored is None else money.to_text(line.stored),
        sum_rejected=money.to_text(line.sum_rejected),
        sum_rounding=money.to_text(line.sum_rounding),
    )
