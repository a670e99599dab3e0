"""The job "import": a received file → live deliveries, or a refusal in one sentence.

Safe to begin anew at any point: what a killed worker left is a staging folder and files that no
delivery names, which the sweep removes; readers see nothing of it.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session

from config import Config
from costoptix import events, queue
from costoptix.access import audit
from costoptix.access.permissions import ActorKind, Caller, Permission
from costoptix.bills.formats import Options
from costoptix.bills.ledger import (
    deliveries,
    outcomes,
    pause,
    purpose,
    questions,
    rejected_rows,
    repeats,
    restated,
    sources,
)
from costoptix.bills.ledger.coverages import LakeCoverages
from costoptix.bills.ledger.giving_up import GAVE_UP, tell_refused
from costoptix.bills.ledger.placing import Placed, StagedFiles
from costoptix.bills.ledger.purpose import Purpose
from costoptix.bills.ledger.questions import Decision, Question
from costoptix.bills.ledger.states import move_import
from costoptix.bills.read import child, rejections
from costoptix.bills.read.manifests import check_row_count
from costoptix.bills.read.staged import Progress, Rejection, Staged
from costoptix.bounded import ChildDied
from costoptix.clock import utc_now
from costoptix.database import writing
from costoptix.errors import (
    HOPELESS,
    Invalid,
    unusable_files,
)
from costoptix.lake.live import hold_data_version
from costoptix.models import (
    UNFINISHED_STATES,
    Import,
    ImportState,
    Organization,
    Source,
)
from costoptix.queue import Claim

Read = Callable[[Path, Path, Options, Callable[[Progress], None]], Staged]
TRIES = 8
"""How often it is worked out what a delivery is for while other deliveries go live meanwhile: only
what is new since the time before is read again."""

_OF_A_MANIFEST = {"delivered_at", "row_count"}
"""Options of an import whose files a manifest has named."""

logger = logging.getLogger(__name__)


def run(session: Session, claim: Claim, config: Config, read: Read = child.read) -> None:
    """Import the file of a job.

    ``read`` reads the bill: in a child process, or ``load.load`` itself. It is not called where a
    person has answered and what was read before they did is still there.

    Raises:
        LeaseLost: another worker has the job now; nothing was changed.
        NoSpace, ChildDied: the disk is full, or the reading process was ended from outside; the
            job may be tried again.
    """
    row = session.get(Import, claim.payload["import_id"])
    if row is None or row.state not in UNFINISHED_STATES:
        return
    run_of_import = _Run(session, claim, row, config)
    try:
        run_of_import.run(read)
    except ChildDied as error:
        if error.may_pass:
            raise
        run_of_import.refuse(GAVE_UP.format(reason=error.sentence))
    except OSError as error:
        if error.errno not in HOPELESS:
            raise
        logger.exception("the import %s cannot use its files", claim.payload["import_id"])
        run_of_import.refuse(f"{unusable_files(error)} Mend that, then send the file again.")


class _Run:
    def __init__(self, session: Session, claim: Claim, row: Import, config: Config) -> None:
        self._session = session
        self._claim = claim
        self._row = row
        self._lake = config.lake_dir
        self._upload = config.uploads_dir / row.stored_name
        self._files = StagedFiles(row.organization_id, row.id, config.lake_dir)

    def run(self, read: Read) -> None:
        if self._finished_as_duplicate() or self._finished_as_answer():
            return
        with self._files:
            staged = self._files.recover()
            if staged is None:
                self._change(ImportState.RUNNING, started_at=utc_now(), bytes_done=0)
                staged = self._read(read)
            else:
                self._change(ImportState.RUNNING, started_at=utc_now())
            if staged is not None:
                self._conclude(staged)

    def _read(self, read: Read) -> Staged | None:
        """Read the upload; None where it is refused."""
        folder = self._files.begin()
        try:
            staged = read(self._upload, folder, self._options(), self._keep_progress)
            check_row_count(self._row.options.get("row_count"), staged.rows_read)
        except Invalid as error:
            self._keep_rejections(folder)
            self.refuse(error.sentence)
            return None
        self._keep_rejections(folder)
        return staged

    def refuse(self, sentence: str) -> None:
        """End the import: its file does not come in."""
        self._session.rollback()
        with writing(self._session):
            self._end(ImportState.REFUSED, error=sentence)
            tell_refused(self._session, self._row, sentence)
        self._remove_upload()

    def _options(self) -> Options:
        stated, organization_id = self._row.options, self._row.organization_id
        options = Options(
            currency=self._row.currency,
            export=stated.get("export"),
            encoding=stated.get("encoding"),
            may_hold_others=bool(stated.get("may_hold_others")),
            is_complete=bool(_OF_A_MANIFEST & stated.keys()),
        )
        if self._row.source_name is None:
            by_format = sources.currencies(self._session, organization_id)
            return replace(options, currencies=by_format)
        source = sources.find(self._session, organization_id, self._row.source_name)
        currency = self._row.currency or (source.currency if source else None)
        return replace(options, currency=currency)

    def _finished_as_duplicate(self) -> bool:
        """End an import of bytes that are live, all of them, in the same source."""
        with writing(self._session):
            queue.hold(self._session, self._claim)
            original = repeats.live_original(self._session, self._row)
            if original is None:
                return False
            if self._is_dry_run:
                self._say_checked(ImportState.DUPLICATE)
                return True
            self._end(
                ImportState.DUPLICATE, message=outcomes.ALREADY_IMPORTED, repeats_id=original.id
            )
        self._remove_upload()
        return True

    def _finished_as_answer(self) -> bool:
        """End an import that answers the one of the same bytes that waits for a person."""
        if self._is_dry_run:
            return False
        with writing(self._session):
            queue.hold(self._session, self._claim)
            waiting = repeats.waiting_original(self._session, self._row)
            question = None if waiting is None else questions.question_of(waiting)
            if waiting is None or question is None:
                return False
            decision = questions.given_beforehand(question, self._row.options)
            if decision is None:
                return False
            remember = bool(self._row.options.get("remember"))
            questions.carry_out(self._session, waiting, question, decision, remember=remember)
            self._end(ImportState.DUPLICATE, message=outcomes.ANSWERED, repeats_id=waiting.id)
        self._remove_upload()
        return True

    def _keep_progress(self, progress: Progress) -> None:
        self._change(
            ImportState.RUNNING, bytes_done=progress.bytes_done, rows_read=progress.rows_read
        )

    def _change(self, state: ImportState, **values: object) -> None:
        """Move the import to a state and write to its row, while the job is ours."""
        with writing(self._session):
            queue.hold(self._session, self._claim)
            move_import(self._row, state)
            for name, value in values.items():
                setattr(self._row, name, value)
            self._session.flush()

    def _keep_rejections(self, folder: Path) -> None:
        """Put the file of rejected rows where the pages find it."""
        written = folder / rejections.FILE_NAME
        if written.exists() and written.stat().st_size:
            target = rejections.path(self._lake, self._row.organization_id, self._row.id)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            written.replace(target)

    def _conclude(self, staged: Staged) -> None:
        """Go live or wait for a person, by what is live in the instant in which it is decided."""
        if question := self._too_many_rejected(staged):
            self._ask_about_rejected(staged, question)
            return
        self._settle(staged)
        if self._row.state != ImportState.WAITING:
            self._files.remove()
            self._remove_upload()

    def _ask_about_rejected(self, staged: Staged, question: Question) -> None:
        """Ask whether the rows that can be read shall count, unless that is answered with no."""
        if purpose.answer_to(self._session, self._row, staged, question) is Decision.DISCARD:
            with writing(self._session):
                queue.hold(self._session, self._claim)
                purpose.remember_rejected(self._session, self._row, staged, Decision.DISCARD)
                self._end(
                    ImportState.WITHDRAWN, message=questions.DISCARDED, **outcomes.counts(staged)
                )
        elif self._is_dry_run:
            with writing(self._session):
                self._say_checked(ImportState.WAITING, question, **outcomes.counts(staged))
        else:
            self._files.keep(staged)
            self._wait(staged, question)
            return
        self._files.remove()
        self._remove_upload()

    def _too_many_rejected(self, staged: Staged) -> Question | None:
        question = rejected_rows.question(staged, self._first_rejection)
        if question is None or self._row.options.get("accept_rejected"):
            return None
        answer = purpose.answer_to(self._session, self._row, staged, question)
        return None if answer is Decision.IMPORT_ANYWAY else question

    def _first_rejection(self) -> Rejection | None:
        path = rejections.path(self._lake, self._row.organization_id, self._row.id)
        return next(rejections.read(path), None)

    def _settle(self, staged: Staged) -> None:
        """Work out what the delivery is for and have it so, before its data change.

        Raises:
            DataKeepChanging: other deliveries went live each time; nothing was changed.
        """
        coverages = LakeCoverages(self._lake, partial(self._files.where, staged))
        for _ in range(TRIES):
            self._session.expire_all()  # rows of before would be compared under a newer version
            worked_out = purpose.work_out(self._session, self._row, staged, coverages)
            self._session.rollback()
            placed: Sequence[Placed] = ()
            if worked_out.question is not None:
                self._files.keep(staged)
            elif not (worked_out.is_discarded or self._is_dry_run):
                placed = self._files.place(staged)
            details = deliveries.Details.of(worked_out.staged, placed) if placed else _NOTHING
            with writing(self._session):
                queue.hold(self._session, self._claim)
                version = hold_data_version(self._session, self._row.organization_id)
                if version == worked_out.data_version:
                    self._carry_out(worked_out, placed, details)
                    return
        self._files.keep(staged)
        raise DataKeepChanging

    @property
    def _is_dry_run(self) -> bool:
        return bool(self._row.options.get("dry_run"))

    def _carry_out(
        self, worked_out: Purpose, placed: Sequence[Placed], details: deliveries.Details
    ) -> None:
        if self._is_dry_run:
            self._check(worked_out)
        elif worked_out.question is not None:
            self._wait(worked_out.staged, worked_out.question)
        elif worked_out.is_discarded:
            if worked_out.settings:
                self._source(worked_out)
            self._end(
                ImportState.WITHDRAWN,
                message=questions.DISCARDED,
                **outcomes.counts(worked_out.staged),
            )
        else:
            self._go_live(worked_out, placed, details)

    def _check(self, worked_out: Purpose) -> None:
        """Say what would become of the import, and end it."""
        question = worked_out.question
        if question is not None:
            would = ImportState.WAITING
        elif worked_out.is_discarded:
            would = ImportState.WITHDRAWN
        else:
            is_live = worked_out.is_live or not worked_out.staged.scopes
            would = ImportState.LIVE if is_live else ImportState.OLDER
        self._session.add_all(
            outcomes.line(self._row.id, line, worked_out.before) for line in worked_out.staged.lines
        )
        self._say_checked(would, question, **outcomes.counts(worked_out.staged))

    def _say_checked(
        self, would: ImportState, question: Question | None = None, **values: object
    ) -> None:
        """End a dry run: say what would become of the import; within ``writing``."""
        additions = {
            "would": would.value,
            "question": None if question is None else question.model_dump(mode="json"),
        }
        sentences = [outcomes.CHECKED[would], *([] if question is None else [question.sentence])]
        options = self._row.options | additions
        self._end(ImportState.CHECKED, message=" ".join(sentences), options=options, **values)

    def _wait(self, staged: Staged, question: Question) -> None:
        """Have the import wait for a person; that it does is an event."""
        row, session = self._row, self._session
        data = {
            "import_id": row.id, "file_name": row.file_name, "kind": question.kind.value,
            "sentence": question.sentence,
        }  # fmt: skip
        with writing(session):
            queue.hold(session, self._claim)
            events.raise_once(
                session,
                session.get_one(Organization, row.organization_id),
                "import.waiting",
                key=f"import.waiting:{row.id}:{question.kind}",
                subject_id=row.id,
                data=data,
            )
            self._change(
                ImportState.WAITING,
                message=question.sentence,
                options=row.options | {"question": question.model_dump(mode="json")},
                **outcomes.counts(staged),
            )

    def _go_live(
        self, worked_out: Purpose, placed: Sequence[Placed], details: deliveries.Details
    ) -> None:
        row, session, staged = self._row, self._session, worked_out.staged
        source = self._source(worked_out)
        session.add_all(outcomes.line(row.id, line, worked_out.before) for line in staged.lines)
        is_live = deliveries.make_live(
            session, row, source, staged, placed, details,
            worked_out.delivered_at, worked_out.replaced,
        )  # fmt: skip
        row.source_id = source.id
        is_older = bool(staged.scopes) and not is_live
        now = utc_now()
        self._change(
            ImportState.OLDER if is_older else ImportState.LIVE,
            message=outcomes.message(staged, is_older=is_older),
            bytes_done=row.size_bytes,
            finished_at=now,
            live_at=now if is_live else None,
            **outcomes.counts(staged),
        )
        if is_live:
            restated.make_due(session, row)
        self._record("import.live" if is_live else "import.older")

    def _source(self, worked_out: Purpose) -> Source:
        """Return the source, made where it is new; what was said of its dataset is remembered."""
        row, session = self._row, self._session
        if worked_out.source_id is None:
            source = sources.create(
                session, row.organization_id, worked_out.source_name, worked_out.staged,
                row.currency,
            )  # fmt: skip
        else:
            source = session.get_one(Source, worked_out.source_id)
        source.settings = {**source.settings, **worked_out.settings}
        if worked_out.staged.is_undecided and (dataset := row.options.get("dataset")):
            source.settings = source.settings | {sources.DATASET: dataset}
        return source

    def _end(self, state: ImportState, **values: object) -> None:
        """Write what became of the import; within ``writing``."""
        self._change(state, finished_at=utc_now(), bytes_done=self._row.size_bytes, **values)
        self._record(f"import.{state}")

    def _record(self, action: str) -> None:
        worker = Caller(
            self._row.organization_id, Permission.WRITE, "worker", kind=ActorKind.SYSTEM
        )
        audit.record(
            self._session, worker, action, subject=self._row.file_name, subject_id=self._row.id
        )

    def _remove_upload(self) -> None:
        if pause.is_held(self._session):
            return  # a backup may have this import unfinished: the sweep takes it later
        shutil.rmtree(self._upload, ignore_errors=True)


_NOTHING = deliveries.Details([], [], [])


class DataKeepChanging(Exception):
    """Other deliveries went live each time before this one could; it is tried again."""
