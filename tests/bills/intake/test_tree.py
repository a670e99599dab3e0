"""One bad name in the inbox is that name's: it is said on the page, and all else goes on."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from config import Config
from costoptix.bills.intake import inbox
from costoptix.models import Import, InboxItem, Organization
from tests.bills.bill import write

Scan = Callable[[], int]


@pytest.fixture
def scan(session: Session, config: Config) -> Scan:
    return lambda: inbox.scan(session, config, quiet_seconds=-1)


@pytest.fixture
def source(config: Config, acme: Organization) -> Path:
    folder = config.inbox / "Acme Cloud" / "aws"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(autouse=True)
def _never_hanging() -> Iterator[None]:
    """Break what waits without end."""

    def stop(_number: int, _frame: object) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)  # a machine that does much else is slow to make 20,000 files
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def put(path: Path, amount: str = "5") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(write([{"BilledCost": amount}]))
    return path


def shown(session: Session, organization: Organization) -> dict[str, str | None]:
    """What the page says was not taken in."""
    session.rollback()
    return {item.path: item.error for item in inbox.not_taken_in(session, organization)}


def taken(session: Session) -> list[str]:
    session.rollback()
    return sorted(session.scalars(select(Import.file_name)))


def loop(source: Path) -> None:
    (source / "bad").symlink_to("bad")


def dangling(source: Path) -> None:
    (source / "bad").symlink_to("nowhere")


def fifo(source: Path) -> None:
    os.mkfifo(source / "bad")


def unix_socket(source: Path) -> None:
    here = Path.cwd()
    os.chdir(source)  # the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("bad")
    finally:
        os.chdir(here)


def device(source: Path) -> None:
    try:
        os.mknod(source / "bad", 0o020600, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        pytest.skip("only root makes devices")


def link_to_itself(source: Path) -> None:
    (source / "bad").symlink_to(source)


@pytest.mark.parametrize("make", [loop, dangling, fifo, unix_socket, device, link_to_itself])
def test_what_is_no_file_is_said_and_what_lies_beside_it_is_taken_in(
    session: Session, scan: Scan, source: Path, acme: Organization, make: Callable[[Path], None]
) -> None:
    make(source)
    put(source / "march.csv")
    put(source.parent / "other" / "april.csv", "6")
    assert scan() == 2
    assert taken(session) == ["april.csv", "march.csv"]
    assert list(shown(session, acme)) == ["aws/bad"]
    (source / "bad").unlink()
    scan()
    assert shown(session, acme) == {}


@pytest.mark.parametrize("inner", ["", "deep"], ids=["the source's folder", "a folder in it"])
def test_a_folder_that_may_not_be_opened_is_said_and_no_other_is_held_up(
    session: Session, scan: Scan, source: Path, acme: Organization, inner: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    locked = put(source / inner / "march.csv").parent
    put(source.parent / "other" / "april.csv", "6")
    _lock(locked, monkeypatch)
    assert scan() == 1
    (path,) = shown(session, acme)
    assert path == f"aws/{inner}".rstrip("/")
    monkeypatch.undo()
    assert scan() == 1
    assert shown(session, acme) == {}


def _lock(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to open a folder, to root as well."""
    identity, scanned = folder.stat().st_ino, os.scandir

    def refuse(path: object) -> None:
        found = os.fstat(path) if isinstance(path, int) else Path(str(path)).stat()
        if found.st_ino == identity:
            raise PermissionError(13, "Permission denied", str(path))

    def scandir(path: object = ".") -> object:
        refuse(path)
        return scanned(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", scandir)


def test_a_file_that_vanishes_while_it_is_looked_at_stops_nothing(
    session: Session, scan: Scan, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = put(source / "gone.csv", "1")
    put(source / "march.csv")
    put(source.parent / "other" / "april.csv", "6")
    entries = os.scandir

    def scandir(path: object = ".") -> object:
        found = list(entries(path))  # type: ignore[call-overload]
        gone.unlink(missing_ok=True)
        return _Entries(found)

    monkeypatch.setattr(os, "scandir", scandir)
    assert scan() == 2
    assert taken(session) == ["april.csv", "march.csv"]


class _Entries(list[os.DirEntry[str]]):
    """What ``scandir`` returns, in a list."""

    def __enter__(self) -> _Entries:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __next__(self) -> os.DirEntry[str]:
        if not self:
            raise StopIteration
        return self.pop(0)

    def __iter__(self) -> Iterator[os.DirEntry[str]]:
        while self:
            yield self.pop(0)

    def close(self) -> None:
        self.clear()


def test_a_link_to_a_neighbour_s_bill_is_not_followed(
    session: Session, config: Config, scan: Scan, source: Path, acme: Organization,
    elsewhere: Organization,
) -> None:  # fmt: skip
    """As a file, a folder and a source; the neighbour's own is taken in."""
    secret = put(config.inbox / elsewhere.id / "aws" / "secret.csv")
    (source / "file.csv").symlink_to(secret)
    (source / "folder").symlink_to(secret.parent)
    (source.parent / "gcp").symlink_to(secret.parent)
    assert scan() == 1
    session.rollback()
    assert session.scalars(select(Import.organization_id)).all() == [elsewhere.id]
    assert set(shown(session, acme)) == {"aws/file.csv", "aws/folder", "gcp"}


@pytest.mark.parametrize("swapped", ["file", "folder"])
def test_what_is_swapped_for_a_link_between_look_and_open_is_not_read(
    session: Session, config: Config, scan: Scan, source: Path, elsewhere: Organization,
    monkeypatch: pytest.MonkeyPatch, swapped: str,
) -> None:  # fmt: skip
    secret = put(config.data_dir / "secret" / "march.csv", "999")
    file = put(source / "2026-03" / "march.csv")
    receive = inbox.receive.receive

    def swap(*args: object, **said: object) -> object:
        if swapped == "file":
            file.unlink()
            file.symlink_to(secret)
        else:
            file.parent.rename(source.parent / "away")
            file.parent.symlink_to(secret.parent)
        return receive(*args, **said)

    monkeypatch.setattr(inbox.receive, "receive", swap)
    assert scan() == 0
    assert taken(session) == []


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        (b"two\nlines.csv", "aws/two\\nlines.csv"),
        (b"red\x1b[31m.csv", "aws/red\\x1b[31m.csv"),
        ("\u202egnp.csv".encode(), "aws/\\u202egnp.csv"),
        (b"caf\xe9.csv", "aws/caf\\xe9.csv"),
        (b"x" * 250, "aws/" + "x" * 250),
    ],
)
def test_any_name_is_taken_in_and_shown_safely(
    session: Session, config: Config, scan: Scan, source: Path, acme: Organization,
    caplog: pytest.LogCaptureFixture, name: bytes, safe: str,
) -> None:  # fmt: skip
    put(Path(os.fsdecode(bytes(source) + b"/" + name)))
    assert scan() == 1
    session.rollback()
    assert session.scalars(select(InboxItem.path)).all() == [safe]
    (file_name,) = taken(session)
    assert file_name.isprintable()
    os.mkfifo(bytes(source) + b"/fifo" + name)
    assert scan() == 0
    assert list(shown(session, acme)) == [safe.replace("aws/", "aws/fifo")]
    assert all("\n" not in record.getMessage() for record in caplog.records)


