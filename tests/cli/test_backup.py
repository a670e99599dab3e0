"""The whole installation in one file and back: whole, or refused in words with nothing changed."""

from __future__ import annotations

import contextvars
import dataclasses
import errno
import gc
import gzip
import hashlib
import io
import json
import stat
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock, drafts, startup
from costoptix.access.permissions import Caller
from costoptix.access.secrets import SealingKeys
from costoptix.backup import archive, making, postgresql, restoring
from costoptix.database import writing
from costoptix.extensions import db
from costoptix.models import (
    Channel,
    DeliveryFile,
    Import,
    InstallationIdentity,
    Organization,
    User,
)
from costoptix.notify import channels
from costoptix.notify.drafts import ChannelDraft
from tests.bills.bill import bill
from tests.support.bills import TakeIn
from tests.support.installation import close_app, start_app
from tests.support.pages import Browser

HOOK = {"name": "Ops", "kind": "custom", "url": "https://hooks.example.com/services/T000/x"}


@pytest.fixture(autouse=True)
def _no_waiting_for_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sync", lambda: None)


@pytest.fixture
def secret(
    session: Session, acme: Organization, admin: Caller, config: Config,
    monkeypatch: pytest.MonkeyPatch,
) -> str:  # fmt: skip
    """The signing secret of a channel of acme."""

    def nowhere(*_: Any, **__: Any) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr("socket.getaddrinfo", nowhere)
        draft = drafts.read(ChannelDraft, HOOK)
        _, text = channels.create(session, acme, admin, draft, config)
    assert text is not None
    return text


@pytest.fixture
def target(
    tmp_path: Path, config: Config, on_postgresql: bool, request: pytest.FixtureRequest
) -> Config:
    """Another box: an empty data folder and an empty database, and the SECRET_KEY of the first."""
    folder = tmp_path / "box"
    folder.mkdir(mode=0o700)
    if on_postgresql:
        url = request.getfixturevalue("postgresql_database")
        return dataclasses.replace(config, data_dir=folder, database_url=url, quota_url=url)
    return dataclasses.replace(
        config, data_dir=folder, database_url=f"sqlite:///{folder / 'costoptix.db'}",
        quota_url=f"sqlite:///{folder / 'quota.db'}",
    )  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "costoptix.tar"


def run(app: Flask, *arguments: object) -> Result:
    """Run a command in an empty context: in that of ``session`` it would be this application's."""
    invoke = app.test_cli_runner().invoke
    return contextvars.Context().run(invoke, args=[str(argument) for argument in arguments])


@contextmanager
def box(config: Config) -> Iterator[Flask]:
    """The application on another box, closed at the end."""
    app = start_app(config)
    try:
        yield app
    finally:
        close_app(app)


def restore(config: Config, file: Path, *options: str) -> Result:
    with box(config) as app:
        return run(app, "restore", file, *options)


def refused(done: Result) -> str:
    """Return the one line that a refusal ends with."""
    assert done.exit_code == 1, done.output
    assert "Traceback" not in done.output
    assert done.stdout == ""
    return done.stderr.splitlines()[-1]


def everything(config: Config) -> list[str]:
    """Return what lies in a data folder, but for what each start makes."""
    made = {"secret_key", "quota.db", "quota.db-wal", "quota.db-shm"}
    return sorted(
        str(path.relative_to(config.data_dir))
        for path in config.data_dir.rglob("*")
        if path.name not in made
    )


def charges(app: Flask, name: str) -> object:
    """Ask the API's question of an installation, by the command line."""
    from costoptix.costs import report
    from costoptix.costs.query import CostQuery

    with app.app_context():
        organization = db.session.scalars(select(Organization).filter_by(name=name)).one()
        asked = CostQuery.from_params([("start_date", "2026-03-01"), ("end_date", "2026-03-31")],
                                      clock.utc_today())  # fmt: skip
        return report.run(db.session(), organization, asked, app.extensions["cost_store"]).totals


