"""A billing file → sorted Parquet files per billing account and period in a staging folder.

Piece by piece: read the cells, map them, cast them, sort and write them; then roll-ups; then the
reconciliation. Work is done on distinct values, not on rows (docs/decisions/0003). Runs in a child
process (``child.py``) and touches neither the SQL database nor the lake.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from costoptix.bills.formats import Cancelling, DatasetClues, Format, Options
from costoptix.bills.read import archives, contents, engine, recognize
from costoptix.bills.read.cancelling import CancellingSums
from costoptix.bills.read.cast_charges import Caster, Charges
from costoptix.bills.read.casting import expressions, mapped_sql, other_cells
from costoptix.bills.read.cells import Cells, Reader
from costoptix.bills.read.container import Container, detect
from costoptix.bills.read.csv_pieces import TextPiece, TextPieces
from costoptix.bills.read.file_facts import FileFacts
from costoptix.bills.read.json_lines import JsonLinesPieces, is_json
from costoptix.bills.read.manifests import check_row_count
from costoptix.bills.read.mapping import Mapper, amount_cells
from costoptix.bills.read.nested import NestedReader
from costoptix.bills.read.notes import Notes
from costoptix.bills.read.other_columns import TooMuchText
from costoptix.bills.read.parquet_pieces import ParquetPiece, ParquetPieces
from costoptix.bills.read.reconcile import Ledger, Unreconciled
from costoptix.bills.read.rejections import FILE_NAME as REJECTIONS_FILE
from costoptix.bills.read.rejections import Rejections
from costoptix.bills.read.row_errors import Inspector
from costoptix.bills.read.staged import Batch, Exported, Progress, Staged
from costoptix.bills.read.staging import Staging
from costoptix.bills.read.sums import TOO_LARGE
from costoptix.errors import Invalid, NoSpace, is_full_disk

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Piece = TextPiece | ParquetPiece
Pieces = TextPieces | JsonLinesPieces | ParquetPieces
Report = Callable[[Progress], None]
DAMAGED = "The file is damaged: it cannot be read as the table it should be."


def load(source: Path, folder: Path, options: Options, report: Report) -> Staged:
    """Read a file, a zip or the folder of a delivery's files into ``folder``, which is empty.

    Raises:
        Invalid: the file is refused; the sentence says why.
        NoSpace: the disk is full.
        Unreconciled: what is stored is not what was read.
    """
    import duckdb

    connection = engine.connect(folder / "spill")
    try:
        files = archives.expand(source, folder, may_hold_others=options.may_hold_others)
        return _Loader(folder, options, connection).run(files, report)
    except duckdb.OutOfMemoryException as error:
        raise Invalid("The file needs more memory than an import may use.") from error
    except duckdb.OutOfRangeException as error:
        raise Invalid(TOO_LARGE) from error
    except (duckdb.InvalidInputException, duckdb.IOException, OSError) as error:
        if is_full_disk(error):
            raise NoSpace("There is no space left to read the file.") from error
        if isinstance(error, OSError):
            raise
        raise Invalid(DAMAGED) from error
    except duckdb.Error as error:
        if type(error) is not duckdb.Error:  # a defect of ours
            raise
        # Damaged pages of a Parquet file: what unpacks them has no class of errors of its own.
        raise Invalid(DAMAGED) from error
    finally:
        connection.close()


@dataclass
class _File:
    """A file that is being read, and what holds of any of its rows."""

    part: archives.DeliveryPart
    facts: FileFacts
    cancelling: Cancelling | None
    rows: int = 0  # of them kept


class _Loader:
    def __init__(self, folder: Path, options: Options, connection: DuckDBPyConnection) -> None:
        self._folder = folder
        self._options = options
        self._duckdb = connection
        self._ledger = Ledger()
        self._staging = Staging(connection, folder)
        self._title: str | None = None
        self._format: Format | None = None
        self._files: list[_File] = []
        self._other_datasets: list[archives.DeliveryPart] = []
        self._caster = Caster(connection)
        self._notes = Notes()
        self._cancelling = CancellingSums(connection)

    def run(self, files: list[archives.DeliveryPart], report: Report) -> Staged:
        look = contents.Look(self._folder, self._duckdb, self._options.encoding)
        bills, others = contents.sorted_out(files, look)
        if others:
            self._notes.add("other files", contents.OTHER_FILES, value=contents.named(others))
        before = 0
        with Rejections(self._folder / REJECTIONS_FILE) as rejections:
            for file in bills:
                with _named_if(file.name, is_alone=len(files) == 1):
                    for done in self._load_bill(file, rejections, is_alone=len(bills) == 1):
                        rows = self._ledger.rows_read
                        report(Progress(bytes_done=before + done, rows_read=rows))
                before += file.path.stat().st_size
        self._note_other_datasets()
        self._cancelling.note(self._notes)
        return self._staged()

    def _load_bill(
        self, file: archives.DeliveryPart, rejections: Rejections, *, is_alone: bool
    ) -> Iterator[int]:
        """Stage one file; one of a dataset without charges is left out if it is not all there is.

        Raises:
            OtherDataset: it is all there is, or a manifest names it.
        """
        try:
            yield from self._load_file(file, rejections, is_alone=is_alone)
        except recognize.OtherDataset as error:
            if is_alone or file.manifest is not None:
                raise
            kind = contents.DATASET.format(error.dataset)
            self._other_datasets.append(replace(file, other=kind))

    def _note_other_datasets(self) -> None:
        if not self._other_datasets:
            return
        named = contents.named(self._other_datasets)
        if self._format is None:
            raise Invalid(contents.NO_CHARGES.format(files=named))
        self._notes.add("other datasets", contents.OTHER_DATASETS, value=named)

    def _load_file(
        self, file: archives.DeliveryPart, rejections: Rejections, *, is_alone: bool
    ) -> Iterator[int]:
        """Stage one file; yield how many of its bytes are done, piece by piece."""
        pieces = read_pieces(file.path, self._folder, self._duckdb, self._options)
        format_ = _format_of(pieces, self._options)
        self._agree(format_, format_.title(pieces.header))
        options = self._options.of(format_, pieces.header)
        mapping = format_.mapping(pieces.header, options)
        sql = expressions(mapping, options)

        self._staging.begin_file()
        facts = FileFacts(self._duckdb, format_, pieces.header)
        self._files.append(_File(file, facts, format_.cancelling(pieces.header)))
        name = None if is_alone else file.name
        inspector = Inspector(
            self._duckdb, mapped_sql(sql, mapping.relation), self._ledger, rejections, self._notes,
            name,
        )  # fmt: skip
        reader = NestedReader(
            Reader(self._duckdb, amount_cells(sql)), pieces.header, mapping.nested
        )
        width = len(pieces.header.names) + len(mapping.nested)
        others = other_cells(pieces.header, mapping)
        mapper = Mapper(self._duckdb, sql, mapping.relation, width, others)
        for piece in pieces:
            if self._load_piece(piece, reader, mapper, inspector):
                pieces.shrink()
            yield pieces.bytes_done

    def _agree(self, format_: Format, title: str) -> None:
        """Refuse files that cannot be the parts of one delivery."""
        if self._title is not None and self._title != title:
            raise Invalid(
                f"The files are of different formats, {self._title} and {title}: send them apart."
            )
        self._format, self._title = format_, title

    def _load_piece(
        self, piece: Piece, reader: NestedReader, mapper: Mapper, inspector: Inspector
    ) -> bool:
        """Stage a piece, cut in two where memory does not do; return whether it was cut.

        How much memory a piece takes is not known before: some rows grow with what their format
        looks up and with the columns that have no place of their own.
        """
        import duckdb

        try:
            cells = reader.read(piece)
            charges = self._charges(cells, mapper)
        except (duckdb.OutOfMemoryException, TooMuchText):
            inspector.forget()
            if (parts := piece.cut_in_two()) is None:
                raise
            for part in parts:
                self._load_piece(part, reader, mapper, inspector)
            return True
        file = self._files[-1]
        file.facts.read(cells)
        self._cancelling.read(cells, file.cancelling)
        file.rows += charges.rows
        self._keep(charges, cells.rows)
        inspector.inspect(piece, cells, charges)
        if charges.rows:
            self._staging.take(charges, file.facts.order(cells, charges.records))
        return False

    def _charges(self, cells: Cells, mapper: Mapper) -> Charges:
        return self._caster.charges(mapper.text(cells))

    def _keep(self, charges: Charges, rows: int) -> None:
        """Add a piece's rows to the ledger, and its good charges.

        Raises:
            Unreconciled: a row became nothing at all.
        """
        rejected = len(charges.rejected_records)
        kept = int(np.count_nonzero(np.diff(charges.records))) + bool(charges.rows)
        if kept + rejected != rows:
            raise Unreconciled(f"{rows} rows: {kept} kept and {rejected} rejected")
        self._ledger.count(kept=kept, rejected=rejected)
        for group, rows, sums in charges.sums():
            self._ledger.keep(group, rows, sums)
        for group, written in charges.rounded():
            self._ledger.keep_rounded(group, written)

    def _staged(self) -> Staged:
        if self._format is None or self._title is None:
            raise Invalid("There is no billing file in it.")
        datasets = self._datasets(self._format)
        parts = () if self._format.datasets is None else self._format.datasets.parts
        self._staging.assign(
            datasets,
            [_batch(file) for file in self._files],
            parts,
            is_complete=self._options.is_complete
            or all(file.part.manifest is not None for file in self._files),
        )
        self._staging.write_roll_ups()
        lines = tuple(self._ledger.lines(self._staging.stored()))
        exported = _together(file.facts.exported for file in self._files if file.rows)
        return Staged(
            format=self._title,
            family=self._format.family,
            rows_read=self._ledger.rows_read,
            rows_kept=self._ledger.rows_kept,
            rows_rejected=self._ledger.rows_rejected,
            charges=self._ledger.charges,
            scopes=self._staging.scopes(),
            lines=lines,
            facts={
                fact: any(file.facts.facts[fact] for file in self._files)
                for fact in self._files[0].facts.facts
            },
            copies=tuple(
                (self._files[first].part.name, self._files[later].part.name)
                for first, later in self._staging.copies
            ),
            is_undecided=self._format.datasets is not None and not any(datasets),
            exported=exported,
            made_at=self._made_at(exported),
            notes=self._notes.sentences(),
        )

    def _datasets(self, format_: Format) -> list[str | None]:
        """Return the dataset of each file that has charges; None where nothing shows it."""
        if format_.datasets is None:
            return [None] * len(self._files)
        clues = [
            DatasetClues(file.part.name, self._export(file), file.facts.facts)
            for file in self._files
            if file.rows
        ]
        datasets = iter(format_.datasets.of_files(clues))
        return [next(datasets) if file.rows else None for file in self._files]

    def _export(self, file: _File) -> str | None:
        manifest = file.part.manifest
        return (manifest and manifest.export) or self._options.export

    def _made_at(self, exported: Exported | None) -> datetime | None:
        """Return when the files were written: by their manifests, or by their rows.

        Raises:
            Invalid: their manifest names another number of rows.
        """
        manifests = [file.part.manifest for file in self._files]
        named = {manifest for manifest in manifests if manifest is not None}
        if len(named) == 1 and None not in manifests:
            (manifest,) = named
            check_row_count(manifest.row_count, self._ledger.rows_read)
        times = [manifest.delivered_at for manifest in named if manifest.delivered_at is not None]
        return max(times, default=None if exported is None else exported.last)


@contextlib.contextmanager
def _named_if(name: str, *, is_alone: bool) -> Iterator[None]:
    """Have a refusal within the block say which of several files it is about."""
    try:
        yield
    except Invalid as error:
        if is_alone:
            raise
        raise Invalid(f"{contents.printable(name)}: {error.sentence}") from error


def _batch(file: _File) -> Batch | None:
    return file.facts.batch(PurePosixPath(file.part.name).name)


def _together(spans: Iterable[Exported | None]) -> Exported | None:
    """Return from the first to the last export; None where a file does not say."""
    all_spans = list(spans)
    stated = [span for span in all_spans if span is not None]
    if not stated or len(stated) < len(all_spans):
        return None
    return Exported(
        first=min(span.first for span in stated), last=max(span.last for span in stated)
    )


def _format_of(pieces: Pieces, options: Options) -> Format:
    try:
        return recognize.recognize(pieces.header, options)
    except Invalid as error:
        if isinstance(pieces, JsonLinesPieces) and pieces.wrapper is not None:
            raise Invalid(pieces.wrapper) from error
        raise


def read_pieces(
    source: Path, folder: Path, connection: DuckDBPyConnection, options: Options
) -> Pieces:
    """Begin to read a file, whatever it is wrapped in: its header is read.

    Raises:
        Invalid: it is no table, or damaged.
    """
    if detect(source) is Container.PARQUET:
        return ParquetPieces(source, connection)
    kind = JsonLinesPieces if is_json(source, options.encoding) else TextPieces
    return kind(source, folder, encoding=options.encoding)
