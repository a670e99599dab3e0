"""Documents of ``docs/`` as pages and as Markdown, and what lists them for agents."""

from __future__ import annotations

from functools import cache

from flask import Response, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from costoptix.web.docs import api_guide, documents
from costoptix.web.parts.routing import Access, page
from costoptix.web.parts.session import config


@page("/docs/<document>", access=Access.PUBLIC)
def docs_document(document: str) -> ResponseReturnValue:
    """Show a document."""
    shown = documents.get(document)
    return render_template(
        "docs/document.html", document=shown, body=_body(document), **api_guide.contents()
    )


@page("/docs/<document>.md", access=Access.PUBLIC)
def docs_markdown(document: str) -> ResponseReturnValue:
    """Answer a document as it is written."""
    return Response(documents.get(document).text, content_type=documents.MARKDOWN)


@page("/llms.txt", access=Access.PUBLIC)
def llms() -> ResponseReturnValue:
    """List the documentation for agents (llmstxt.org)."""
    text = render_template(
        "docs/llms.txt",
        base=config().public_url,
        documents=documents.documents().values(),
        resources=api_guide.all_resources(),
    )
    return Response(text, content_type="text/plain; charset=utf-8")


@cache
def _body(name: str) -> Markup:
    return documents.to_html(documents.get(name).text)
