"""The job "import": a received file → live deliveries, or a refusal in one sentence.

Safe to begin anew at any point: what a killed worker left is a staging folder and files that no
delivery names, which the sweep removes; readers see nothing of it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from sqlalchemy import update
from sqlalchemy.orm import Session

from config import Config
from costoptix import queue
from costoptix.access import audit
from costoptix.access.permissions import Caller, Permission
from costoptix.bills.formats import Options
from costoptix.bills.ledger import deliveries, placing, questions, repeats, sources
from costoptix.bills.ledger.questions import Decision, Kind, Question
from costoptix.bills.read import child, rejections
from costoptix.bills.read.manifests import check_row_count
from costoptix.bills.read.staged import Line, Progress, Staged
from costoptix.bounded import ChildDied
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.errors import CostOptixError, Invalid, NoSpace, is_full_disk
from costoptix.lake.files import STAGING
from costoptix.models import Delivery, Import, ReconciliationLine, new_id
from costoptix.queue import Claim

Read = Callable[[Path, Path, Options, Callable[[Progress], None]], Staged]
ALREADY_IMPORTED = "already imported, nothing changed"
NO_CHARGES = "The file holds no charges."
REPLACED = "A newer delivery of these months is live; this one can be made current."
MOST_REJECTED_PERCENT = 5
GAVE_UP = "The file could not be read: the reason is in the log of the worker."
READER_DIED = (
    "The process that reads the file was ended each time, perhaps for want of memory: "
    "see the log of the worker."
)
ENDED = (
    "The worker was ended each time it read the file, perhaps for want of memory: "
    "see its log, then send the file again."
)


def run(session: Session, claim: Claim, config: Config, read: Read = child.read) -> None:
    """Import the file of a job.

    ``read`` reads the bill: in a child process, or ``load.load`` itself.

    Raises:
        LeaseLost: another worker has the job now; nothing was changed.
        NoSpace, ChildDied: the disk is full, or the reading process was killed; the job may be
            tried again.
    """
    row = session.get(Import, claim.payload["import_id"])
    if row is None or row.state not in ("received", "running"):
        return
    _Run(session, claim, row, config).run(read)


class _Run:
    def __init__(self, session: Session, claim: Claim, row: Import, config: Config) -> None:
        self._session = session
        self._claim = claim
        self._row = row
        self._lake = config.lake_dir
        self._upload = config.uploads_dir / row.stored_name

    def run(self, read: Read) -> None:
        if self._finished_as_duplicate():
            return
        self._change(state="running", started_at=utc_now(), bytes_done=0)
        with _folder(self._lake / STAGING / f"{self._row.id}-{new_id()}") as folder:
            try:
                staged = read(self._upload, folder, self._options(), self._keep_progress)
                check_row_count(self._row.options.get("row_count"), staged.rows_read)
            except Invalid as error:
                self._keep_rejections(folder)
                self._finish(state="refused", error=error.sentence)
                return
            self._keep_rejections(folder)
            self._conclude(staged, folder)

    def _options(self) -> Options:
        organization_id, export = self._row.organization_id, self._row.options.get("export")
        if self._row.source_name is None:
            by_format = sources.currencies(self._session, organization_id)
            return Options(currency=self._row.currency, currencies=by_format, export=export)
        source = sources.find(self._session, organization_id, self._row.source_name)
        currency = self._row.currency or (source.currency if source else None)
        return Options(currency=currency, export=export)

    def _finished_as_duplicate(self) -> bool:
        """End an import of bytes that are live, all of them, in the same source."""
        with writing(self._session):
            queue.hold(self._session, self._claim)
            original = repeats.live_original(self._session, self._row)
            if original is None:
                return False
            self._end(state="duplicate", message=ALREADY_IMPORTED, repeats_id=original.id)
        shutil.rmtree(self._upload, ignore_errors=True)
        return True

    def _too_many_rejected(self, staged: Staged) -> Question | None:
        limit = staged.rows_read * MOST_REJECTED_PERCENT / 100
        if staged.rows_rejected <= limit or self._row.options.get("accept_rejected"):
            return None
        return Question(
            kind=Kind.REJECTED,
            sentence=f"{staged.rows_rejected} of {staged.rows_read} rows cannot be read, more than "
            f"{MOST_REJECTED_PERCENT}%: see the rejected rows.",
        )

    def _keep_progress(self, progress: Progress) -> None:
        self._change(bytes_done=progress.bytes_done, rows_read=progress.rows_read)

    def _change(self, **values: object) -> None:
        """Write to the import's row, while the job is ours."""
        with writing(self._session):
            queue.hold(self._session, self._claim)
            self._session.execute(
                update(Import)
                .where(Import.id == self._row.id)
                .values(**values)
                .execution_options(synchronize_session="fetch")
            )

    def _keep_rejections(self, folder: Path) -> None:
        """Put the file of rejected rows where the pages find it."""
        found = folder / rejections.FILE_NAME
        if found.exists() and found.stat().st_size:
            target = rejections.path(self._lake, self._row.organization_id, self._row.id)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            found.replace(target)

    def _conclude(self, staged: Staged, folder: Path) -> None:
        """Go live or wait for a person; decided in the transaction that does it."""
        if question := self._too_many_rejected(staged):
            self._wait(staged, question)
            return
        placed = placing.place(self._row.organization_id, staged, folder, self._lake)
        with writing(self._session):
            queue.hold(self._session, self._claim)
            name = self._row.source_name or self._propose(staged)
            staged, placed = self._in_dataset(staged, placed, name)
            question = self._question(staged, name)
            decision = self._row.options.get("decision")
            if question is None or decision in question.answers:
                chosen = self._chosen_name(name, question, decision)
                covered = self._covered(staged, name, question, decision)
                self._go_live(staged, placed, chosen, covered)
            else:
                self._wait(staged, question)
        if self._row.state == "waiting":
            placing.remove(placed, self._lake)
        else:
            shutil.rmtree(self._upload, ignore_errors=True)

    def _propose(self, staged: Staged) -> str:
        return sources.propose(self._session, self._row.organization_id, staged)

    def _in_dataset(
        self, staged: Staged, placed: tuple[placing.Placed, ...], name: str
    ) -> tuple[Staged, tuple[placing.Placed, ...]]:
        """Answer by the sender or the source of which dataset a file is that does not show it."""
        if not staged.is_undecided:
            return staged, placed
        source = sources.find(self._session, self._row.organization_id, name)
        dataset = self._row.options.get("dataset") or sources.usual_dataset(self._session, source)
        if dataset is None:
            return staged, placed
        scopes = tuple(scope.as_dataset(dataset) for scope in staged.scopes)
        known = zip(placed, scopes, strict=True)
        return (
            staged.model_copy(update={"scopes": scopes}),
            tuple(dataclasses.replace(each, scope=scope) for each, scope in known),
        )

    def _question(self, staged: Staged, name: str) -> Question | None:
        source = sources.find(self._session, self._row.organization_id, name)
        when = deliveries.delivered_at(self._session, self._row, source, staged)
        return questions.find(self._session, self._row, source, staged, when)

    def _wait(self, staged: Staged, question: Question) -> None:
        said = {"question": question.model_dump(mode="json")}
        self._change(
            state="waiting",
            message=question.sentence,
            options=self._row.options | said,
            **_counts(staged),
        )

    def _chosen_name(self, name: str, question: Question | None, decision: str | None) -> str:
        """Return the source that a person's decision leads to."""
        if question is None:
            return name
        if decision == Decision.REPLACE and question.kind is Kind.OVERLAP:
            return question.effects[0].source
        if decision == Decision.ADD and question.kind is Kind.REMOVAL:
            return sources.beside(self._session, self._row.organization_id, name)
        return name

    def _covered(
        self, staged: Staged, name: str, question: Question | None, decision: str | None
    ) -> list[Delivery]:
        """Return what counts no more in other sources, by a person's decision."""
        if question is None or decision != Decision.REPLACE:
            return []
        if question.kind not in (Kind.OVERLAP, Kind.REMOVAL):
            return []
        source = sources.find(self._session, self._row.organization_id, name)
        when = deliveries.delivered_at(self._session, self._row, source, staged)
        return questions.covered(self._session, self._row, source, staged, when)

    def _go_live(
        self,
        staged: Staged,
        placed: tuple[placing.Placed, ...],
        source_name: str,
        covered: list[Delivery],
    ) -> None:
        row, session = self._row, self._session
        source = sources.find(session, row.organization_id, source_name) or sources.create(
            session, row.organization_id, source_name, staged, row.currency
        )
        if staged.is_undecided and (dataset := row.options.get("dataset")):
            source.settings = source.settings | {sources.DATASET: dataset}
        before = deliveries.live_sums(session, source, staged)
        session.add_all(_line(row.id, line, before) for line in staged.lines)
        when = deliveries.delivered_at(session, row, source, staged)
        is_live = deliveries.make_live(session, row, source, staged, placed, when, covered)
        now = utc_now()
        row.source_id = source.id
        is_older = bool(staged.scopes) and not is_live
        self._change(
            message=_message(staged, is_older=is_older),
            state="older" if is_older else "live",
            bytes_done=row.size_bytes,
            finished_at=now,
            live_at=now if is_live else None,
            **_counts(staged),
        )
        self._record("import.live" if is_live else "import.older")

    def _finish(self, **values: object) -> None:
        with writing(self._session):
            self._end(**values)
        shutil.rmtree(self._upload, ignore_errors=True)

    def _end(self, **values: object) -> None:
        """Write what became of the import; within ``writing``."""
        self._change(finished_at=utc_now(), bytes_done=self._row.size_bytes, **values)
        self._record(f"import.{values['state']}")

    def _record(self, action: str) -> None:
        worker = Caller(self._row.organization_id, Permission.WRITE, "worker")
        audit.record(
            self._session, worker, action, subject=self._row.file_name, subject_id=self._row.id
        )


