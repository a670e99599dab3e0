"""A statement for DuckDB and the values that are bound to it, always: never written into it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from costoptix.costs.engine import Parameter

Locate = Callable[[str], Path]
"""Tells where a file lies, given its path within the lake."""


@dataclass(frozen=True)
class Statement:
    """SQL text and the values bound to its parameters."""

    sql: str
    parameters: dict[str, Parameter]


@dataclass
class Values:
    """The values bound so far, each under a name of its own."""

    locate: Locate
    bound: dict[str, Parameter] = field(default_factory=dict)

    def bind(self, value: Parameter) -> str:
        """Bind a value; return what stands for it in the statement."""
        name = f"v{len(self.bound)}"
        self.bound[name] = value
        return f"${name}"

    def files(self, paths: Iterable[str], *, named: bool = False) -> str:
        """Write the read of files, given by their paths within the lake."""
        located = self.bind([str(self.locate(path)) for path in paths])
        options = "hive_partitioning = false" + (", filename = true" if named else "")
        return f"read_parquet({located}, {options})"
