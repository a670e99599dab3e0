"""DuckDB as an import uses it."""

from __future__ import annotations

from pathlib import Path

from costoptix.bills.read import engine


def test_the_engine_spills_only_where_it_is_told(tmp_path: Path) -> None:
    connection = engine.connect(tmp_path)
    assert connection.execute("SELECT current_setting('temp_directory')").fetchone() == (
        str(tmp_path),
    )
    connection.close()