def _message(staged: Staged, *, is_older: bool) -> str | None:
    if not staged.scopes:
        return NO_CHARGES
    return REPLACED if is_older else None


def _counts(staged: Staged) -> dict[str, object]:
    return {
        "format": staged.format,
        "rows_read": staged.rows_read,
        "rows_kept": staged.rows_kept,
        "rows_rejected": staged.rows_rejected,
    }


def _line(
    import_id: str, line: Line, before: Mapping[deliveries.SumKey, Decimal]
) -> ReconciliationLine:
    values = line.model_dump()
    category = values.pop("charge_category")
    period, currency = line.billing_period, line.currency
    sum_before = None
    if period is not None and currency is not None:
        sum_before = before.get((period, currency, category, line.metric))
    return ReconciliationLine(
        import_id=import_id,
        charge_category=category and category[:40],
        sum_before=sum_before,
        **values,
    )


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[Path]:
    path.mkdir(mode=0o700, parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def give_up(session: Session, claim: Claim, error: Exception) -> None:
    """Refuse the import of a job that failed for the last time, so that nobody waits for it."""
    if is_full_disk(error) and not isinstance(error, NoSpace):
        error = NoSpace()
    match error:
        case CostOptixError():
            sentence = error.sentence
        case ChildDied():
            sentence = READER_DIED
        case queue.Abandoned():
            sentence = ENDED
        case _:
            sentence = GAVE_UP
    with writing(session):
        session.execute(
            update(Import)
            .where(
                Import.id == claim.payload["import_id"],
                Import.state.in_(("received", "running")),
            )
            .values(state="refused", finished_at=utc_now(), error=sentence)
        )
