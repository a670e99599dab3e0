"""The drafts of a saved view: one model each for form and JSON."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from costoptix.drafts import Draft, Name
from costoptix.errors import Invalid
from costoptix.figures.comparison import Compare
from costoptix.views.questions import LONGEST, read_question

COLUMNS = (
    "spark", "periods", "total", "share", "compared", "before", "change", "change_percent",
    "per_day", "not_compared", "average", "peak_month", "trend", "cagr", "total_change",
    "month_over_month", "confidence", "anomaly",
)  # fmt: skip
"""What can be chosen in the explorer's table, in its order."""

_ORDER = re.compile(r"-?(?:[a-z][a-z_]{0,38}|[0-9]{4}-[0-9]{2}-[0-9]{2})")


def _question(value: object) -> str:
    try:
        return read_question(value)
    except Invalid as error:
        sentence = error.sentence
        raise ValueError(f"{sentence[0].lower()}{sentence[1:]}".removesuffix(".")) from None


def _columns(value: object) -> object:
    """Return the names of columns, each once and in the table's order, of a list or a comma list.

    Those that the table does not know are refused.
    """
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("give a list of names")
    if any(name not in COLUMNS for name in names):
        raise ValueError(f"a column must be one of {', '.join(COLUMNS)}")
    return [name for name in COLUMNS if name in names]


def _order(value: object) -> object:
    if value and not (isinstance(value, str) and _ORDER.fullmatch(value)):
        raise ValueError("name a column of the explorer's table, - in front for descending")
    return value


_OF_A_QUERY = {
    "anyOf": [
        {"type": "string", "maxLength": LONGEST},
        {
            "type": "object",
            "additionalProperties": {
                "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
            },
        },
    ]
}

Question = Annotated[str, BeforeValidator(_question), WithJsonSchema(_OF_A_QUERY)]
Columns = Annotated[list[str], BeforeValidator(_columns)]
TableOrder = Annotated[str, BeforeValidator(_order)]
Metric = Literal["billed_cost", "effective_cost", "list_cost", "contracted_cost"]

_QUESTION = (
    "The parameters of `GET /costs` that ask it, as a query string or as an object:"
    " `range=last_6_months&group_by=service_name`. A range stays one that moves; without days it"
    " is this month. Answers hold it as a query string."
)
_COLUMNS = "Columns of the explorer's table; empty for those that it shows by itself."
_METRIC = "Which cost the explorer and reports show; null for the organization's."


class ViewDraft(Draft):
    """A view to be kept."""

    name: Name
    question: Question = Field(description=_QUESTION)
    shared: bool | None = Field(
        default=None,
        description="Whether the whole organization sees it. A key's views always are; a person's"
        " are not unless said so.",
    )
    columns: Columns = Field(default=[], description=_COLUMNS)
    compare: Compare = Field(default=Compare.NONE, description="As at `GET /costs`.")
    metric: Metric | None = Field(default=None, description=_METRIC)
    complete_days: bool = Field(
        default=False, description="Whether the explorer shows complete days only."
    )
    table_order: TableOrder = Field(
        default="", description="A column that only the explorer's table has, as `-change`."
    )


_LEFT_OUT: Any = None
"""The default of a field that stays as it is when it is absent; null is not absent."""


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class ViewChange(Draft):
    """What shall be different of a view; what is left out stays as it is."""

    name: Name = Field(default=_LEFT_OUT, json_schema_extra=_without_default)
    question: Question = Field(
        default=_LEFT_OUT, json_schema_extra=_without_default, description=_QUESTION
    )
    shared: bool = Field(default=_LEFT_OUT, json_schema_extra=_without_default)
    columns: Columns = Field(
        default=_LEFT_OUT, json_schema_extra=_without_default, description=_COLUMNS
    )
    compare: Compare = Field(default=_LEFT_OUT, json_schema_extra=_without_default)
    metric: Metric | None = Field(default=None, description=_METRIC)
    complete_days: bool = Field(default=_LEFT_OUT, json_schema_extra=_without_default)
    table_order: TableOrder = Field(default=_LEFT_OUT, json_schema_extra=_without_default)
    version: int | None = Field(
        default=None,
        ge=1,
        description="The version that you saw: 409 where somebody has changed it since.",
    )

    def changes(self) -> dict[str, Any]:
        """Return the fields of the view that were sent, by name."""
        sent = self.model_fields_set - {"version"}
        return {name: getattr(self, name) for name in sent}
