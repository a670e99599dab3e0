"""The calendar of Acme Cloud's use."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from costoptix.demo import rhythm
from costoptix.demo.catalogue import SERVICES

DAYS = st.dates(date(2020, 1, 1), date(2060, 12, 31))


def last_days(end, count):
    return [end - timedelta(days=back) for back in range(count)]


@given(DAYS)
def test_every_thirty_days_hold_an_incident(end):
    struck = [
        (service.name, day)
        for service in SERVICES.values()
        for day in last_days(end, 30)
        if rhythm.level(service, day) > 1.5 * rhythm.level(service, day - timedelta(days=7))
        and service.name in rhythm.INCIDENTS
    ]
    assert struck


@given(DAYS)
def test_every_thirteen_months_see_a_service_appear(end):
    used = [
        (rhythm.level(service, end - timedelta(days=380)), rhythm.level(service, end))
        for service in SERVICES.values()
    ]
    assert any(before == 0 < now for before, now in used)


@given(DAYS)
def test_the_level_shifts_once_a_quarter_and_stays(end):
    ec2 = SERVICES["ec2"]
    levels = [rhythm.level(ec2, day) for day in last_days(end, 2 * rhythm.SHIFT_EVERY + 1)]
    weekly = [now / before for now, before in zip(levels, levels[7:], strict=False)]
    assert max(weekly) > 1.1
    assert min(weekly) < 0.9


def test_weekends_are_quieter():
    saturday = date(2026, 9, 19)
    assert saturday.weekday() == 5
    bigquery = SERVICES["bigquery"]
    assert rhythm.level(bigquery, saturday) < rhythm.level(bigquery, date(2026, 9, 18))


def test_use_grows():
    s3 = SERVICES["s3"]
    assert rhythm.level(s3, date(2026, 11, 20)) > rhythm.level(s3, date(2026, 1, 20))
