"""The calendar of Acme Cloud's use."""

from datetime import date

from costoptix.demo import rhythm
from costoptix.demo.catalogue import SERVICES


def test_weekends_are_quieter():
    saturday = date(2026, 9, 19)
    assert saturday.weekday() == 5
    bigquery = SERVICES["bigquery"]
    assert rhythm.level(bigquery, saturday) < rhythm.level(bigquery, date(2026, 9, 18))


def test_use_grows():
    s3 = SERVICES["s3"]
    assert rhythm.level(s3, date(2026, 11, 20)) > rhythm.level(s3, date(2026, 1, 20))