def test_a_source_whose_name_cannot_be_shown_is_said_and_left(
    session: Session, scan: Scan, source: Path, acme: Organization
) -> None:
    put(Path(os.fsdecode(bytes(source.parent) + b"/a\nb/march.csv")))
    put(source / "march.csv", "6")
    assert scan() == 1
    assert list(shown(session, acme)) == ["a\\nb"]


def test_an_id_wins_over_a_name_that_looks_like_it(
    session: Session, config: Config, scan: Scan, acme: Organization, elsewhere: Organization
) -> None:
    """It was renamed before such names were refused."""
    acme.name = elsewhere.id
    session.commit()
    put(config.inbox / elsewhere.id / "aws" / "march.csv")
    assert scan() == 1
    session.rollback()
    assert session.scalars(select(Import.organization_id)).all() == [elsewhere.id]


def test_an_inbox_that_is_missing_is_empty(scan: Scan, config: Config) -> None:
    assert not config.inbox.exists()
    assert scan() == 0


def test_an_upload_folder_that_cannot_be_written_is_said_and_tried_again(
    session: Session, config: Config, scan: Scan, source: Path, acme: Organization
) -> None:
    put(source / "march.csv")
    config.uploads_dir.parent.mkdir(parents=True, exist_ok=True)
    config.uploads_dir.write_bytes(b"a file where the folder should be")
    assert scan() == 0
    assert list(shown(session, acme)) == ["aws/march.csv"]
    config.uploads_dir.unlink()
    assert scan() == 1
    assert shown(session, acme) == {}


def statements(session: Session, scan: Scan) -> int:
    """How many statements a scan asks."""
    asked: list[str] = []

    def note(*arguments: object) -> None:
        asked.append(str(arguments[2]))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        assert scan() == 0
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(asked)


@pytest.mark.parametrize("sources", [1, 500], ids=["one source", "many sources"])
def test_20_000_files_cost_no_query_each(
    session: Session, config: Config, scan: Scan, source: Path, acme: Organization,
    monkeypatch: pytest.MonkeyPatch, sources: int,
) -> None:  # fmt: skip
    for number in range(20_000):
        folder = source.parent / f"source-{number % sources}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.csv").touch()
    monkeypatch.setattr(inbox, "MOST_SECONDS", 0.0)
    scan()  # takes one in, as each scan does
    started = time.process_time()
    assert statements(session, lambda: min(scan(), 0)) < 120
    assert time.process_time() - started < 5


def test_a_source_of_many_new_files_lets_others_and_jobs_by(
    session: Session, config: Config, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scan ends when its time is over; the next one begins with the sources that wait."""
    for number in range(50):
        put(source / f"{number}.csv", str(number))
    put(source.parent / "other" / "april.csv", "6.5")
    monkeypatch.setattr(inbox, "MOST_SECONDS", 0.0)
    watch = inbox.Watch()
    counts = [inbox.scan(session, config, quiet_seconds=-1, watch=watch) for _ in range(3)]
    assert max(counts) <= 2
    assert "april.csv" in taken(session)
