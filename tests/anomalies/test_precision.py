"""How often detection was right, by method and kind of service."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from costoptix.anomalies.precision import Precision, PrecisionPart, Precisions, precisions
from costoptix.clock import utc_now
from costoptix.costs.asking import asker
from costoptix.models import Organization
from costoptix.money import rounded
from costoptix.periods import DateRange
from tests.anomalies.anomaly import make_anomaly
from tests.support.lake import TODAY, Charge, Lake, new_organization


def of(lake: Lake, organization: Organization) -> Precisions:
    ask = asker(lake.session, organization, lake.store)
    return precisions(lake.session, organization, ask, utc_now())


def close(lake: Lake, day: date, status: str, age: int = 1, **values: object) -> None:
    at = utc_now() - timedelta(days=age)
    make_anomaly(lake.session, lake.organization, day=day, status=status, judged_at=at, **values)


def test_precision_counts_what_was_closed_lately(lake: Lake) -> None:
    days = iter(DateRange(date(2026, 1, 1), TODAY))
    for status, age in (
        ("resolved", 1), ("resolved", 80), ("resolved", 100), ("false_positive", 2), ("new", 3),
        ("investigating", 3),
    ):  # fmt: skip
        close(lake, next(days), status, age)
    found = of(lake, lake.organization)
    assert found.whole == Precision(2, 1)
    assert rounded(found.whole.percent or Decimal(0), 2) == Decimal("66.67")
    assert found.parts == (PrecisionPart("adaptive", None, Precision(2, 1)),)
    nothing = of(lake, new_organization(lake.session))
    assert (nothing.whole.percent, nothing.parts) == (None, ())


def test_precision_is_told_by_method_and_kind_of_service(lake: Lake) -> None:
    """A service's kind is that in which it costs the most, however its provider is spelled."""
    lake.deliver(
        Charge(effective_cost=Decimal(9)),
        Charge(service_category="Other"),
        Charge(service_name="S3", service_category="Storage"),
    )
    day = date(2026, 3, 2)
    close(lake, day, "resolved")
    close(lake, day, "resolved", provider_name="Amazon Web Services", sub_account_id="222")
    close(lake, day, "false_positive", method="rolling_z_score", sub_account_id="333")
    close(lake, day, "false_positive", service_name="S3")
    close(lake, day, "resolved", service_name="Gone")
    assert of(lake, lake.organization).parts == (
        PrecisionPart("adaptive", "Compute", Precision(2, 0)),
        PrecisionPart("adaptive", None, Precision(1, 0)),
        PrecisionPart("adaptive", "Storage", Precision(0, 1)),
        PrecisionPart("rolling_z_score", "Compute", Precision(0, 1)),
    )


def test_bills_that_cannot_be_added_up_leave_the_precision(lake: Lake) -> None:
    for source in ("one", "other"):
        lake.deliver(Charge(effective_cost=Decimal("9e19")), source=source)
    close(lake, date(2026, 3, 2), "resolved")
    assert of(lake, lake.organization).parts == (PrecisionPart("adaptive", None, Precision(1, 0)),)
