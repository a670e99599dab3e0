"""The table of `make bench`: what scripts have compared, each beside its peer."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import compared, costs, engines, table


def test_what_a_script_compares_is_a_row(tmp_path: Path) -> None:
    script = "from bench.compared import compare; compare('a page', 30, 1200, 'the goal', 'ms')"
    parts = {"good": [["-c", script]], "bad": [["-c", "raise SystemExit(3)"], ["-c", script]]}
    lines, failed = table._measure(parts, tmp_path)
    assert failed == ["bad"]
    assert list(map(table._row, lines)) == ["| a page | 30 ms | the goal | 1,200 ms | 0.03 |"]


def test_a_script_by_itself_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compared, "_FILE", None)
    compared.compare("a page", 1, 2, "the goal", "ms")


def test_the_other_engines_have_a_statement_for_each_question() -> None:
    statements = engines._statements("FROM charges", "day", "team")
    assert len(statements) == len(costs.QUESTIONS)
