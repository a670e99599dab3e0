"""Names, over the syntax tree of the package: nouns of the field, and one name is one thing."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import costoptix

ROOT = Path(costoptix.__file__).parent
SAY_NOTHING = frozenset(
    {
        "found", "each", "known", "amiss", "told", "tells", "said", "half",
        "halves", "telling", "drop", "fate", "wanted", "keeping", "apart", "plain",
    }
)  # fmt: skip
"""Words that need a key: what is held is said by none of them."""


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        yield path.relative_to(ROOT), ast.parse(path.read_text())


def defined(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name that is given: classes, functions, parameters, locals and what they stand for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno  # also of loops, comprehensions, with and :=
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname, node.lineno


def test_a_name_says_what_it_holds() -> None:
    modules = [
        str(path)
        for path, _ in trees()
        if SAY_NOTHING & {path.stem, *(folder.name for folder in path.parents)}
    ]
    names = [
        f"{path}:{line} {name}"
        for path, tree in trees()
        for name, line in defined(tree)
        if name in SAY_NOTHING
    ]
    assert modules + names == []


def test_two_classes_never_share_a_name() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{path}:{node.lineno}")
    assert {name: at for name, at in places.items() if len(at) > 1} == {}


def test_every_kind_of_name_is_looked_at() -> None:
    source = """
class a: b: int = 0
def c(d, *e, f=1, **g):
    h, (i, *j) = 1, (2, 3)
    for k in []: pass
    with open('') as l: pass
    try: pass
    except OSError as m: pass
    [n for n in []]; (lambda o: o); (p := 1); q += 1
    d.r = 1
    match d:
        case [s, *t] | {'x': s, 'y': t}: pass
        case u: pass
import os as v
"""
    assert {name for name, _ in defined(ast.parse(source))} == set("abcdefghijklmnopqrstuv")
