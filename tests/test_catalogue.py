"""Checks over the whole tree, and that none of `docs/security.md` is without a test."""

from __future__ import annotations

import ast
import importlib
import itertools
import pkgutil
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

import costoptix
from costoptix.models import Base

ROOT = Path(__file__).parents[1]
HOSTILE = [
    part * (100_000 // len(part)) for part in ("a", " ", "1", "a ", "a.", "-", "(a", "1,", "\t\n")
]
NUMBERED = {"anomaly_judgements", "audit_entries", "audit_tallies", "dispatch_attempts", "events"}
"""Entries of logs: no address leads to one."""
_CHECK = re.compile(r"_s(\d{1,2})(?=_)|\bS(\d{1,2})\b")
_ROW = re.compile(r"^\| S(\d+) \| .* \| (.*) \|$", re.MULTILINE)


def numbers_in_tests() -> set[int]:
    """Return the checks that a test names, in its name or the words below it."""
    numbers = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                words = f"{node.name} {ast.get_docstring(node) or ''}"
                numbers |= {int(a or b) for a, b in _CHECK.findall(words)}
        numbers |= {int(a or b) for a, b in _CHECK.findall(ast.get_docstring(ast.parse(
            path.read_text())) or "")}  # fmt: skip
    return numbers


def test_every_check_is_held_by_a_test_or_said_to_be_owed() -> None:
    """The table names each of S1 to S64 once; at most eight of them are not tested."""
    rows = _ROW.findall((ROOT / "docs" / "security.md").read_text())
    assert [int(number) for number, _ in rows] == list(range(1, 65))
    owed = {int(number) for number, how in rows if how.startswith("not tested")}
    assert len(owed) <= 8
    assert set(range(1, 65)) - numbers_in_tests() <= owed


def expressions() -> Iterator[tuple[str, re.Pattern[str], set[str]]]:
    """Every regular expression that a module keeps: its name, itself, and how it is used there."""
    for module in pkgutil.walk_packages(costoptix.__path__, "costoptix."):
        loaded = importlib.import_module(module.name)
        source = Path(str(loaded.__file__)).read_text()
        for name, value in vars(loaded).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                methods = set(re.findall(rf"\b{name}\.(\w+)\(", source)) - {"finditer"}
                yield f"{module.name}.{name}", value, methods


def test_s48_no_expression_of_ours_is_slow_on_hostile_text() -> None:
    """S48: 100,000 characters in less than 50 ms of the processor; nobody sends us expressions."""
    slow = {}
    used = 0
    for name, expression, methods in expressions():
        used += bool(methods)
        for method, hostile in itertools.product(methods, HOSTILE):
            for _ in range(3):  # the processor may have been elsewhere
                seconds = _seconds(expression, method, f"{hostile}!")
                if seconds < 0.05:
                    break
            else:
                slow[name, method, hostile[:2]] = seconds
    assert used > 20
    assert slow == {}


def _seconds(expression: re.Pattern[str], method: str, hostile: str) -> float:
    arguments = ("", hostile) if method.startswith("sub") else (hostile,)
    begin = time.thread_time()
    getattr(expression, method)(*arguments)
    return time.thread_time() - begin


def test_s31_what_has_an_id_has_a_random_one() -> None:
    """S31: nobody counts on to another's."""
    numbered = {
        table.name
        for table in Base.metadata.sorted_tables
        if "id" in table.columns and table.columns["id"].type.python_type is int
    }
    assert numbered <= NUMBERED


@pytest.mark.sqlite  # the plan is SQLite's
def test_s34_a_key_is_found_by_its_digest_and_by_nothing_that_is_shown(session: Session) -> None:
    """S34, R18: one indexed look-up of a SHA-256: no text to compare character by character."""
    plan = session.execute(text("EXPLAIN QUERY PLAN SELECT id FROM api_keys WHERE digest = 'x'"))
    assert "USING INDEX" in str(plan.all()) or "USING COVERING INDEX" in str(plan.all())
    source = (ROOT / "costoptix" / "access" / "key_lookup.py").read_text()
    assert "prefix ==" not in source


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.txt")), ids=lambda path: path.name)
def test_s61_every_package_is_pinned_to_what_its_hash_says(path: Path) -> None:
    """S61: with --require-hashes nothing else can be installed."""
    requirements = re.split(r"\n(?=[A-Za-z0-9])", path.read_text().strip())
    for requirement in requirements:
        assert re.match(r"[A-Za-z0-9_.\[\]-]+==", requirement), requirement[:80]
        assert "--hash=sha256:" in requirement, requirement[:80]


def test_s61_what_is_served_is_ours_or_has_its_licence_beside_it() -> None:
    """S61: no script or style of others is shipped; the font names its authors."""
    served = {
        str(path.relative_to(ROOT)) for path in (ROOT / "static").rglob("*") if path.is_file()
    }
    scripts = {path for path in served if path.endswith((".js", ".css"))}
    assert not [path for path in scripts if ".min." in path or "vendor" in path]
    for font in (path for path in served if path.endswith((".woff2", ".ttf"))):
        assert [path for path in served if path.endswith("LICENSE.txt")], font
    makefile = (ROOT / "Makefile").read_text()
    assert makefile.count("--require-hashes") >= 2
