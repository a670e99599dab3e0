"""``/docs/api``: how to get and use a key on this installation, and a page for each resource."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from flask import Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from costoptix.access.permissions import Caller
from costoptix.access.tiers import TIERS
from costoptix.errors import NotFound
from costoptix.web.docs import documents, search
from costoptix.web.docs.answers import Shown, own_values, shown_answer
from costoptix.web.docs.operations import Described, Resource, resources
from costoptix.web.docs.pasting import KEY_VARIABLE, Pasted
from costoptix.web.docs.schemas import Schema
from costoptix.web.parts.routing import Access, page
from costoptix.web.parts.session import config

PREFIX = "/api/v1"
LONGEST_SEARCH = 200


@dataclass(frozen=True)
class ShownCall:
    """One operation, ready to paste, and what it answers."""

    operation: Described
    pasted: Pasted
    answer: Shown | None
    path: str  # of the example, below the base


@page("/docs/api", access=Access.PUBLIC)
def docs_api() -> ResponseReturnValue:
    """Show the guide, or what a search finds; it needs neither key nor session."""
    words = request.args.get("q", "")[:LONGEST_SEARCH].strip()
    if words:
        hits = search.find(words, all_resources(), _guide(), documents.documents().values())
        return render_template("docs/search.html", words=words, hits=hits, **contents())
    return render_template("docs/api.html", body=documents.to_html(_guide()), **contents())


@page("/docs/api.md", access=Access.PUBLIC)
def docs_api_markdown() -> ResponseReturnValue:
    """Answer the guide as Markdown."""
    return Response(_guide(), content_type=documents.MARKDOWN)


@page("/docs/api/<resource>", access=Access.PUBLIC)
def docs_resource(resource: str) -> ResponseReturnValue:
    """Show the operations of one resource."""
    shown = _resource(resource)
    calls = _shown_calls(shown)
    return render_template("docs/resource.html", resource=shown, calls=calls, **contents())


@page("/docs/api/<resource>.md", access=Access.PUBLIC)
def docs_resource_markdown(resource: str) -> ResponseReturnValue:
    """Answer the operations of one resource as Markdown."""
    shown = _resource(resource)
    text = render_template("docs/resource.md", resource=shown, calls=_shown_calls(shown))
    return Response(text, content_type=documents.MARKDOWN)


@cache
def all_resources() -> list[Resource]:
    """Return every resource of the API: declared once, the same in every application."""
    return resources(_document())


def base_url() -> str:
    """Return where this installation's API is."""
    return config().public_url + PREFIX


@cache
def _document() -> Schema:
    document: Schema = current_app.extensions["openapi_document"]()
    return document


def _resource(name: str) -> Resource:
    for resource in all_resources():
        if resource.name == name:
            return resource
    raise NotFound


def _shown_calls(resource: Resource) -> list[ShownCall]:
    document = _document()
    caller = current_user.caller if current_user.is_authenticated else None
    values = own_values(resource, caller)
    return [_shown_call(document, operation, values, caller) for operation in resource.operations]


def _shown_call(
    document: Schema, operation: Described, values: dict[str, str], caller: Caller | None
) -> ShownCall:
    # What writes is about nothing until somebody says about what.
    given = values if operation.method == "GET" else {}
    pasted = operation.pasted(base_url(), given)
    answer = shown_answer(document, operation, given, caller)
    return ShownCall(operation, pasted, answer, operation.address(given))


def _guide() -> str:
    return render_template(
        "docs/guide.md",
        base_url=base_url(),
        key_variable=KEY_VARIABLE,
        tiers=TIERS.values(),
        resources=all_resources(),
    )


def contents() -> dict[str, object]:
    """Return what the contents at the side list."""
    return {
        "base_url": base_url(),
        "resources": all_resources(),
        "documents": list(documents.documents().values()),
        "sections": [passage for passage in documents.passages(_guide()) if passage.anchor],
    }
