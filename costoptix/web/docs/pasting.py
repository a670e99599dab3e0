"""Operations as commands to paste: in curl and in Python.

What reads works as pasted. What writes holds a placeholder, ``<budget_id>`` or ``<name>``, which
the API refuses in words until it is filled in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from costoptix.drafts import placeholder
from costoptix.web.docs.schemas import Schema, resolve

KEY_VARIABLE = "COST_OPTIX_KEY"
_SHOWN_FIELDS = 2
"""Of a body without required fields."""


@dataclass(frozen=True)
class Pasted:
    """A call as it is written down: ``body`` is None without one, ``file`` "" without a file."""

    method: str
    address: str
    has_key: bool
    body: Schema | None = None
    file: str = ""
    saved_as: str = ""  # where the answer is a file

    @property
    def curl(self) -> str:
        """Return it as a command of curl."""
        parts = ["curl"]
        if self.method not in ("GET", "POST") or self._is_bare_post:
            parts.append(f"-X {self.method}")
        if self.has_key:
            parts.append(f'-H "X-API-Key: ${KEY_VARIABLE}"')
        if self.body is not None:
            parts += ["-H 'Content-Type: application/json'", f"-d '{self.body_text}'"]
        if self.file:
            parts.append(f"-F 'file=@{self.file}'")
        if self.saved_as:
            parts.append(f"-o {self.saved_as}")
        return " ".join([*parts, f'"{self.address}"'])

    @property
    def python(self) -> str:
        """Return it as a program in Python, with Requests."""
        arguments = [f'"{self.method}"', f'"{self.address}"']
        if self.has_key:
            arguments.append(f'headers={{"X-API-Key": os.environ["{KEY_VARIABLE}"]}}')
        if self.body is not None:
            arguments.append(f"json={self.body!r}")
        if self.file:
            arguments.append(f'files={{"file": open("{self.file}", "rb")}}')
        call = "\n".join(f"    {argument}," for argument in arguments)
        end = "print(answer.json())"
        if self.saved_as:
            end = f'open("{self.saved_as}", "wb").write(answer.content)'
        return f"import os, requests\n\nanswer = requests.request(\n{call}\n)\n{end}"

    @property
    def body_text(self) -> str:
        """Return the body as JSON, "" without one."""
        return "" if self.body is None else json.dumps(self.body, ensure_ascii=False)

    @property
    def _is_bare_post(self) -> bool:
        return self.method == "POST" and self.body is None and not self.file


def sample_body(document: Schema, body: Schema) -> Schema | None:
    """Return a body with what is required, each text a placeholder; None without a body.

    Without required fields it holds the first ones, but for what changes nothing (``dry_run``).
    """
    if not body:
        return None
    properties = body.get("properties", {})
    required = body.get("required", [])
    if not required and "dry_run" in properties:
        return {"dry_run": True}
    names = required or list(properties)[:_SHOWN_FIELDS]
    return {name: _value(name, resolve(document, properties[name])) for name in names}


def _value(name: str, schema: Schema) -> Any:
    match schema.get("type"):
        case "array":
            return [placeholder(name)]
        case "integer" | "number" | "boolean" if "default" in schema:
            return schema["default"]
    if "enum" in schema and "default" in schema:
        return schema["default"]
    return placeholder(name)
