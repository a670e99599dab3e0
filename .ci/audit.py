"""Ask for the known faults of the pinned packages; say "not checked" of what nobody answered for.

    python .ci/audit.py PIP_AUDIT REQUIREMENTS…

Ends with 1 where a fault is known. Where the advisories cannot be reached it ends with 0, and says
that nothing was checked. Never part of `make lint` or `.ci/run`: these depend on no service.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SECONDS = 300


def main(program: str, *requirements: str) -> int:
    """Print what is known; return the exit status."""
    packages = [package for name in requirements for package in _answers(program, name)]
    checked = [package for package in packages if "vulns" in package]
    faults = [(package, fault) for package in checked for fault in package["vulns"]]
    for package, fault in faults:
        mended = ", ".join(fault["fix_versions"]) or "no version"
        print(f"{package['name']} {package['version']}: {fault['id']}, mended in {mended}")
    if not checked:
        print("not checked: the advisories cannot be reached from here")
        return 0
    missing = sorted(package["name"] for package in packages if "vulns" not in package)
    print(f"checked: {len(checked)} packages; known faults: {len(faults)}")
    if missing:
        print(f"not checked: {', '.join(missing)}")
    return 1 if faults else 0


def _answers(program: str, requirements: str) -> list[dict[str, Any]]:
    """Return what pip-audit says of each package of a file; nothing where it could not ask."""
    with TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [program, "--disable-pip", "--require-hashes", "--progress-spinner", "off"]
        command += ["-r", requirements, "-f", "json", "-o", str(answer)]
        try:
            subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
            packages: list[dict[str, Any]] = json.loads(answer.read_text())["dependencies"]
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return []
    return packages


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
