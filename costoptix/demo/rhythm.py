"""How use moves over the calendar: growth and weekends. What else happens: ``story``."""

from __future__ import annotations

from datetime import date

from costoptix.demo.catalogue import Product

ANCHOR = date(2026, 1, 1)
"""The day for which the catalogue's amounts hold."""


def level(service: Product, day: date) -> float:
    """Return the use of ``service`` on ``day`` as a share of its catalogue amount."""
    return _growth(service, day) * _weekend(service, day)


def _growth(service: Product, day: date) -> float:
    grown = 1 + service.growth * (day - ANCHOR).days / 365
    return min(max(grown, 0.3), 4.0)


def _weekend(service: Product, day: date) -> float:
    return 1 - service.weekend if day.weekday() >= 5 else 1.0
