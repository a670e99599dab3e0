"""Conditions by which deliveries of a billing period are looked up, and their order."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, and_, or_

from costoptix.models import Delivery
from costoptix.periods import BillingPeriod, month_start

OLDEST_FIRST = (
    Delivery.billing_period,
    Delivery.billing_period_last.nulls_first(),  # which databases order each in their own way
    Delivery.billing_account_id,
)
"""By period, of one first day the month before others; then by account."""


def of_period(period: BillingPeriod) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a delivery is of exactly this period."""
    return (
        Delivery.billing_period == period.first,
        Delivery.billing_period_last == period.stored_last,  # IS NULL of a month
    )


def overlapping(first: date, last: date) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that the period of a delivery has one of these days."""
    month = and_(
        Delivery.billing_period_last.is_(None), Delivery.billing_period >= month_start(first)
    )
    return Delivery.billing_period <= last, or_(month, Delivery.billing_period_last >= first)
