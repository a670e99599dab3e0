"""The units of ``deploy/systemd`` and the Containerfile name what exists."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from tests.support import programs
from tests.support.server import ROOT

UNITS = ROOT / "deploy" / "systemd"
ANALYZE = programs.find("systemd-analyze")
HOME = "/opt/costoptix"
MOST_EXPOSED = 2.0
"""Of 10, as ``systemd-analyze security`` counts; a unit without any hardening has 9.6."""


def services() -> list[Path]:
    return sorted(UNITS.glob("*.service"))


@pytest.mark.parametrize("unit", services(), ids=lambda path: path.stem)
def test_a_unit_calls_commands_that_there_are(unit: Path, app: Flask) -> None:
    text = unit.read_text()
    called = re.findall(r"--app app (\w+)", text)
    assert called or "gunicorn -c gunicorn.conf.py app:app" in text
    assert set(called) <= {*app.cli.commands}
    assert (ROOT / "gunicorn.conf.py").exists()
    for name in re.findall(rf"{HOME}/\.venv/bin/(\w+)", text):
        assert (ROOT / ".venv" / "bin" / name).exists()


@pytest.mark.skipif(ANALYZE is None, reason="systemd is missing: apt install systemd")
def test_systemd_takes_the_units_and_finds_them_hardened(tmp_path: Path) -> None:
    for unit in UNITS.iterdir():
        text = unit.read_text().replace(f"{HOME}/.venv/bin/flask", "/bin/true")
        (tmp_path / unit.name).write_text(text.replace(f"{HOME}/.venv/bin/gunicorn", "/bin/true"))
    names = [str(path) for path in sorted(tmp_path.iterdir())]
    verified = subprocess.run(
        [str(ANALYZE), "verify", "--man=no", *names], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr.strip()) == (0, "")
    for service in tmp_path.glob("*.service"):
        told = subprocess.run(
            [str(ANALYZE), "security", "--offline=true", "--no-pager", str(service)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        exposure = re.search(r"exposure level for \S+: ([\d.]+)", told.stdout)
        assert exposure is not None, told.stderr
        assert float(exposure[1]) <= MOST_EXPOSED, service.name


def test_what_the_page_types_is_there(app: Flask) -> None:
    """Commands, targets of make and files that docs/deploy.md names."""
    page = (ROOT / "docs" / "deploy.md").read_text()
    typed = "\n".join(re.findall(r"^# (.*(?:\\\n.*)*)", page, re.MULTILINE))
    commands = {*re.findall(r"(?<!/)\bcostoptix (\w+)", typed)} - {"costoptix"}
    assert commands == {"restore", "doctor"} <= {*app.cli.commands}
    assert {*re.findall(r"make -C /opt/costoptix ([\w./]+)", typed)} == {"install"}
    assert re.search(r"^install:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for path in re.findall(rf"{HOME}/(deploy[\w./]*)", typed):
        assert (ROOT / path).exists(), path
    for unit in re.findall(r"costoptix-\w+\.\w+|costoptix-(?:web|worker|backup)\b", typed):
        assert (UNITS / (unit if "." in unit else f"{unit}.service")).exists(), unit


def test_a_command_by_hand_runs_as_the_services_do(tmp_path: Path) -> None:
    """``deploy/costoptix``: the account, folder, environment and program of the units."""
    stand_in = tmp_path / "systemd-run"
    stand_in.write_text('#!/bin/sh\nfor word; do echo "$word"; done\nexit 3\n')
    stand_in.chmod(0o755)
    done = subprocess.run(
        [str(ROOT / "deploy" / "costoptix"), "restore", "a file.tar"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    words = done.stdout.splitlines()
    assert words[-5:] == [f"{HOME}/.venv/bin/flask", "--app", "app", "restore", "a file.tar"]
    unit = (UNITS / "costoptix-worker.service").read_text()
    for ours, theirs in (
        ("--uid=", "User="), ("--gid=", "Group="), ("--working-directory=", "WorkingDirectory="),
        ("--setenv=", "Environment="), ("--property=EnvironmentFile=", "EnvironmentFile="),
        ("--property=UMask=", "UMask="),
    ):  # fmt: skip
        (value,) = (word.removeprefix(ours) for word in words if word.startswith(ours))
        assert f"\n{theirs}{value}\n" in unit, theirs


def test_the_image_has_all_that_the_application_opens(tmp_path: Path) -> None:
    """Its copies, put into an empty folder, answer; nothing else of the tree is needed."""
    text = (ROOT / "deploy" / "Containerfile").read_text()
    copied = [line.split()[1:-1] for line in re.findall(r"^COPY (?!--).*", text, re.MULTILINE)]
    for name in {name for names in copied for name in names}:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    command = [str(ROOT / ".venv" / "bin" / "python"), "-m", "flask", "--app", "app"]
    environment = {"COSTOPTIX_DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"}
    code = (
        "from app import app; client = app.test_client();"
        "print([client.get(p).status_code for p in ('/healthz', '/docs/api', '/docs/figures')])"
    )
    for arguments in ([*command, "db", "upgrade"], [command[0], "-c", code]):
        done = subprocess.run(
            arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[200, 200, 200]"