def test_r20_a_backup_restored_elsewhere_has_people_totals_and_secrets(
    app: Flask, take_in: TakeIn, session: Session, alice: User, secret: str, config: Config,
    file: Path, target: Config,
) -> None:  # fmt: skip
    take_in(bill("7.25"))
    before, email = charges(app, "Acme Cloud"), alice.email
    done = run(app, "backup", file, "--verify")
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file}\n"
    assert "all the same" in done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir() if "partial" in path.name] == []
    assert config.secret_key.encode() not in file.read_bytes()
    done = restore(target, file)
    assert done.exit_code == 0, done.output
    with box(target) as there:
        assert charges(there, "Acme Cloud") == before
        browser = Browser(there)
        assert browser.sign_in(email).status_code == 302
        with there.app_context():
            channel = db.session.scalars(select(Channel)).one()
            assert channels.secrets_of(channel, SealingKeys.of(target)) == [secret]
            startup.require_secret_key(db.engine, target)
    assert not [name for name in everything(target) if name.startswith(restoring.STAGED)]


def test_a_file_that_waits_to_be_read_is_restored_and_read_there(
    app: Flask, session: Session, acme: Organization, operator: Caller, config: Config,
    file: Path, target: Config,
) -> None:  # fmt: skip
    from costoptix.bills.intake import receive

    receive.receive(
        session, acme, operator, [receive.Sent(io.BytesIO(bill("3")), "bill.csv")],
        uploads_dir=config.uploads_dir, max_bytes=1 << 20,
    )  # fmt: skip
    making.make(db.engine, config, file, print)
    assert restore(target, file).exit_code == 0
    with box(target) as there, there.app_context():
        row = db.session.scalars(select(Import)).one()
        assert (target.uploads_dir / row.stored_name / "0").read_bytes() == bill("3")


@pytest.fixture
def made(app: Flask, take_in: TakeIn, secret: str, config: Config, file: Path) -> Path:
    """A backup of an installation with one bill and one secret."""
    take_in(bill("7.25"))
    making.make(db.engine, config, file, print)
    return file


def altered(file: Path, *, name: str, change: Callable[[bytes], bytes]) -> Path:
    """Write the archive anew with one member changed."""
    target = file.with_name("altered.tar")
    with tarfile.open(file) as old, tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as new:
        for member in old:
            content = old.extractfile(member).read()
            if name in member.name:
                content = change(content)
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return target


