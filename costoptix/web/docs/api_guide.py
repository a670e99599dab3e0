"""``/docs/api``: how to get and use a key on this installation, then every operation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask import current_app, render_template
from flask.typing import ResponseReturnValue

from costoptix.access.tiers import TIERS
from costoptix.web.parts.routing import Access, page
from costoptix.web.parts.session import config

PREFIX = "/api/v1"
_EXAMPLES = {
    "integer": 1,
    "number": 1,
    "boolean": True,
    "array": [],
    "object": {},
}
_BLANK = "fill in: {}"
_IN_JSON, _IN_PYTHON = (re.compile(f"{quote}fill in: (\\w+){quote}") for quote in "\"'")
_TITLES = {"auth": "Key information", "openapi.json": "This description"}

Schema = dict[str, Any]


@dataclass(frozen=True)
class DocumentedParameter:
    """One parameter or body field, as the guide lists it."""

    name: str
    place: str  # path, query, header or body
    required: bool
    description: str


@dataclass(frozen=True)
class Example:
    """One operation, ready to paste."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[DocumentedParameter]
    curl: str
    python: str


@dataclass(frozen=True)
class Section:
    """The operations below one first word of the path."""

    id: str
    title: str
    operations: list[Example]


@page("/docs/api", access=Access.PUBLIC)
def docs_api() -> ResponseReturnValue:
    """Show the guide; it needs neither key nor session."""
    document: Schema = current_app.extensions["openapi_document"]()
    return render_template(
        "docs/api.html",
        base_url=config().public_url + PREFIX,
        tiers=TIERS.values(),
        sections=list(_sections(document)),
    )


def _sections(document: Schema) -> Iterator[Section]:
    operations = list(_examples(document))
    for word, members in groupby(operations, key=lambda operation: operation.path.split("/")[1]):
        yield Section(word, _TITLES.get(word, word.capitalize()), list(members))


def _examples(document: Schema) -> Iterator[Example]:
    """Describe the operations, ordered by the first word of their paths."""
    for path in sorted(document["paths"], key=lambda path: path.split("/")[1]):
        for method, operation in document["paths"][path].items():
            yield _example(document, path, method.upper(), operation)


def _example(document: Schema, path: str, method: str, operation: Schema) -> Example:
    content = operation.get("requestBody", {}).get("content", {})
    body = _resolve(document, content.get("application/json", {}).get("schema", {}))
    is_upload = bool(content) and not body
    address = config().public_url + PREFIX + path + ("?dry_run=true" if is_upload else "")
    has_key = bool(operation.get("security"))
    return Example(
        id=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        parameters=[*_parameters(document, operation), *_fields(document, body)],
        curl=_curl(method, address, has_key, _sample(document, body), is_upload),
        python=_python(method, address, has_key, _sample(document, body), is_upload),
    )


def _parameters(document: Schema, operation: Schema) -> Iterator[DocumentedParameter]:
    for given in operation["parameters"]:
        meaning = _meaning(document, given["schema"], given.get("description", ""))
        yield DocumentedParameter(given["name"], given["in"], given.get("required", False), meaning)


def _fields(document: Schema, body: Schema) -> Iterator[DocumentedParameter]:
    for name, schema in body.get("properties", {}).items():
        meaning = _meaning(document, schema, _resolve(document, schema).get("description", ""))
        yield DocumentedParameter(name, "body", name in body.get("required", []), meaning)


def _meaning(document: Schema, schema: Schema, description: str) -> str:
    """Say what a value is for, and which values are allowed where they are few."""
    described = _resolve(document, schema)
    if described.get("type") == "array":
        described = _resolve(document, described["items"])
    if "enum" in described or not description:
        return f"{description} {_constraints(described)}".strip()
    return description


def _resolve(document: Schema, schema: Schema) -> Schema:
    """Follow a reference, and take the first choice of several."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _resolve(document, document["components"]["schemas"][name])
    if "anyOf" in schema:
        return {**_resolve(document, schema["anyOf"][0]), **_without(schema, "anyOf")}
    return schema


def _without(schema: Schema, key: str) -> Schema:
    return {name: value for name, value in schema.items() if name != key}


def _constraints(schema: Schema) -> str:
    """Say in words what a schema allows."""
    if "enum" in schema:
        return " or ".join(str(value) for value in schema["enum"])
    parts = [str(schema.get("type", "")), str(schema.get("format", ""))]
    if "minimum" in schema or "maximum" in schema:
        parts.append(f"{schema.get('minimum', '')} to {schema.get('maximum', '')}")
    return " ".join(part for part in parts if part)


def _sample(document: Schema, body: Schema) -> Schema | None:
    """Return a body with a value for each field that is required; None without a body.

    Words are left to be filled in: pasted as it is, an example changes nothing.
    """
    if not body:
        return None
    required = body.get("required", [])
    schemas = {name: _resolve(document, body["properties"][name]) for name in required}
    return {name: _value(name, schema) for name, schema in schemas.items()}


def _value(name: str, schema: Schema) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    blank = _BLANK.format(name)
    return schema.get("default", _EXAMPLES.get(str(schema.get("type")), blank))


def _curl(method: str, address: str, has_key: bool, sample: Schema | None, is_upload: bool) -> str:
    parts = ["curl"]
    if method not in ("GET", "POST") or (method == "POST" and sample is None and not is_upload):
        parts.append(f"-X {method}")
    if has_key:
        parts.append('-H "X-API-Key: $COST_OPTIX_KEY"')
    if sample is not None:
        body = _IN_JSON.sub(r"<\1>", json.dumps(sample))
        parts += ["-H 'Content-Type: application/json'", f"-d '{body}'"]
    if is_upload:
        parts.append("-F file=@bill.csv")
    return " ".join([*parts, f'"{address}"'])


def _python(
    method: str, address: str, has_key: bool, sample: Schema | None, is_upload: bool
) -> str:
    arguments = [f'"{method}"', f'"{address}"']
    if has_key:
        arguments.append('headers={"X-API-Key": os.environ["COST_OPTIX_KEY"]}')
    if sample is not None:
        blanks = _IN_PYTHON.sub(lambda blank: blank[1].upper(), repr(sample))
        arguments.append(f"json={blanks}")
    if is_upload:
        arguments.append('files={"file": open("bill.csv", "rb")}')
    call = "\n".join(f"    {argument}," for argument in arguments)
    return f"import os, requests\n\nanswer = requests.request(\n{call}\n)\nprint(answer.json())"
