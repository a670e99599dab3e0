"""``/tags/rules``: what takes the place of tags as bills write them.

A rule with a ``key`` renames values of that tag, one without renames keys. It is in force at once:
``tag:<key>`` is the cleaned tag from then on, ``raw:<key>`` the written one. Rules follow each
other; one that would lead in a circle is refused.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field

from costoptix.access.permissions import Permission
from costoptix.api.answers import Answer
from costoptix.api.costs import SELECTION, read
from costoptix.api.endpoint import PREFIX, Call, operation
from costoptix.api.paging import DATA_CHANGED, PageQuery, sign, unsign
from costoptix.drafts import Draft
from costoptix.errors import Conflict
from costoptix.models import CleaningRule
from costoptix.periods import Preset
from costoptix.tags import service
from costoptix.tags.drafts import RuleDraft
from costoptix.tags.listing import RuleOrder, list_rules
from costoptix.tags.preview import preview

DAYS = ("range", "start_date", "end_date")
DEFAULT_RANGE = Preset.LAST_6_MONTHS


class RuleData(BaseModel):
    """A rule; where ``key`` is null, ``from`` and ``to`` are keys."""

    id: str
    key: str | None
    names: list[str] = Field(serialization_alias="from")
    to: str
    created_by: str
    created_at: datetime


class MoveData(BaseModel):
    """What one name cost.

    ``to`` is null of charges that carry a preferred key as well: its value counts, and that of
    ``from`` is not seen any more.
    """

    name: str = Field(serialization_alias="from")
    to: str | None
    currency: str
    billed_cost: Decimal
    effective_cost: Decimal
    charge_count: int


class PreviewData(BaseModel):
    """What a rule would move, name by name."""

    moves: list[MoveData]


class RulesQuery(PageQuery):
    """Which part of the list of rules is asked for, in which order."""

    order_by: RuleOrder = Field(
        default=RuleOrder.NEWEST,
        description="`-created_at`, the newest first; `created_at`; `key`, those that rename keys"
        " first; `to`.",
    )


class NoForm(Draft):
    """Nothing beside the question."""


@operation(
    "GET", "/tags/rules", permission=Permission.READ, query=RulesQuery, data=list[RuleData],
    summary="List the rules that clean tags",
)  # fmt: skip
def list_tag_rules(call: Call, query: RulesQuery) -> Answer:
    """List them."""
    call.check_etag("tag rules", query)
    purpose = f"tag-rules:{call.organization.id}:{query.order_by}"
    version, offset = (call.data_version, 0)
    if query.cursor is not None:
        version, offset = unsign(purpose, query.cursor)
    if version != call.data_version:
        raise Conflict(DATA_CHANGED)
    rows = list_rules(
        call.session, call.organization, query.order_by, limit=query.limit + 1, offset=offset
    )
    is_more = len(rows) > query.limit
    cursor = sign(purpose, [version, offset + query.limit]) if is_more else None
    return Answer([_data(row) for row in rows[: query.limit]], meta={"next_cursor": cursor})


@operation(
    "POST", "/tags/rules", permission=Permission.WRITE, body=RuleDraft, data=RuleData, status=201,
    summary="Rename values of a tag, or keys, in every answer from now on",
)  # fmt: skip
def create_tag_rule(call: Call, body: RuleDraft) -> Answer:
    """Make it."""
    rule = service.add_rule(call.session, call.organization, call.caller, body)
    location = {"Location": f"{PREFIX}/tags/rules/{rule.id}"}
    return Answer(_data(rule), status=201, headers=location)


@operation(
    "POST", "/tags/rules/preview", permission=Permission.WRITE, parameters=SELECTION,
    body=RuleDraft, data=PreviewData,
    summary="Show what a rule would move, without making it; in the last 6 months by default",
)  # fmt: skip
def preview_tag_rule(call: Call, body: RuleDraft) -> Answer:
    """Work out what it would move among the charges of the days and filters."""
    has_days = any(name in DAYS for name, _ in call.args)
    args = call.args if has_days else [*call.args, ("range", DEFAULT_RANGE.value)]
    _, query = read(NoForm, args)
    moves = preview(call.session, call.organization, body, query, call.store)
    data = PreviewData(moves=[MoveData(**asdict(move)) for move in moves])
    days = query.date_range
    meta = {"start_date": days.first, "end_date": days.last}
    return Answer(data.model_dump(by_alias=True), meta=meta)


@operation(
    "GET", "/tags/rules/<rule_id>", permission=Permission.READ, data=RuleData,
    summary="Show a rule that cleans tags",
)  # fmt: skip
def get_tag_rule(call: Call, rule_id: str) -> dict[str, Any]:
    """Show it."""
    return _data(service.get_rule(call.session, call.organization, rule_id))


@operation(
    "DELETE", "/tags/rules/<rule_id>", permission=Permission.WRITE,
    summary="Delete a rule: every answer is again what it was without it",
)  # fmt: skip
def delete_tag_rule(call: Call, rule_id: str) -> dict[str, str]:
    """Delete it."""
    service.delete_rule(call.session, call.organization, call.caller, rule_id)
    return {"id": rule_id}


def _data(rule: CleaningRule) -> dict[str, Any]:
    return RuleData(
        id=rule.id,
        key=rule.key,
        names=[name.name for name in rule.names],
        to=rule.to,
        created_by=rule.created_by,
        created_at=rule.created_at,
    ).model_dump(by_alias=True)