def forged(file: Path, name: str, content: bytes | None) -> Path:
    """Write the archive anew with another file of that name, or none, and a manifest that fits."""
    target = file.with_name("forged.tar")
    with tarfile.open(file) as old:
        members = {member.name: old.extractfile(member).read() for member in old}
    manifest = json.loads(members.pop("manifest.json"))
    members[name] = content if content is not None else b""
    if content is None:
        del members[name]
    manifest["files"] = [
        {"name": key, "size_bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}
        for key, text in members.items()
        if key != "header.json"
    ]
    members["manifest.json"] = json.dumps(manifest).encode()
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as new:
        for key, text in members.items():
            new.addfile(archive._member(key, len(text)), io.BytesIO(text))
    return target


def header(**changes: Any) -> Callable[[bytes], bytes]:
    return lambda content: json.dumps(json.loads(content) | changes).encode()


def test_what_is_no_backup_or_not_a_whole_one_is_refused_and_nothing_is_left(
    made: Path, target: Config
) -> None:
    content = made.read_bytes()
    bad = {
        "nothing": (b"", "is not a backup"),
        "text": (b"hello\n" * 1000, "is not a backup"),
        "cut within its end": (content[: content.rindex(b"manifest.json") + 700], "cut short"),
        "cut within the header": (content[:700], "cut short or altered"),
        "without its manifest": (content[: content.rindex(b"manifest.json")], "cut short"),
        "a flipped byte": (_flipped(content), "is not what was backed up"),
    }
    for what, (bytes_, sentence) in bad.items():
        broken = made.with_name("broken.tar")
        broken.write_bytes(bytes_)
        assert sentence in refused(restore(target, broken)), what
        assert everything(target) == [], what
    assert "cannot be read" in refused(restore(target, made.with_name("missing.tar")))


def _flipped(content: bytes) -> bytes:
    place = content.index(b"PAR1") + 40
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_a_file_of_a_backup_never_comes_to_lie_outside_of_its_folder(
    made: Path, target: Config
) -> None:
    for name in ("lake/../../evil", "/tmp/evil", "secret_key"):
        crafted = made.with_name("crafted.tar")
        with tarfile.open(made) as old, tarfile.open(crafted, "w") as new:
            first = old.next()
            new.addfile(first, old.extractfile(first))
            new.addfile(archive._member(name, 4), io.BytesIO(b"evil"))
        assert "is no file of a backup" in refused(restore(target, crafted))
        assert everything(target) == []


def test_r21_a_newer_backup_is_refused_in_words(made: Path, target: Config) -> None:
    for changes in ({"format": 2, "version": "9.0"}, {"schema_revision": "9999", "version": "9.0"}):
        newer = altered(made, name="header.json", change=header(**changes))
        assert "newer than this version" in refused(restore(target, newer))
        assert everything(target) == []


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("database.sqlite.gz", b"", "holds no installation"),
        ("database.sqlite.gz", gzip.compress(b"", mtime=0), "holds no installation"),
        ("database.sqlite.gz", gzip.compress(b"text" * 1000, mtime=0), "is damaged"),
        ("database.sqlite.gz", None, "holds no database"),
        ("quota.sqlite.gz", b"text", "cannot be read"),
        ("quota.sqlite.gz", gzip.compress(b"text" * 1000, mtime=0), "is damaged"),
    ],
)
def test_a_backup_whose_databases_are_none_is_refused_before_anything_is_moved(
    made: Path, target: Config, name: str, content: bytes | None, sentence: str
) -> None:
    """Its manifest fits: somebody has made the archive anew."""
    assert sentence in refused(restore(target, forged(made, name, content)))
    assert everything(target) == []


def test_a_backup_in_which_a_file_stands_twice_is_refused_in_words(
    made: Path, target: Config
) -> None:
    crafted = made.with_name("crafted.tar")
    with tarfile.open(made) as old, tarfile.open(crafted, "w") as new:
        first, second = old.next(), old.next()
        content = old.extractfile(second).read()
        new.addfile(first, old.extractfile(first))
        for _ in range(2):
            new.addfile(second, io.BytesIO(content))
    assert f"{second.name} stands twice" in refused(restore(target, crafted))
    assert everything(target) == []


def test_no_backup_is_written_where_it_would_be_swept(app: Flask, config: Config) -> None:
    for folder in (config.temp_dir, config.lake_dir, config.uploads_dir):
        folder.mkdir(parents=True, exist_ok=True)
        assert "name another folder" in refused(run(app, "backup", folder / "backup.tar"))
        assert not (folder / "backup.tar").exists()


def test_a_backup_cannot_write_to_the_terminal(made: Path, target: Config) -> None:
    newer = header(format=2, version="9\x1b[2J")
    sentence = refused(restore(target, altered(made, name="header.json", change=newer)))
    assert "9?[2J" in sentence


def test_a_backup_of_another_kind_of_database_is_refused_in_words(
    made: Path, target: Config
) -> None:
    kind = "sqlite" if target.database_url.startswith("postgresql") else "postgresql"
    other = altered(made, name="header.json", change=header(database=kind))
    assert f"set DATABASE_URL to one of {kind}" in refused(restore(target, other))


