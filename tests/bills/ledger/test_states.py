"""Imports and deliveries go from state to state by their tables alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import costoptix
from costoptix.bills.ledger.states import ImpossibleMove, move_delivery, move_import
from costoptix.models import (
    DELIVERY_MOVES,
    IMPORT_MOVES,
    Delivery,
    DeliveryState,
    Import,
    ImportState,
)

OURS = {*ImportState, *DeliveryState}
ROOMS = ("bills", "web/imports", "cli", "demo", "api/imports.py", "api/uploads.py", "worker.py")


@pytest.mark.parametrize("state", ImportState)
@pytest.mark.parametrize("current", ImportState)
def test_an_import_moves_as_its_table_allows_and_no_other_way(
    current: ImportState, state: ImportState
) -> None:
    row = Import(state=current)
    if state in IMPORT_MOVES[current]:
        move_import(row, state)
        assert row.state is state
    else:
        with pytest.raises(ImpossibleMove):
            move_import(row, state)
        assert row.state is current


@pytest.mark.parametrize("state", DeliveryState)
@pytest.mark.parametrize("current", DeliveryState)
def test_a_delivery_moves_as_its_table_allows_and_readers_with_it(
    current: DeliveryState, state: DeliveryState
) -> None:
    row = Delivery(state=current, is_live=current is DeliveryState.LIVE)
    if state in DELIVERY_MOVES[current]:
        move_delivery(row, state)
        assert (row.state, row.is_live) == (state, state is DeliveryState.LIVE)
    else:
        with pytest.raises(ImpossibleMove):
            move_delivery(row, state)


def test_every_state_has_its_moves() -> None:
    assert set(IMPORT_MOVES) == set(ImportState)
    assert set(DELIVERY_MOVES) == set(DeliveryState)


def test_no_state_of_an_import_is_written_as_a_bare_string() -> None:
    root = Path(costoptix.__file__).parent
    files = [path for room in ROOMS for path in ((root / room).rglob("*.py") or [])]
    files += [root / room for room in ROOMS if room.endswith(".py")]
    bare = [
        f"{path.relative_to(root)}:{node.lineno} {node.value!r}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in OURS
    ]
    assert bare == []
