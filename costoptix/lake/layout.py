"""The charge table and its roll-ups: the one declaration that writers and readers share.

A delivery is a set of immutable Parquet files: ``charges`` (every row, every column) and the
roll-ups named here, each a GROUP BY of the charges. A question is answered from the smallest
file that holds every dimension it names. A delivery of few charges has no roll-ups.
"""

from __future__ import annotations

from dataclasses import dataclass

METRICS = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")
"""Sums of money, DECIMAL(38,18). The last two may be missing in a charge (NULL)."""

NULLABLE_METRICS = ("list_cost", "contracted_cost")
"""Metrics for which roll-ups count the charges that lack them, as ``<metric>_missing``."""

COARSE_DIMENSIONS = (
    "provider_name",
    "billing_account_id",
    "sub_account_id",
    "sub_account_name",
    "service_name",
    "service_category",
    "charge_category",
)
FINE_DIMENSIONS = (
    "region_id",
    "pricing_category",
    "commitment_discount_status",
    "invoice_id",
)
DETAIL_DIMENSIONS = ("resource_id", "sku_id", "charge_description")
DIMENSIONS = COARSE_DIMENSIONS + FINE_DIMENSIONS + DETAIL_DIMENSIONS
"""What one can group and filter by, beside ``tag:<key>``. NULL is a value like any other."""


@dataclass(frozen=True)
class RollUp:
    """A stored GROUP BY of the charges: per ``grain`` (day or month), currency and dimensions."""

    name: str
    grain: str  # "day" or "month": the DATE column ``day`` holds the day, or the month's first
    dimensions: tuple[str, ...]
    has_tags: bool = False  # the column ``tags`` (canonical JSON object text) is among the groups

    @property
    def columns(self) -> frozenset[str]:
        """Return what a question may group and filter by, in the words of stored columns."""
        return frozenset((*self.dimensions, *(("tags",) if self.has_tags else ())))

    def is_finer_than(self, other: RollUp) -> bool:
        """Tell whether ``other`` can be added up from this one."""
        has_days = self.grain in ("day", other.grain)
        return self != other and has_days and self.columns >= other.columns


_SERVICE_DIMENSIONS = ("provider_name", "service_name", "service_category", "charge_category")
_REGION_DIMENSIONS = (
    "provider_name",
    "region_id",
    "charge_category",
    "pricing_category",
    "commitment_discount_status",
)

ROLL_UPS = (
    RollUp("daily_services", "day", _SERVICE_DIMENSIONS),
    RollUp("daily_regions", "day", _REGION_DIMENSIONS),
    RollUp("daily", "day", COARSE_DIMENSIONS),
    RollUp("monthly", "month", COARSE_DIMENSIONS),
    RollUp("monthly_fine", "month", COARSE_DIMENSIONS + FINE_DIMENSIONS),
    RollUp("tags", "month", COARSE_DIMENSIONS, has_tags=True),
)
"""What none of them holds is asked of the charges. Few and small: each costs every import."""

CHARGES = "charges"
"""The kind of the file that holds every row, sorted by service, resource and time."""

FEW_CHARGES = 1_000
"""So many are read as fast as a roll-up of them is opened, and take less disk than six of these."""

MISSING = {metric: f"{metric}_missing" for metric in NULLABLE_METRICS}
"""By nullable metric, the roll-up column that counts the charges without it."""

CHARGE_COUNT = "charge_count"
"""The roll-up column that counts the charges behind a row."""

CHARGE_DAY = "CAST(charge_period_start AS DATE)"
SORTED_FIRST = ("service_name", "sub_account_id")
"""What the rows of a roll-up are sorted by before ``day``, as far as it has these."""

_SUMS = {metric: f"CAST(sum({metric}) AS DECIMAL(38, 18))" for metric in METRICS}

FINEST_FIRST = tuple(sorted(ROLL_UPS, key=lambda roll_up: (-len(roll_up.columns), roll_up.grain)))
"""The order of writing: what is finer than a roll-up is written before it."""


def literal(text: str) -> str:
    """Return ``text`` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def roll_up_sql(roll_up: RollUp, relation: str) -> str:
    """Write the SELECT that a roll-up of ``relation`` is: a table, view or (subquery) of charges.

    Columns: ``day`` DATE, ``currency``, the dimensions, ``tags`` where the roll-up has them, the
    METRICS as DECIMAL(38,18) sums (NULL where no charge of the group has one), the MISSING counts
    and ``charge_count``. Executing it raises duckdb.OutOfRangeException when a sum does not fit.
    """
    day = CHARGE_DAY
    if roll_up.grain == "month":
        day = f"CAST(date_trunc('month', {day}) AS DATE)"
    groups = (
        f"{day} AS day",
        "billing_currency AS currency",
        *roll_up.dimensions,
        *(("tags",) if roll_up.has_tags else ()),
    )
    missing = {name: f"count(*) - count({metric})" for metric, name in MISSING.items()}
    counts = missing | {CHARGE_COUNT: "count(*)"}
    sums = (f"{sql} AS {name}" for name, sql in (_SUMS | counts).items())
    order = (*(name for name in SORTED_FIRST if name in roll_up.dimensions), "day")
    clauses = ("SELECT", ", ".join((*groups, *sums)), "FROM", relation)
    return " ".join((*clauses, "GROUP BY ALL ORDER BY", ", ".join(order)))
