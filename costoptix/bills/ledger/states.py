"""Moves imports and deliveries from state to state, as the tables beside the models allow it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from enum import StrEnum
from typing import TypeVar

from costoptix.models import (
    DELIVERY_MOVES,
    IMPORT_MOVES,
    Delivery,
    DeliveryState,
    Import,
    ImportState,
)

State = TypeVar("State", bound=StrEnum)


class ImpossibleMove(Exception):
    """A row was to go to a state that its state does not lead to: a defect of ours."""


def move_import(row: Import, state: ImportState) -> None:
    """Move an import to a state; within ``writing``, so that its own is the one of now.

    Raises:
        ImpossibleMove: it cannot go there from where it is.
    """
    _check(IMPORT_MOVES, row.state, state)
    row.state = state


def move_delivery(row: Delivery, state: DeliveryState) -> None:
    """Move a delivery to a state, readers with it; within ``writing``.

    Raises:
        ImpossibleMove: it cannot go there from where it is.
    """
    _check(DELIVERY_MOVES, row.state, state)
    row.state, row.is_live = state, state is DeliveryState.LIVE


def _check(moves: Mapping[State, Set[State]], current: State, state: State) -> None:
    if state not in moves[current]:
        raise ImpossibleMove(f"{current} → {state}")
