"""Lists whose filters, order and page are their address."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from costoptix import drafts
from costoptix.web.costs.questions import Pairs, url_with

LAST_PAGE = 1_000_000  # what is beyond would be no number to every database


class ListAddress(drafts.Draft):
    """What a list's address says beside its filters: which page of it; and how to change it."""

    endpoint: ClassVar[str]

    order_by: str
    page: int = Field(default=1, ge=1, le=LAST_PAGE)

    def pairs(self, *without: str) -> Pairs:
        """Return the parameters that make this list again, but for some, from its first page."""
        given = self.model_dump(mode="json", exclude_defaults=True, exclude={"page", *without})
        return [
            (name, value)
            for name, values in given.items()
            for value in (values if isinstance(values, list) else [values])
        ]

    def url(self, **changes: str | None) -> str:
        """Return the address of the list with some choices changed (None: taken back)."""
        changed = [(name, value) for name, value in changes.items() if value]
        return url_with(self.endpoint, self.pairs(*changes) + changed)
