"""Budgets for tests: rows as an older version may have kept them, and the job that judges them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from config import Config
from costoptix import queue, worker
from costoptix.costs.engine import Engine
from costoptix.extensions import db
from costoptix.models import Budget, Organization
from tests.support.bills import judge_here

CHECK = "check_budgets"
"""The kind of the job that judges budgets."""

TOO_MANY_RULES = [
    {"key": f"key{number}", "operator": "in", "values": [f"v{value}" for value in range(100)]}
    for number in range(5)
]
"""500 values in all: with the two days of its range more than one question takes."""


def keep_budget(session: Session, organization: Organization, **values: Any) -> Budget:
    """Add a budget of $100 a month as a row, whatever its values: none is looked at."""
    usual = {
        "name": "All", "amount": Decimal(100), "currency": "USD", "period": "monthly",
        "account": None, "metric": "billed_cost", "charge_categories": [], "tag_rules": [],
        "warning_threshold": Decimal(80), "critical_threshold": Decimal(95), "created_by": "test",
    }  # fmt: skip
    budget = Budget(organization_id=organization.id, **(usual | values))
    session.add(budget)
    session.commit()
    return budget


def judge(session: Session, organization: Organization, config: Config) -> None:
    """Have the worker judge an organization's budgets, and do whatever else is due."""
    queue.enqueue_once(session, CHECK, organization.id)
    with pytest.MonkeyPatch.context() as patch:
        judge_here(patch)
        worker.run(lambda: Session(db.engine, expire_on_commit=False), config, once=True)
    session.rollback()  # ends the read: others have written since
    session.expire_all()


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the questions that the cost store asks meanwhile.

    How values are written in new files, which is looked up once, is none.
    """
    asked: list[str] = []
    read = Engine.read

    def counted(engine: Engine, sql: str, parameters: Any) -> Any:
        if "filename" not in sql:
            asked.append(sql)
        return read(engine, sql, parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "read", counted)
        yield asked
