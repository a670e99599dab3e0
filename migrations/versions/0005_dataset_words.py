"""What a person or sender says of a file's dataset is called so: in sources and waiting imports.

Revision: 0005
Revises: 0004
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BEFORE, _AFTER = "half", "dataset"
_WORDS = (("sources", "settings"), ("imports", "options"))


def upgrade() -> None:
    for table, column in _WORDS:
        _rename(table, column, _BEFORE, _AFTER)


def downgrade() -> None:
    for table, column in _WORDS:
        _rename(table, column, _AFTER, _BEFORE)


def _rename(name: str, column: str, before: str, after: str) -> None:
    table = sa.table(name, sa.column("id", sa.String), sa.column(column, sa.JSON))
    said = table.c[column]
    rows = sa.select(table.c.id, said).where(sa.cast(said, sa.Text).contains(f'"{before}"'))
    for row_id, members in op.get_bind().execute(rows).all():
        changed = {column: _renamed(members, before, after)}
        op.get_bind().execute(table.update().where(table.c.id == row_id).values(changed))


def _renamed(members: Mapping[str, Any], before: str, after: str) -> dict[str, Any]:
    renamed = {after if name == before else name: value for name, value in members.items()}
    question = renamed.get("question")
    if question is not None and question["kind"] == before:
        renamed["question"] = question | {"kind": after}
    return renamed
