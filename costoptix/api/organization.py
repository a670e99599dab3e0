"""``/organization``: what an organization is, and what it chose."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from costoptix.access.permissions import Permission
from costoptix.anomalies import floors
from costoptix.anomalies.floors import FloorsDraft
from costoptix.api.endpoint import Call, operation


@dataclass(frozen=True)
class OrganizationData:
    """An organization with its choices."""

    id: str
    name: str
    tier: str
    anomaly_floor: Annotated[
        dict[str, Decimal],
        Field(description="By currency: what is worth less is neither kept nor told."),
    ]


@operation(
    "GET", "/organization", permission=Permission.READ, data=OrganizationData,
    summary="Show the organization and what it chose",
)  # fmt: skip
def get_organization(call: Call) -> OrganizationData:
    """Show it."""
    return _described(call)


@operation(
    "PATCH", "/organization", permission=Permission.ADMIN, body=FloorsDraft,
    data=OrganizationData, summary="Change what the organization chose",
)  # fmt: skip
def change_organization(call: Call, body: FloorsDraft) -> OrganizationData:
    """Change it."""
    floors.set_floors(call.session, call.organization, call.caller, body)
    return _described(call)


def _described(call: Call) -> OrganizationData:
    own = call.organization
    floors_in_force = floors.of_organization(call.session, own)
    return OrganizationData(own.id, own.name, call.tier.name, floors_in_force)
