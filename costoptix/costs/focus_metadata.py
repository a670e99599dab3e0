"""FOCUS 1.2's metadata of an export: who made it, and what each of its columns is.

The specification asks for a schema that is found without opening the data: every file of an export
has the one schema that ``SchemaId`` names.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from costoptix.lake.charges import ColumnKind
from costoptix.lake.providers import TAG_PREFIXES, slug_of
from costoptix.version import __version__

FOCUS_VERSION = "1.2"
GENERATOR = "Cost Optix"

Definition = dict[str, str | int | list[str]]
"""One of FOCUS's column definitions."""

_DATA_TYPES: Mapping[ColumnKind, Mapping[str, str | int]] = {
    ColumnKind.TEXT: {"DataType": "STRING", "StringEncoding": "UTF-8"},
    ColumnKind.MONEY: {"DataType": "DECIMAL", "NumericPrecision": 38, "NumberScale": 18},
    ColumnKind.TIME: {"DataType": "DATETIME"},
    ColumnKind.JSON_OBJECT: {"DataType": "JSON"},
}
"""No ``StringMaxLength``, which FOCUS recommends: a text is as long as the bill wrote it."""


@dataclass(frozen=True)
class FocusMetadata:
    """What ``metadata.json`` holds, and the id of its one schema."""

    schema_id: str
    created_at: datetime
    document: dict[str, object]


def describe(
    columns: Mapping[str, ColumnKind], providers: Iterable[str], now: datetime
) -> FocusMetadata:
    """Describe an export of these columns and of charges of these providers, made at ``now``."""
    names = sorted(set(providers))
    definitions = _definitions(columns, names)
    schema_id = _schema_id(definitions)
    schema = {
        "SchemaId": schema_id,
        "FocusVersion": FOCUS_VERSION,
        "DataGeneratorVersion": __version__,
        "CreationDate": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ColumnDefinition": definitions,
    }
    return FocusMetadata(
        schema_id,
        now,
        {
            "DataGenerator": {"DataGenerator": GENERATOR},
            "x_Providers": names,
            "Schema": [schema],
        },
    )


def _schema_id(definitions: list[Definition]) -> str:
    """Return the UUID of a schema: another one for other columns, and for another version."""
    described = json.dumps([FOCUS_VERSION, GENERATOR, __version__, definitions])
    return str(uuid.uuid5(uuid.NAMESPACE_URL, described))


def _definitions(columns: Mapping[str, ColumnKind], providers: Iterable[str]) -> list[Definition]:
    definitions: list[Definition] = []
    for name, kind in columns.items():
        definition: Definition = {"ColumnName": name, **_DATA_TYPES[kind]}
        if name == "Tags":
            definition["ProviderTagPrefixes"] = _tag_prefixes(providers)
        definitions.append(definition)
    return definitions


def _tag_prefixes(providers: Iterable[str]) -> list[str]:
    """Return what the names of tags begin with that a provider gives by itself."""
    slugs = {slug_of(name) for name in providers}
    return sorted(prefix for slug in slugs for prefix in TAG_PREFIXES.get(slug, ()))
