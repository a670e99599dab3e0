"""Addresses of static files, with their content's hash: cached for good, never stale."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, url_for


def init_app(app: Flask) -> None:
    """Give templates ``asset('css/app.css')``."""
    folder = Path(str(app.static_folder))

    @app.template_global()
    def asset(name: str) -> str:
        path = folder / name
        return url_for("static", filename=name, v=_version(path, path.stat().st_mtime_ns))


@lru_cache(maxsize=256)
def _version(path: Path, _modified: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
