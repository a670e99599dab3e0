"""The answers that the guide shows: of the reader's own data when signed in, else examples."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from flask import current_app

from costoptix.access.permissions import Caller
from costoptix.web.docs.operations import Described, Resource
from costoptix.web.docs.schemas import Schema, example
from costoptix.web.parts.panels import panel

_NOT_ASKED = frozenset({"get_auth_info", "export_costs"})
"""What is about the key itself, and what answers a file."""
_SHOWN_ITEMS = 2
_EXAMPLES = "docs/examples/api.json"

Show = Callable[[Caller, str, Mapping[str, str], str], bytes | None]


@dataclass(frozen=True)
class Shown:
    """An answer as the guide shows it: JSON, shortened; ``is_own`` of the reader's own data."""

    text: str
    is_own: bool


def own_values(resource: Resource, caller: Caller | None) -> dict[str, str]:
    """Return, by the name of a path's variable, the id of the first such thing that is listed.

    What is listed at ``/budgets`` gives ``budget_id``; nothing where nobody is signed in.
    """
    if caller is None:
        return {}
    values: dict[str, str] = {}
    lists = {
        operation.path: operation for operation in resource.operations if operation.method == "GET"
    }
    for operation in resource.operations:
        for name in operation.variables:
            parent = lists.get(operation.path.partition(f"/{{{name}}}")[0])
            if name not in values and parent is not None and not parent.variables:
                values |= _first(name, parent, caller)
    return values


def _first(name: str, parent: Described, caller: Caller) -> dict[str, str]:
    answered = _ask(parent, {}, "limit=1", caller)
    data = json.loads(answered).get("data") if answered else None
    # Where an answer holds more than a list, its first list is what is asked for.
    held = list(data.values()) if isinstance(data, dict) else [data]
    items = next((value for value in held if isinstance(value, list) and value), [])
    if not items or not isinstance(items[0], dict):
        return {}
    item = items[0]
    value = item.get("id", item.get("key"))
    return {name: value} if isinstance(value, str) and value else {}


def shown_answer(
    document: Schema, operation: Described, values: Mapping[str, str], caller: Caller | None
) -> Shown | None:
    """Return the answer to an operation's example; None where there is nothing to show."""
    own = panel(f"answer of {operation.id}", lambda: own_answer(operation, values, caller)).shown
    if own is not None:
        return Shown(own, is_own=True)
    kept = kept_examples().get(operation.id)
    text = kept if kept is not None else _made_up(document, operation)
    return Shown(text, is_own=False) if text else None


def own_answer(
    operation: Described, values: Mapping[str, str], caller: Caller | None
) -> str | None:
    """Return what a reading operation answers the caller; None where it cannot be asked."""
    if caller is None or operation.id in _NOT_ASKED:
        return None
    path = {name: operation.value(name, dict(values)) for name in operation.variables}
    if operation.method != "GET" or any(value.startswith("<") for value in path.values()):
        return None
    answered = _ask(operation, path, operation.query, caller)
    return None if answered is None else shortened(answered)


def _ask(operation: Described, path: Mapping[str, str], query: str, caller: Caller) -> bytes | None:
    show = cast(Show, current_app.extensions["api_answer"])
    return show(caller, operation.id, path, query)


def shortened(answered: bytes) -> str:
    """Return an answer's JSON, indented; of every list the first items and how many more."""
    return _indented(_shorten(json.loads(answered)))


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _shorten(value: Any) -> Any:
    match value:
        case dict():
            return {name: _shorten(field) for name, field in value.items()}
        case list() if len(value) > _SHOWN_ITEMS:
            more = len(value) - _SHOWN_ITEMS
            return [*(_shorten(item) for item in value[:_SHOWN_ITEMS]), f"… and {more} more"]
        case list():
            return [_shorten(item) for item in value]
    return value


@cache
def kept_examples() -> dict[str, str]:
    """Return the answers of the demo that are kept, by operation id."""
    kept = Path(current_app.root_path).parent / _EXAMPLES
    answers = json.loads(kept.read_text(encoding="utf-8"))
    return {
        name: json.dumps(answer, indent=2, ensure_ascii=False) for name, answer in answers.items()
    }


def _made_up(document: Schema, operation: Described) -> str:
    if not operation.answer or operation.id in _NOT_ASKED:
        return ""
    return _indented(example(document, operation.answer))
