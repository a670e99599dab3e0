"""``/organization``: what an organization is, and what it chose."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, cast

from pydantic import Field

from costoptix import choices
from costoptix.access.permissions import Permission
from costoptix.anomalies import floors
from costoptix.api.endpoint import Call, operation
from costoptix.choices import ChoicesDraft, DefaultMetric
from costoptix.models import Weekday


@dataclass(frozen=True)
class OrganizationData:
    """An organization with its choices."""

    id: str
    name: str
    tier: str
    metric: Annotated[
        DefaultMetric,
        Field(description="What pages, messages and `/analytics` show where none is named."),
    ]
    anomaly_floor: Annotated[
        dict[str, Decimal],
        Field(description="By currency: what is worth less is neither kept nor told."),
    ]
    time_zone: Annotated[
        str, Field(description="By whose days reports go out; days of costs are UTC.")
    ]
    report_weekday: Weekday


@operation(
    "GET", "/organization", permission=Permission.READ, data=OrganizationData,
    summary="Show the organization and what it chose",
)  # fmt: skip
def get_organization(call: Call) -> OrganizationData:
    """Show it."""
    return _described(call)


@operation(
    "PATCH", "/organization", permission=Permission.ADMIN, body=ChoicesDraft,
    data=OrganizationData,
    summary="Change what the organization chose; what is left out stays as it is",
)  # fmt: skip
def change_organization(call: Call, body: ChoicesDraft) -> OrganizationData:
    """Change it."""
    choices.change(call.session, call.organization, call.caller, body)
    return _described(call)


def _described(call: Call) -> OrganizationData:
    own = call.organization
    return OrganizationData(
        id=own.id,
        name=own.name,
        tier=call.tier.name,
        metric=cast("DefaultMetric", own.metric),
        anomaly_floor=floors.of_organization(call.session, own),
        time_zone=own.time_zone,
        report_weekday=own.report_weekday,
    )