def test_without_its_secret_key_it_says_what_is_lost_and_goes_on_only_when_told(
    made: Path, target: Config
) -> None:
    other = dataclasses.replace(target, secret_key="0123456789abcdef" * 2 + "another")
    sentence = refused(restore(other, made))
    assert "1 signing secrets of webhooks" in sentence
    assert "1 addresses of channels" in sentence
    assert everything(target) == []
    done = restore(other, made, "--without-secrets")
    assert done.exit_code == 0, done.output
    assert "must be set anew: 1 addresses of channels" in done.stderr
    with box(other) as there, there.app_context():
        startup.require_secret_key(db.engine, other)
        channel = db.session.scalars(select(Channel)).one()
        former = dataclasses.replace(other, secret_key_fallbacks=(target.secret_key,))
        assert channels.secrets_of(channel, SealingKeys.of(former))  # once the key is there again


def test_the_key_of_the_backup_may_be_a_fallback(made: Path, target: Config) -> None:
    rotated = dataclasses.replace(
        target, secret_key="0123456789abcdef" * 2 + "another",
        secret_key_fallbacks=(target.secret_key,),
    )  # fmt: skip
    assert restore(rotated, made).exit_code == 0


def test_a_restore_never_takes_the_place_of_an_installation(
    app: Flask, made: Path, config: Config, session: Session, target: Config
) -> None:
    before = session.scalars(select(DeliveryFile.path)).all()
    assert "a restore never takes its place" in refused(run(app, "restore", made))
    assert session.scalars(select(DeliveryFile.path)).all() == before
    assert restore(target, made).exit_code == 0
    assert "a restore never takes its place" in refused(restore(target, made))


@pytest.mark.sqlite
def test_a_damaged_database_is_never_restored_over(made: Path, target: Config) -> None:
    place = target.data_dir / "costoptix.db"
    place.write_bytes(b"not a database at all" * 400)
    assert "move it out of" in refused(restore(target, made))
    assert place.read_bytes().startswith(b"not a database")


