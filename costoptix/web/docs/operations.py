"""The operations of the API as the guide describes them, by resource, from the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

from costoptix.drafts import placeholder
from costoptix.web.docs.pasting import Pasted, sample_body
from costoptix.web.docs.schemas import Schema, meaning, resolve

_TITLES = {"auth": "Key information", "openapi": "OpenAPI document"}
QUERIES = {
    "costs": "range=last_30_days&group_by=service_name&limit=2",
    "export_costs": "range=last_30_days&format=focus&file=csv.gz",
    "cost_dimension_values": "range=last_30_days&limit=2",
}
"""The query string of an operation's example, by its id; what lists has ``limit=2`` else."""
_SAVED_AS = {"export_costs": "costs.csv.gz"}
_FIXED = {("cost_dimension_values", "name"): "service_name"}
"""Values of a path that every organization has."""


@dataclass(frozen=True)
class DocumentedParameter:
    """One parameter or body field, as the guide lists it."""

    name: str
    place: str  # path, query, header or body
    required: bool
    description: str


@dataclass(frozen=True)
class Described:
    """One operation: ``path`` is a template, ``{budget_id}`` stands for a value."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[DocumentedParameter]
    has_key: bool
    body: Schema | None
    is_upload: bool
    answer: Schema  # the schema of a success

    @property
    def variables(self) -> list[str]:
        """Return the names of the path's variables."""
        return [parameter.name for parameter in self.parameters if parameter.place == "path"]

    @property
    def query(self) -> str:
        """Return the query string of the example."""
        if self.is_upload:
            return "dry_run=true"
        takes_limit = any(parameter.name == "limit" for parameter in self.parameters)
        return QUERIES.get(self.id, "limit=2" if takes_limit and self.method == "GET" else "")

    def pasted(self, base: str, values: dict[str, str]) -> Pasted:
        """Return the call with values for the path's variables, else placeholders for them."""
        return Pasted(
            method=self.method,
            address=base + self.address(values),
            has_key=self.has_key,
            body=self.body,
            file="<file>" if self.is_upload else "",
            saved_as=_SAVED_AS.get(self.id, ""),
        )

    def address(self, values: dict[str, str]) -> str:
        """Return path and query string below the base."""
        path = self.path
        for name in self.variables:
            value = self.value(name, values)
            written = value if value == placeholder(name) else quote(value, safe="")
            path = path.replace(f"{{{name}}}", written)
        return path + (f"?{self.query}" if self.query else "")

    def value(self, name: str, values: dict[str, str]) -> str:
        """Return the value of a variable of the path, or its placeholder."""
        return _FIXED.get((self.id, name)) or values.get(name) or placeholder(name)


@dataclass(frozen=True)
class Resource:
    """The operations below one first word of the path; ``name`` is that word."""

    name: str
    title: str
    operations: list[Described]


def resources(document: Schema) -> list[Resource]:
    """Return every operation, by resource, in the order of their names."""
    described = sorted(_all(document), key=lambda operation: _word(operation.path))
    return [
        Resource(word, _TITLES.get(word, word.capitalize()), list(operations))
        for word, operations in groupby(described, key=lambda operation: _word(operation.path))
    ]


def _word(path: str) -> str:
    return path.split("/")[1].removesuffix(".json")


def _all(document: Schema) -> Iterator[Described]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield _describe(document, path, method.upper(), operation)


def _describe(document: Schema, path: str, method: str, operation: Schema) -> Described:
    content = operation.get("requestBody", {}).get("content", {})
    body = resolve(document, content.get("application/json", {}).get("schema", {}))
    success = next(iter(operation["responses"].values()))
    return Described(
        id=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        parameters=[*_parameters(document, operation), *_fields(document, body)],
        has_key=bool(operation.get("security")),
        body=sample_body(document, body),
        is_upload=bool(content) and not body,
        answer=success.get("content", {}).get("application/json", {}).get("schema", {}),
    )


def _parameters(document: Schema, operation: Schema) -> Iterator[DocumentedParameter]:
    for given in operation["parameters"]:
        about = meaning(document, given["schema"], given.get("description", ""))
        yield DocumentedParameter(given["name"], given["in"], given.get("required", False), about)


def _fields(document: Schema, body: Schema) -> Iterator[DocumentedParameter]:
    for name, schema in body.get("properties", {}).items():
        about = meaning(document, schema, resolve(document, schema).get("description", ""))
        yield DocumentedParameter(name, "body", name in body.get("required", []), about)
