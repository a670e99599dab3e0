"""The documents of ``docs/`` that are pages of the product, and how Markdown becomes HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from flask import current_app
from markdown_it import MarkdownIt
from markupsafe import Markup

from costoptix.errors import NotFound

MARKDOWN = "text/markdown; charset=utf-8"
_FOR_DEVELOPERS = frozenset({"architecture", "contributing"})
_LINK = re.compile(r'href="(?P<name>[a-z-]+)\.md(?P<anchor>#[^"]*)?"')


@dataclass(frozen=True)
class Document:
    """A document: ``name`` is the end of its address, ``about`` the beginning of its text."""

    name: str
    title: str
    about: str
    text: str


@cache
def documents() -> dict[str, Document]:
    """Return the documents that are pages, by name."""
    folder = Path(current_app.root_path).parent / "docs"
    names = sorted(path.stem for path in folder.glob("*.md"))
    return {
        name: _read(name, folder / f"{name}.md") for name in names if name not in _FOR_DEVELOPERS
    }


def get(name: str) -> Document:
    """Return the document of that name.

    Raises:
        NotFound: there is none.
    """
    if name not in documents():
        raise NotFound
    return documents()[name]


def _read(name: str, path: Path) -> Document:
    text = path.read_text(encoding="utf-8")
    heading, _, rest = text.partition("\n")
    about = rest.strip().partition("\n\n")[0].replace("\n", " ")
    return Document(name, heading.removeprefix("# "), re.split(r"(?<=[.:]) ", about)[0], text)


@dataclass(frozen=True)
class Passage:
    """What stands under one heading: ``anchor`` is "" at a document's beginning."""

    title: str
    anchor: str
    text: str


def passages(text: str) -> Iterator[Passage]:
    """Split Markdown at its headings."""
    for piece in re.split(r"(?m)^(?=#{1,3} )", text):
        heading, _, body = piece.partition("\n")
        if heading.startswith("#"):
            title = heading.lstrip("# ").strip()
            yield Passage(title, "" if heading.startswith("# ") else anchor(title), body)


def anchor(title: str) -> str:
    """Return the id of a heading: its words with dashes between."""
    return re.sub(r"\W+", "-", title.lower()).strip("-")


def to_html(text: str) -> Markup:
    """Turn our own Markdown into HTML: headings have ids, tables scroll, links lead to pages."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    for opening, words in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", anchor(words.content))
        if opening.type == "table_open":
            opening.attrSet("class", "table")
    rendered = markdown.renderer.render(tokens, markdown.options, {})
    # What scrolls sideways on a phone must be reachable by keyboard.
    rendered = rendered.replace("<table", '<div class="scroll" tabindex="0"><table')
    rendered = rendered.replace("</table>", "</table></div>").replace("<pre>", '<pre tabindex="0">')
    rendered = _LINK.sub(r'href="/docs/\g<name>\g<anchor>"', rendered)
    return Markup(rendered)  # noqa: S704 - our own documents, with raw HTML switched off
