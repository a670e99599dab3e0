"""Programs of optional services, by their absolute paths.

The suite itself needs none that the README does not name: `.ci/run` runs it with a PATH on which
these are not found (`.ci/bare_path`), so that whatever is called by its name alone fails there.
"""

from __future__ import annotations

import shutil

FOLDERS = "/usr/local/bin:/usr/bin:/usr/sbin"
"""Where Debian and its administrators put programs, on the PATH or not."""


def find(*names: str) -> str | None:
    """Return the path of the first of these programs that is installed, or None."""
    paths = (shutil.which(name) or shutil.which(name, path=FOLDERS) for name in names)
    return next((path for path in paths if path is not None), None)
