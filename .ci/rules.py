"""Security rules of this house that ruff does not know, over the syntax tree of every module.

    python .ci/rules.py

Ends with 1 where one is broken. They are what one would write for semgrep; that is 290 MB on disk,
with 29 packages of whose versions ours would have to follow some, for five rules.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
Finding = tuple[int, str]

NETWORK = (
    "urllib.request", "urllib3", "http.client", "requests", "httpx", "aiohttp", "socket", "ssl",
    "smtplib", "ftplib",
)  # fmt: skip
MAY_USE_NETWORK = {
    "costoptix/outbound.py": "the one way out",
    "costoptix/notify/mail.py": "speaks SMTP and TLS on a connection that outbound.connect opened",
    "costoptix/worker.py": "socket.gethostname",
    "costoptix/cli/ready.py": "asks its own server whether it answers",
    "costoptix/listening.py": "binds the address of its own server, and calls nobody",
    "costoptix/frame/streams.py": "resets its own client's connection",
}
UNSAFE_FORMATS = ("xml", "lxml", "openpyxl", "xlrd", "pickle", "marshal", "shelve", "yaml")
MAY_MAKE_MARKUP = frozenset(
    {
        "costoptix/charts.py",
        "costoptix/small_lines.py",
        "costoptix/web/costs/dashboard.py",
        "costoptix/web/docs/documents.py",
        "costoptix/web/judgement/budget_chart.py",
    }
)
EXACT = ("costoptix/money.py", "costoptix/costs/", "costoptix/figures/", "costoptix/bills/read/")
"""Where amounts are stored and added up. Detection and forecasts reckon with floats, by design."""
NOW = frozenset({"now", "utcnow", "today", "utcfromtimestamp"})
MAY_READ_CLOCK = frozenset({"costoptix/clock.py"})
UNSCOPED = {
    ("costoptix/access/api_keys.py", "touch"): "the id is that of the key that was just found",
    ("costoptix/bills/ledger/giving_up.py", "give_up"): "the id is that of a job's own import",
    ("costoptix/bills/ledger/importer.py", "run"): "the id is that of a job's own import",
    ("costoptix/bills/ledger/deliveries.py", "in_scope"): "sources belong to an organization",
    ("costoptix/bills/ledger/orphans.py", "_waiting"): "keeps house over all organizations",
    ("costoptix/cli/demo.py", "_import"): "the import was made by this command",
    ("costoptix/cli/progress.py", "_draw"): "the operator's own import",
    ("costoptix/notify/deliver.py", "_note"): "the ids are those of a job's own dispatch",
    ("costoptix/notify/dispatches.py", "get"): "by a channel, which belongs to an organization",
    ("costoptix/api/idempotency.py", "_note"): "the id was made by this request",
    ("costoptix/api/idempotency.py", "_give_back"): "the id was made by this request",
    ("costoptix/api/idempotency.py", "_keep"): "the id was made by this request",
}
"""Functions that ask by an id alone, and why no stranger's can come to them."""


def network(tree: ast.Module, path: str) -> Iterator[Finding]:
    """Whatever talks to the network does it through ``outbound``."""
    if path not in MAY_USE_NETWORK:
        for line, name in _imports(tree):
            if any(name == module or name.startswith(f"{module}.") for module in NETWORK):
                yield line, f"{name} outside of costoptix/outbound.py"


def formats(tree: ast.Module, _path: str) -> Iterator[Finding]:
    """No XML, workbooks, pickles or YAML are read."""
    for line, name in _imports(tree):
        if name.partition(".")[0] in UNSAFE_FORMATS:
            yield line, f"{name} reads what may act on its own"


def markup(tree: ast.Module, path: str) -> Iterator[Finding]:
    """Text becomes markup in listed modules alone, never by formatting."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func).endswith("Markup"):
            if path not in MAY_MAKE_MARKUP:
                yield node.lineno, "Markup outside of the listed modules"
            if node.args and isinstance(node.args[0], ast.BinOp):
                yield node.lineno, "Markup of a sum of texts: use its format"


def floats(tree: ast.Module, path: str) -> Iterator[Finding]:
    """Amounts are decimals wherever they are stored or added up."""
    if path.startswith(EXACT):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) == "float":
                yield node.lineno, "float where amounts are exact"


def clocks(tree: ast.Module, path: str) -> Iterator[Finding]:
    """Only the clock knows what time it is, and its instants have a zone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = _name(node.func.value).rpartition(".")[2]
            is_now = node.func.attr in NOW and owner in ("datetime", "date")
            if is_now and path not in MAY_READ_CLOCK:
                yield node.lineno, f"{owner}.{node.func.attr} outside of costoptix/clock.py"


def queries(tree: ast.Module, path: str) -> Iterator[Finding]:
    """What a function finds by an id that it is given belongs to an organization it is given."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef) or (path, function.name) in UNSCOPED:
            continue
        if not any(each.arg.endswith("_id") for each in function.args.args):
            continue
        if "organization" not in ast.unparse(function):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and _asks(node):
                    yield node.lineno, f"{function.name} asks by an id, whosever it is"


def _asks(call: ast.Call) -> bool:
    method = _name(call.func).rpartition(".")[2]
    names = {each.id for part in call.args for each in ast.walk(part) if isinstance(each, ast.Name)}
    return method in ("select", "update", "delete", "get", "get_one") and bool(names & owned())


def owned() -> frozenset[str]:
    """Return the models whose rows belong to an organization."""
    return frozenset(
        node.name
        for path in (ROOT / "costoptix" / "models").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        and any(
            isinstance(field, ast.AnnAssign) and _name(field.target) == "organization_id"
            for field in node.body
        )
    )


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


RULES: tuple[Callable[[ast.Module, str], Iterator[Finding]], ...] = (
    network, formats, markup, floats, clocks, queries,
)  # fmt: skip
_SAFE = re.compile(r"\|\s*safe\b|\{%-?\s*autoescape\s+false")


def findings(source: str, path: str) -> list[Finding]:
    """Return what is wrong in a module, by line."""
    tree = ast.parse(source)
    return sorted({each for rule in RULES for each in rule(tree, path)})


def template_findings(source: str) -> list[Finding]:
    """Return where a template hands out text as markup."""
    lines = enumerate(source.splitlines(), 1)
    return [(number, "text as markup") for number, line in lines if _SAFE.search(line)]


def main() -> int:
    """Look at every module and template; print what is wrong and return the exit status."""
    wrong = []
    for path in sorted((ROOT / "costoptix").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        wrong += [f"{name}:{line}: {words}" for line, words in findings(path.read_text(), name)]
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.is_file():
            name = str(path.relative_to(ROOT))
            wrong += [
                f"{name}:{line}: {words}" for line, words in template_findings(path.read_text())
            ]
    print("\n".join([*wrong, f"security rules: {len(wrong)} findings"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
