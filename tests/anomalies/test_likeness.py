"""The like of an anomaly: what came before it, and what calling it expected mutes, said first."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from costoptix import drafts
from costoptix.anomalies import judgements
from costoptix.anomalies.dispositions import Disposition
from costoptix.anomalies.judgements import JudgementDraft
from costoptix.anomalies.likeness import Likeness, likeness
from costoptix.models import Anomaly
from tests.anomalies.anomaly import make_anomaly
from tests.anomalies.costs import SPIKE, costs, kept, run
from tests.anomalies.test_service import person
from tests.support.lake import Lake, new_organization

BEFORE = SPIKE - timedelta(days=20)


def like(lake: Lake, row: Anomaly) -> Likeness:
    return likeness(lake.session, lake.organization, row)


@pytest.fixture
def row(lake: Lake) -> Anomaly:
    return make_anomaly(lake.session, lake.organization, day=SPIKE)


@pytest.mark.parametrize(
    ("values", "is_earlier", "is_muted"),
    [
        ({}, True, True),
        ({"impact": Decimal(450)}, True, True),
        ({"impact": Decimal("450.01")}, True, False),
        ({"impact": Decimal(-300)}, True, False),
        ({"status": "history"}, True, True),
        ({"impact": Decimal("0.5")}, True, True),  # below the floor
        ({"service_name": "S3"}, False, False),
        ({"service_name": None}, False, False),
        ({"sub_account_id": "222"}, False, False),
        ({"currency": "EUR"}, False, False),
        ({"day": SPIKE + timedelta(days=5)}, False, False),
        ({"sub_account_id": "111", "provider_name": "Amazon Web Services"}, True, True),
    ],
)
def test_earlier_ones_are_of_the_same_service_and_account(
    lake: Lake, row: Anomaly, values: dict[str, object], is_earlier: bool, is_muted: bool
) -> None:
    other = make_anomaly(lake.session, lake.organization, **({"day": BEFORE} | values))
    make_anomaly(lake.session, new_organization(lake.session), day=BEFORE)
    found = like(lake, row)
    assert [one.id for one in found.earlier] == [other.id] * is_earlier
    assert found.muted == {other.id for _ in range(is_muted)}


def test_what_is_of_no_service_has_earlier_ones_too(lake: Lake) -> None:
    days = (SPIKE, BEFORE)
    row, other = (
        make_anomaly(lake.session, lake.organization, day=day, service_name=None) for day in days
    )
    assert [one.id for one in like(lake, row).earlier] == [other.id]


def test_the_pattern_names_side_and_size(lake: Lake, row: Anomaly) -> None:
    (pattern,) = like(lake, row).patterns
    (series,) = pattern.series
    assert (series.service_name, series.account) == ("EC2", "aws:111")
    assert (pattern.goes_up, pattern.up_to) == (True, 450)


def test_of_several_parts_each_is_muted_and_all_together(lake: Lake) -> None:
    lake.deliver(*costs(), *costs(amount="500", sub_account_id="222"))
    run(lake)
    (row,) = kept(lake)
    whole, *parts = like(lake, row).patterns
    assert [len(one.series) for one in (whole, *parts)] == [2, 1, 1]
    assert whole.up_to == row.impact * Decimal("1.5")
    assert [one.up_to for one in parts] == [part.impact * Decimal("1.5") for part in row.parts]


@pytest.mark.parametrize("amount", ["300", "990", "1010", "2000"])
def test_what_is_said_beforehand_is_what_is_muted(lake: Lake, amount: str) -> None:
    """The later spike is expected; would the earlier one have been muted? A run says the same."""
    lake.deliver(
        *(c for c in costs() if c.day != BEFORE),
        *(c for c in costs([BEFORE], amount=amount) if c.day == BEFORE),
    )
    run(lake)
    rows = {row.first_day: row for row in kept(lake)}
    row, other = rows[SPIKE], rows[BEFORE]
    found = like(lake, row)
    lake.session.delete(other)
    draft = drafts.read(JudgementDraft, {"is_expected": True})
    judgements.judge(lake.session, row, person(lake.organization), draft)
    (again,) = [one for one in run(lake).episodes if one.episode.days.first == BEFORE]
    assert (again.disposition is Disposition.MUTED) == (other.id in found.muted)


def test_before_the_first_day_of_all_nothing_came(lake: Lake) -> None:
    row = make_anomaly(lake.session, lake.organization, day=date(1970, 1, 1))
    assert list(like(lake, row).earlier) == []
