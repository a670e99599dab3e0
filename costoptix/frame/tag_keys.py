"""Tag keys in paths."""

from __future__ import annotations

from werkzeug.routing import PathConverter


class TagKeyConverter(PathConverter):
    """A tag key in a path, slashes and all; ``rules`` is taken."""

    regex = r"(?!rules(?:/|$))[^/].*?"
