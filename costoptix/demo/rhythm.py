"""How use moves over the calendar: growth, weekends, launches and incidents.

Everything depends on the day alone, never on where the data end, so that a later run can add
days without touching the ones that are there.
"""

from __future__ import annotations

from datetime import date

from costoptix.demo.catalogue import Product

ANCHOR = date(2026, 1, 1)
"""The day for which the catalogue's amounts hold."""

FIRST_INCIDENT = date(2026, 11, 11)
INCIDENT_EVERY = 28  # days: any 30 days in a row hold one
INCIDENT_DAYS = 2
INCIDENTS = {"BigQuery": 3.1, "Amazon Virtual Private Cloud": 6.5, "Virtual Machines": 1.9}
"""Services that spike in turn, and how high."""

SHIFTED_SERVICE = "Amazon Elastic Compute Cloud"
FIRST_SHIFT = date(2026, 11, 14)
SHIFT_EVERY = 91  # days: the level goes up, and down again after as many
SHIFT = 1.14

_COHORTS = 3
_LAUNCH_LIFE = 730  # days, then the service is retired
_RAMP = 75  # days from launch to full use


def level(service: Product, day: date) -> float:
    """Return the use of ``service`` on ``day`` as a share of its catalogue amount."""
    return (
        _growth(service, day)
        * _weekend(service, day)
        * _launch(service, day)
        * _incident(service, day)
        * _shift(service, day)
    )


def _growth(service: Product, day: date) -> float:
    grown = 1 + service.growth * (day - ANCHOR).days / 365
    return min(max(grown, 0.3), 4.0)


def _weekend(service: Product, day: date) -> float:
    return 1 - service.weekend if day.weekday() >= 5 else 1.0


def _launch(service: Product, day: date) -> float:
    """Return 0 before the launch and after retirement, 1 when fully used."""
    if service.cohort is None:
        return 1.0
    year = day.year if day >= date(day.year, 6, 1) else day.year - 1
    launched = date(year - (year - service.cohort) % _COHORTS, 6, 1)
    age = (day - launched).days
    return min((age + 1) / _RAMP, 1.0) if age < _LAUNCH_LIFE else 0.0


def _incident(service: Product, day: date) -> float:
    number, offset = divmod((day - FIRST_INCIDENT).days, INCIDENT_EVERY)
    struck = list(INCIDENTS)[number % len(INCIDENTS)]
    return INCIDENTS[struck] if struck == service.name and offset < INCIDENT_DAYS else 1.0


def _shift(service: Product, day: date) -> float:
    up = (day - FIRST_SHIFT).days // SHIFT_EVERY % 2 == 0
    return SHIFT if up and service.name == SHIFTED_SERVICE else 1.0
