"""``/openapi.json``: OpenAPI 3.1, from the operations' own declarations."""

from __future__ import annotations

import re
from functools import cache
from http import HTTPStatus
from typing import Any

from flask import Response
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from costoptix.api import idempotency
from costoptix.api.answers import JSON, to_json
from costoptix.api.endpoint import OPERATIONS, PREFIX, Call, Operation, Parameter, operation
from costoptix.api.uploads import FORM
from costoptix.version import __version__

Schema = dict[str, Any]

_DESCRIPTION = """Cloud costs of one organization, to the last digit.

Send a key in the header `X-API-Key`. Calls count against the organization's daily limit, which
resets at midnight UTC. Amounts are decimal strings beside their currency, dates are UTC days
and ranges hold both their ends."""
_ERROR: Schema = {
    "type": "object",
    "properties": {
        "success": {"const": False},
        "error": {"type": "string", "description": "One sentence that a person understands."},
    },
    "required": ["success", "error"],
    "additionalProperties": False,
}
_OF_EVERY_CALL = (400, 401, 403, 429, 500, 503)
_VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")
_REFERENCE = "#/components/schemas/{model}"


@operation("GET", "/openapi.json", permission=None, summary="Describe this API")
def get_openapi(call: Call) -> Response:
    """Answer the document itself, without an envelope."""
    document = _encoded()
    call.check_etag_of(document)
    return Response(document, content_type=JSON)


@cache
def _encoded() -> bytes:
    return to_json(document(tuple(OPERATIONS)))


def document(operations: tuple[Operation, ...]) -> Schema:
    """Return the OpenAPI document of these operations."""
    schemas, definitions = _schemas(operations)
    paths: dict[str, Schema] = {}
    for declared in operations:
        path = _VARIABLE.sub(r"{\1}", declared.path)
        paths.setdefault(path, {})[declared.method.lower()] = _describe(
            declared, schemas, definitions
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cost Optix",
            "version": __version__,
            "description": _DESCRIPTION,
        },
        "servers": [{"url": PREFIX}],
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR, **definitions},
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
        },
    }


Schemas = dict[tuple[Any, JsonSchemaMode], Schema]
"""By declared type, and whether it is read or written."""


def _schemas(operations: tuple[Operation, ...]) -> tuple[Schemas, Schema]:
    """Return the schema of every declared type, and the definitions that they share."""
    written = [
        kind
        for operation in operations
        for kind in (operation.data, operation.meta)
        if kind is not None
    ]
    read = [
        kind
        for operation in operations
        for kind in (operation.query, operation.body)
        if kind is not None
    ]
    adapters: dict[tuple[Any, JsonSchemaMode], TypeAdapter[Any]] = {}
    adapters |= {(kind, "serialization"): TypeAdapter(kind) for kind in written}
    adapters |= {(kind, "validation"): TypeAdapter(kind) for kind in read}
    schemas, shared = TypeAdapter.json_schemas(
        [(kind, mode, adapter) for (kind, mode), adapter in adapters.items()],
        ref_template=_REFERENCE,
    )
    definitions: Schema = shared.get("$defs", {})
    for schema in (*definitions.values(), *schemas.values()):
        _close(schema)
    return dict(schemas), definitions


def _close(schema: Schema) -> None:
    """Mark every object as having no fields but those described."""
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)
    for value in schema.values():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                _close(part)


def _describe(declared: Operation, schemas: Schemas, definitions: Schema) -> Schema:
    described: Schema = {
        "operationId": declared.name,
        "summary": declared.summary,
        "security": [{"key": []}] if declared.permission else [],
        "parameters": _parameters(declared, schemas, definitions),
        "responses": _responses(declared, schemas),
    }
    if declared.permission:
        described["description"] = f"Needs a key with {declared.permission} permission."
    if declared.body is not None:
        content = {"application/json": {"schema": schemas[declared.body, "validation"]}}
        described["requestBody"] = {"content": content}
    if declared.upload:
        described["requestBody"] = {"required": True, "content": _upload(declared)}
    return described


def _upload(declared: Operation) -> Schema:
    binary = {"type": "string", "contentMediaType": "application/octet-stream"}
    form = {"type": "object", "properties": {"file": binary}, "required": ["file"]}
    raw: Schema = {media_type: {"schema": {}} for media_type in declared.upload}
    return {FORM: {"schema": form}, **raw}


def _parameters(declared: Operation, schemas: Schemas, definitions: Schema) -> list[Schema]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _VARIABLE.findall(declared.path)
    ]
    parameters += [_parameter(parameter) for parameter in declared.parameters]
    if declared.query is not None:
        schema = schemas[declared.query, "validation"]
        if "$ref" in schema:
            schema = definitions[schema["$ref"].removeprefix(_REFERENCE.format(model=""))]
        required = schema.get("required", [])
        parameters += [
            {
                "name": name,
                "in": "query",
                "description": field.get("description", ""),
                "required": name in required,
                "schema": field,
            }
            for name, field in schema["properties"].items()
        ]
    if declared.method == "POST":
        schema = {"type": "string", "minLength": 1, "maxLength": idempotency.LONGEST_KEY}
        parameters.append({"name": idempotency.HEADER, "in": "header", "schema": schema})
    return parameters


def _parameter(parameter: Parameter) -> Schema:
    schema: Schema = dict(parameter.schema)
    if parameter.repeatable:
        schema = {"type": "array", "items": schema}
    return {
        "name": parameter.name.replace("*", "{key}"),
        "in": "query",
        "description": parameter.description,
        "schema": schema,
    }


def _responses(declared: Operation, schemas: Schemas) -> Schema:
    success: Schema = {"description": HTTPStatus(declared.status).phrase}
    if declared.permission is None:
        success["content"] = {"application/json": {"schema": {"type": "object"}}}
        return {str(declared.status): success}
    success["content"] = {"application/json": {"schema": _envelope(declared, schemas)}}
    success["content"] |= {media_type: {} for media_type in declared.media_types}
    error = {"application/json": {"schema": {"$ref": _REFERENCE.format(model="Error")}}}
    errors = {
        str(status): {"description": HTTPStatus(status).phrase, "content": error}
        for status in _statuses(declared)
    }
    return {str(declared.status): success, **errors}


def _statuses(declared: Operation) -> list[int]:
    """Return the statuses of the errors that an operation may answer."""
    has_body = declared.body is not None or bool(declared.upload)
    optional = {
        404: "<" in declared.path,
        409: declared.may_conflict
        or declared.method != "GET"
        or "cursor" in _query_names(declared),
        413: has_body,
        415: has_body,
    }
    return sorted([*_OF_EVERY_CALL, *(status for status, may in optional.items() if may)])


def _query_names(declared: Operation) -> set[str]:
    named = set() if declared.query is None else set(declared.query.model_fields)
    return named | {parameter.name for parameter in declared.parameters}


def _envelope(declared: Operation, schemas: Schemas) -> Schema:
    properties: Schema = {
        "success": {"const": True},
        "data": schemas[declared.data, "serialization"],
    }
    properties["meta"] = (
        {"type": "object"} if declared.meta is None else schemas[declared.meta, "serialization"]
    )
    return {
        "type": "object",
        "properties": properties,
        "required": ["success", "data"],
        "additionalProperties": False,
    }
