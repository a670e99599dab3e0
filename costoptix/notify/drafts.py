"""What people may send about a channel: one model each for form and JSON."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from costoptix.drafts import Draft, Name
from costoptix.models import ChannelKind, ChannelState
from costoptix.notify.filters import ChannelFilter
from costoptix.notify.kinds import CHOICES
from costoptix.notify.signing import read_secret

LONGEST_OVERLAP_HOURS = 7 * 24


def _offered(names: list[str]) -> list[str]:
    for name in names:
        if name not in CHOICES:
            raise ValueError(f"{name[:60]!a} is no event; there are {', '.join(CHOICES)}")
    return list(dict.fromkeys(names))


def _good_secret(text: str) -> str:
    read_secret(text)
    return text


Events = Annotated[list[str], AfterValidator(_offered)]
Target = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
Secret = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_good_secret)]
ReportView = Annotated[str, StringConstraints(max_length=36)] | None

_REPORT_VIEW = (
    "The id of a shared view, which reports then show instead of all costs; null for these. The"
    " filter does not narrow it."
)
FIRST_EVENTS = [name for name, kind in CHOICES.items() if kind.is_chosen_at_first]


class ChannelDraft(Draft):
    """A channel to be made."""

    name: Name
    kind: ChannelKind
    url: Target | None = Field(
        default=None, description="Where messages are sent; for e-mail see address."
    )
    address: Target | None = Field(
        default=None, description="For e-mail: an address, or several with commas between."
    )
    events: Events = Field(default=FIRST_EVENTS, description="Which events it is told of.")
    filter: ChannelFilter = Field(default=ChannelFilter(), description="What they must be about.")
    secret: Secret | None = Field(
        default=None,
        description="For custom: your own signing secret; one is made if you give none.",
    )
    report_view: ReportView = Field(default=None, description=_REPORT_VIEW)

    @property
    def target(self) -> str:
        """Return the URL, or the addresses."""
        return self.address or self.url or ""

    @model_validator(mode="after")
    def _is_whole(self) -> ChannelDraft:
        needed, other = ("address", "url") if self.kind is ChannelKind.EMAIL else ("url", "address")
        if getattr(self, other) is not None:
            raise ValueError(f"a channel of the kind {self.kind} has no {other}, but a {needed}")
        if getattr(self, needed) is None:
            raise ValueError(f"the field {needed} is missing")
        if self.secret is not None and self.kind is not ChannelKind.CUSTOM:
            raise ValueError("only custom channels have a signing secret")
        return self


class ChannelChange(Draft):
    """What shall change; what is left out stays as it is."""

    name: Name | None = None
    url: Target | None = None
    address: Target | None = None
    events: Events | None = None
    filter: ChannelFilter | None = None
    state: ChannelState | None = None
    report_view: ReportView = Field(default=None, description=_REPORT_VIEW)

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class SecretRotation(Draft):
    """How long the former signing secret signs as well."""

    overlap_hours: int = Field(default=24, ge=0, le=LONGEST_OVERLAP_HOURS)
    secret: Secret | None = Field(
        default=None, description="Your own; one is made if you give none."
    )
