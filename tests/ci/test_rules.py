"""`.ci/rules.py` finds what it is there for, and nothing in what we have."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

PATH = Path(__file__).parents[2] / ".ci" / "rules.py"


@pytest.fixture(scope="module")
def rules() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rules", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "source",
    [
        "import requests",
        "from urllib.request import urlopen",
        "import xml.etree.ElementTree",
        "from openpyxl import load_workbook",
        "Markup(text)",
        "markupsafe.Markup('<b>' + text)",
        "amount = float(row.billed_cost)",
        "from datetime import datetime\nnow = datetime.now()",
        "today = datetime.date.today()",
        "def get(session, budget_id):\n    return session.get(Budget, budget_id)",
        "def get(session, key_id):\n    return session.scalar(select(ApiKey).where(x == key_id))",
    ],
)
def test_s41_s50_what_breaks_a_rule_is_found(rules: ModuleType, source: str) -> None:
    assert rules.findings(source, "costoptix/costs/sample.py")


@pytest.mark.parametrize(
    "source",
    [
        "now = clock.utc_now()",
        "from urllib.parse import urlsplit",
        "def get(session, organization, budget_id):\n    row = session.get(Budget, budget_id)\n"
        "    return row if row.organization_id == organization.id else None",
    ],
)
def test_what_keeps_the_rules_is_not(rules: ModuleType, source: str) -> None:
    assert rules.findings(source, "costoptix/costs/sample.py") == []


@pytest.mark.parametrize("source", ["{{ name|safe }}", "{{ a | safe }}", "{% autoescape false %}"])
def test_s42_a_template_hands_out_no_text_as_markup(rules: ModuleType, source: str) -> None:
    assert len(rules.template_findings(f"<p>\n{source}</p>")) == 1


def test_s41_s42_s50_nothing_breaks_a_rule(
    rules: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """S41, S42, S50: no XML or workbooks, no markup of texts, no query without its owner."""
    status = rules.main()
    assert capsys.readouterr().out == "security rules: 0 findings\n"
    assert status == 0
