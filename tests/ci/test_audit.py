"""`make audit` counts what was asked, and never calls unasked packages sound."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[2] / ".ci" / "audit.py"
SOUND = {"name": "flask", "version": "3.1.3", "vulns": []}
FAULTY = {
    "name": "werkzeug",
    "version": "3.1.9",
    "vulns": [{"id": "PYSEC-2027-1", "fix_versions": ["3.1.10"]}],
}
SKIPPED = {"name": "duckdb", "skip_reason": "Dependency not found on PyPI"}


@pytest.fixture
def audit(tmp_path: Path):
    """Run it with a pip-audit that answers what the test says."""

    def run(answer: list[dict[str, object]] | None) -> tuple[int, list[str]]:
        program = tmp_path / "pip-audit"
        lines = [f"#!{sys.executable}", "import sys"]
        if answer is None:
            lines.append("sys.exit('Failed to resolve api.osv.dev')")
        else:
            lines.append(f"open(sys.argv[-1], 'w').write({json.dumps({'dependencies': answer})!r})")
        program.write_text("\n".join(lines))
        program.chmod(0o700)
        command = [sys.executable, AUDIT, program, "requirements.txt"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout.splitlines()

    return run


def test_a_known_fault_ends_it_with_1_and_is_named(audit) -> None:
    code, lines = audit([SOUND, FAULTY])
    assert code == 1
    assert lines == [
        "werkzeug 3.1.9: PYSEC-2027-1, mended in 3.1.10",
        "checked: 2 packages; known faults: 1",
    ]


@pytest.mark.parametrize("answer", [None, [], [SKIPPED]])
def test_advisories_out_of_reach_are_said_to_be_not_checked(audit, answer) -> None:
    """A mirror without advisories lets pip-audit say "no known vulnerabilities" of no answer."""
    assert audit(answer) == (0, ["not checked: the advisories cannot be reached from here"])


def test_a_package_that_was_not_answered_for_is_named(audit) -> None:
    code, lines = audit([SOUND, SKIPPED])
    assert code == 0
    assert lines == ["checked: 1 packages; known faults: 0", "not checked: duckdb"]
