"""Documents of ``docs/`` as pages: how the figures come about, how bills come in."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

from flask import current_app, render_template
from flask.typing import ResponseReturnValue
from markdown_it import MarkdownIt
from markupsafe import Markup

from costoptix.web.parts.routing import page


@page("/docs/figures")
def docs_figures() -> ResponseReturnValue:
    """Show how every figure is computed."""
    return _show("figures.md", "How we compute this")


@page("/docs/imports")
def docs_imports() -> ResponseReturnValue:
    """Show how bills come in by themselves, and how to make each cloud write them."""
    return _show("imports.md", "Bills that come in by themselves")


def _show(document: str, title: str) -> ResponseReturnValue:
    root = Path(current_app.root_path).parent
    return render_template("docs/document.html", title=title, body=_body(root / "docs" / document))


@cache
def _body(document: Path) -> Markup:
    """Turn the document into HTML: headings can be linked to by their words, tables scroll."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(document.read_text(encoding="utf-8"))
    for opening, words in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", re.sub(r"\W+", "-", words.content.lower()).strip("-"))
        if opening.type == "table_open":
            opening.attrSet("class", "table")
    rendered = markdown.renderer.render(tokens, markdown.options, {})
    # What scrolls sideways on a phone must be reachable by keyboard.
    rendered = rendered.replace("<table", '<div class="scroll" tabindex="0"><table')
    rendered = rendered.replace("</table>", "</table></div>").replace("<pre>", '<pre tabindex="0">')
    return Markup(rendered)  # noqa: S704 - our own document, with raw HTML switched off
