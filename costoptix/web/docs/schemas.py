"""Reading the OpenAPI document's schemas: what a field means, and a value that it could have."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_BY_FORMAT = {"date": "2026-11-01", "date-time": "2026-11-01T09:00:00Z"}
_BY_NAME = {"currency": "USD", "id": "0b6f1c9e2d5a4f7c8e3b1a6d9c0f2e47"}
_BY_TYPE = {"integer": 1, "number": 1, "boolean": True, "null": None}
_DEEPEST = 6
"""Levels of an example: what nests in itself ends somewhere."""


def resolve(document: Schema, schema: Schema) -> Schema:
    """Follow a reference, and take the first choice of several."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return resolve(document, document["components"]["schemas"][name])
    if "anyOf" in schema:
        besides = {name: value for name, value in schema.items() if name != "anyOf"}
        return {**resolve(document, schema["anyOf"][0]), **besides}
    return schema


def meaning(document: Schema, schema: Schema, description: str) -> str:
    """Say what a value is for, and which values are allowed where they are few."""
    described = resolve(document, schema)
    if described.get("type") == "array":
        described = resolve(document, described["items"])
    if "enum" in described or not description:
        return f"{description} {_constraints(described)}".strip()
    return description


def _constraints(schema: Schema) -> str:
    """Say in words what a schema allows."""
    if "enum" in schema:
        return " or ".join(str(value) for value in schema["enum"])
    parts = [str(schema.get("type", "")), str(schema.get("format", ""))]
    if "minimum" in schema or "maximum" in schema:
        parts.append(f"{schema.get('minimum', '')} to {schema.get('maximum', '')}")
    return " ".join(part for part in parts if part)


def example(document: Schema, schema: Schema, name: str = "", depth: int = _DEEPEST) -> Any:
    """Return a value that a schema allows; ``name`` is that of the field that holds it."""
    described = resolve(document, schema)
    if "const" in described:
        return described["const"]
    if "enum" in described:
        return described["enum"][0]
    match described.get("type"):
        case "object" if depth and described.get("properties"):
            fields = described["properties"].items()
            return {field: example(document, value, field, depth - 1) for field, value in fields}
        case "object":
            return {}
        case "array":
            return [example(document, described["items"], name, depth - 1)] if depth else []
        case "string":
            return _text(described, name)
    return _BY_TYPE.get(described.get("type", ""))


def _text(schema: Schema, name: str) -> str:
    by_format = _BY_FORMAT.get(schema.get("format", ""))
    is_amount = "cost" in name or "amount" in name or "spend" in name
    return by_format or _BY_NAME.get(name) or ("1234.56" if is_amount else "…")
