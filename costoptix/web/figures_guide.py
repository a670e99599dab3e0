"""``/docs/figures``: how the figures come about, from the document in ``docs/``."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

from flask import current_app, render_template
from flask.typing import ResponseReturnValue
from markdown_it import MarkdownIt
from markupsafe import Markup

from costoptix.web.routing import page

DOCUMENT = Path("docs") / "figures.md"


@page("/docs/figures")
def docs_figures() -> ResponseReturnValue:
    """Show the document."""
    return render_template("docs/figures.html", body=_body(Path(current_app.root_path).parent))


@cache
def _body(root: Path) -> Markup:
    """Turn the document into HTML: headings can be linked to by their words, tables scroll."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse((root / DOCUMENT).read_text(encoding="utf-8"))
    for opening, words in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", re.sub(r"\W+", "-", words.content.lower()).strip("-"))
        if opening.type == "table_open":
            opening.attrSet("class", "table")
    rendered = markdown.renderer.render(tokens, markdown.options, {})
    rendered = rendered.replace("<table", '<div class="scroll"><table')
    rendered = rendered.replace("</table>", "</table></div>")
    return Markup(rendered)  # noqa: S704 - our own document, with raw HTML switched off
