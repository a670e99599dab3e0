"""The floors of anomalies: what is worth less in its currency is neither kept, counted nor told."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from sqlalchemy import ColumnElement, String, case, select
from sqlalchemy import type_coerce as coerced
from sqlalchemy.orm import Session

from costoptix.anomalies.ordering import SIZE
from costoptix.currencies import WITHOUT_DECIMALS
from costoptix.models import Anomaly, Delivery, DeliverySum, DetectionRun, Organization
from costoptix.money import EXACT, Amount, is_currency, parse_amount, rounded, to_text

SHARE = Decimal("0.001")
"""Of the usual daily cost of an organization in a currency."""

LEAST, LEAST_WITHOUT_DECIMALS = Decimal(1), Decimal(100)
MAX_CURRENCIES = 200


def _floor(value: object) -> Decimal | None:
    if value is None or str(value).strip() == "":
        return None
    try:
        floor = parse_amount(str(value).strip())
    except ValueError as error:
        if "too large" in str(error):
            raise ValueError("it is too large: at most 20 digits before the point") from None
        raise ValueError("give a plain number, such as 2.50") from None
    if floor < 0:
        raise ValueError("it must not be below 0")
    return floor


def _currency(value: str) -> str:
    if not is_currency(value):
        raise ValueError("give an ISO 4217 code, such as USD")
    return value


Floors = Annotated[
    dict[
        Annotated[str, AfterValidator(_currency)],
        Annotated[Decimal | None, BeforeValidator(_floor)],
    ],
    Field(max_length=MAX_CURRENCIES),
]
"""Floors that are to be set, by currency; None gives one back its usual floor."""


def least(currency: str) -> Amount:
    """Return the usual floor of a currency in which little is spent."""
    return LEAST_WITHOUT_DECIMALS if currency in WITHOUT_DECIMALS else LEAST


def usual_floor(currency: str, daily_cost: Amount) -> Amount:
    """Return the floor of a currency unless somebody has set another."""
    part = EXACT.multiply(daily_cost, SHARE)
    return max(least(currency), rounded(part, 0 if currency in WITHOUT_DECIMALS else 2))


def in_force(organization: Organization, daily_costs: Mapping[str, Amount]) -> dict[str, Amount]:
    """Return the floors by currency, of those that are set and those of which costs are given."""
    usual = {currency: usual_floor(currency, cost) for currency, cost in daily_costs.items()}
    return usual | chosen(organization)


def chosen(organization: Organization) -> dict[str, Amount]:
    """Return the floors that somebody has set."""
    return {currency: Decimal(text) for currency, text in organization.anomaly_floors.items()}


def daily_costs(session: Session, organization: Organization) -> dict[str, Amount]:
    """Return the usual daily cost by currency, as the newest run of detection has seen it."""
    run = session.get(DetectionRun, organization.id)
    return {} if run is None else {name: Decimal(text) for name, text in run.daily_costs.items()}


def of_organization(session: Session, organization: Organization) -> dict[str, Amount]:
    """Return the floors in force by currency, of every currency in the bills."""
    billed = (
        select(DeliverySum.currency)
        .join(Delivery, Delivery.id == DeliverySum.delivery_id)
        .where(Delivery.organization_id == organization.id, Delivery.is_live.is_(True))
    )
    floors = {currency: least(currency) for currency in session.scalars(billed.distinct())}
    return floors | in_force(organization, daily_costs(session, organization))


def is_below(floors: Mapping[str, Amount], currency: str, impact: Amount) -> bool:
    """Tell whether an impact is below the floor of its currency."""
    return abs(impact) < floors.get(currency, least(currency))


def reaches_floor(session: Session, organization: Organization) -> ColumnElement[bool]:
    """Return the condition of anomalies that reach the floor of their currency."""
    floors = in_force(organization, daily_costs(session, organization))
    currency = coerced(Anomaly.currency, String)
    usual = case(
        (currency.in_(sorted(WITHOUT_DECIMALS)), float(LEAST_WITHOUT_DECIMALS)),
        else_=float(LEAST),
    )
    if not floors:
        return usual <= SIZE
    own = {name: float(floor) for name, floor in floors.items()}
    return case(own, value=currency, else_=usual) <= SIZE


def merged(before: Mapping[str, str], floors: Mapping[str, Amount | None]) -> dict[str, str]:
    """Return the texts of the floors that are set when these are, too; None takes one back."""
    texts = {name: None if floor is None else to_text(floor) for name, floor in floors.items()}
    return {name: text for name, text in {**before, **texts}.items() if text is not None}