def test_a_disk_that_is_too_small_is_said_before_anything_is_written(
    app: Flask, made: Path, target: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = making.shutil.disk_usage(tmp_path)._replace(free=1_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    sentence = refused(restore(target, made))
    assert "1.0 KB are free, and the backup needs" in sentence
    assert everything(target) == []
    done = run(app, "backup", tmp_path / "second.tar")
    assert "There is too little space" in refused(done)
    assert not (tmp_path / "second.tar").exists()


@pytest.mark.filterwarnings("error")
def test_a_disk_that_fills_up_meanwhile_leaves_the_former_backup_and_no_other_file(
    app: Flask, made: Path, target: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R6: found by the system, not by the look before."""
    before = made.read_bytes()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(archive._HashingFile, "_note", full)
        assert "There is too little space" in refused(run(app, "backup", made))
        assert "There is too little space" in refused(restore(target, made))
    gc.collect()
    assert made.read_bytes() == before
    assert [path.name for path in made.parent.iterdir() if "partial" in path.name] == []
    assert everything(target) == []


def test_a_backup_takes_the_place_of_a_backup_and_of_nothing_else(
    app: Flask, made: Path, config: Config, tmp_path: Path
) -> None:
    assert run(app, "backup", made).exit_code == 0
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Ann")
    assert "is not a backup: name another file" in refused(run(app, "backup", letter))
    assert letter.read_text() == "Dear Ann"
    assert "make it first" in refused(run(app, "backup", tmp_path / "nowhere" / "x.tar"))


def test_two_backups_at_once_are_both_whole(
    app: Flask, made: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second begins and ends while the first copies; it leaves the first its own files."""
    copy, second = making._copy, []

    def copy_beside_another(*arguments: Any) -> Any:
        if not second:
            second.append(True)
            assert making.make(db.engine, config, made, print).manifest.totals
        return copy(*arguments)

    monkeypatch.setattr(making, "_copy", copy_beside_another)
    first = making.make(db.engine, config, made, print)
    assert hashlib.sha256(made.read_bytes()).hexdigest() == first.sha256
    assert sorted(made.parent.glob(".*.partial")) == []


def test_files_that_are_missing_or_altered_are_said_and_the_rest_is_saved(
    app: Flask, made: Path, session: Session, config: Config, target: Config
) -> None:
    one, other, *_ = session.scalars(select(DeliveryFile.path).order_by(DeliveryFile.path)).all()
    (config.lake_dir / one).unlink()
    path = config.lake_dir / other
    path.write_bytes(path.read_bytes()[:-1] + b"X")
    done = run(app, "backup", made, "--verify")
    assert done.exit_code == 1
    assert f"{one} is missing" in done.stderr
    assert f"{other} was altered" in done.stderr
    assert "doctor" in done.stderr.splitlines()[-1]
    assert restore(target, made).exit_code == 0


def test_verify_finds_what_does_not_add_up(
    app: Flask, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A total that the archive says of itself, and the files in it do not hold."""
    make = making.make

    def make_wrong(*arguments: Any) -> making.Made:
        result = make(*arguments)
        wrong = altered(result.file, name="manifest.json", change=_dearer)
        wrong.replace(result.file)
        return result

    monkeypatch.setattr(making, "make", make_wrong)
    done = run(app, "backup", made, "--verify")
    assert done.exit_code == 1
    assert "does not add up: delivery" in done.stderr


def _dearer(content: bytes) -> bytes:
    manifest = json.loads(content)
    manifest["totals"][0]["billed_cost"] = "8"
    return json.dumps(manifest).encode()


def test_hashes_of_files_of_before_are_noted(
    app: Flask, made: Path, session: Session, config: Config
) -> None:
    session.rollback()
    files = session.scalars(select(DeliveryFile)).all()
    expected = {file.id: file.sha256 for file in files}
    with writing(session):
        session.execute(update(DeliveryFile).values(sha256=None))
    making.make(db.engine, config, made, print)
    session.expire_all()
    assert {file.id: file.sha256 for file in session.scalars(select(DeliveryFile))} == expected


def test_a_backup_carries_the_id_of_its_installation(made: Path, session: Session) -> None:
    session.rollback()
    with archive.reading(made) as reader:
        assert reader.header.installation_id == session.scalar(
            select(InstallationIdentity.installation_id)
        )


@pytest.mark.sqlite
def test_r21_a_backup_of_an_older_schema_is_migrated(made: Path, target: Config) -> None:
    """Its database goes one step back first, as the version before would have backed it up."""

    def older(content: bytes) -> bytes:
        plain = made.with_name("older.db")
        plain.write_bytes(gzip.decompress(content))
        _downgrade(target, plain)
        return gzip.compress(plain.read_bytes())

    old = altered(made, name="database.sqlite.gz", change=older)
    digest = {}
    with tarfile.open(old) as tar:
        content = tar.extractfile("database.sqlite.gz").read()
        digest = {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    def manifest(content: bytes) -> bytes:
        said = json.loads(content)
        for entry in said["files"]:
            if entry["name"] == "database.sqlite.gz":
                entry.update(digest)
        return json.dumps(said).encode()

    old = old.rename(old.with_name("old.tar"))
    old = altered(old, name="manifest.json", change=manifest)
    done = restore(target, old)
    assert done.exit_code == 0, done.output
    with box(target) as there, there.app_context():
        startup.require_schema(db.engine)
        assert db.session.scalars(select(Organization)).one().name == "Acme Cloud"


def _downgrade(target: Config, database: Path) -> None:
    from flask_migrate import downgrade

    aside = dataclasses.replace(target, database_url=f"sqlite:///{database}")
    with box(aside) as old, old.app_context():
        downgrade(revision="-1")


def test_pg_dump_that_is_missing_or_older_than_the_server_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from costoptix.errors import Unavailable

    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr(Path, "glob", lambda *_: iter(()))
    with pytest.raises(Unavailable, match="pg_dump is missing: apt install postgresql-client"):
        postgresql._program("pg_dump", 15)
    monkeypatch.setattr("shutil.which", lambda _: "/bin/sh")
    monkeypatch.setattr(postgresql, "_version", lambda _: 13)
    with pytest.raises(Unavailable, match="of version 13, older than the server"):
        postgresql._program("pg_dump", 15)
