"""The four methods: what they flag, what they must not, and that they never look ahead."""

import math
import random
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from costoptix.anomalies.detect import (
    SEVERITY_RULE,
    Method,
    Settings,
    detect,
    deviation,
    severity_of,
)
from costoptix.errors import Invalid
from costoptix.models import Severity
from costoptix.money import rounded
from tests.support.series import FIRST, changed, daily, noisy

every_method = pytest.mark.parametrize("method", list(Method))
seeds = st.integers(0, 10**9)
sizes = st.integers(0, 200)
few = settings(max_examples=30, deadline=None)


def flagged(amounts, method=Method.ADAPTIVE, **rest):
    return [finding.day for finding in detect(amounts, Settings(method, **rest)).findings]


def begun(amounts, method=Method.ADAPTIVE):
    """Return the first days of the episodes: one alert for one."""
    return list(dict.fromkeys(one.episode for one in detect(amounts, Settings(method)).findings))


def day(index):
    return FIRST + timedelta(days=index)


def jitter(seed=1, size=0.02):
    chance = random.Random(seed)
    return lambda _: round(100 * (1 + chance.gauss(0, size)), 4)


@every_method
@given(value=st.decimals(-(10**9), 10**9, places=4), count=sizes)
@few
def test_a_constant_series_has_no_anomaly(method, value, count):
    assert flagged(daily(count, lambda _: value), method) == []


@every_method
@given(seed=seeds, count=sizes, cut=sizes)
@few
def test_the_future_never_changes_a_finding(method, seed, count, cut):
    """No look-ahead: cutting the end off leaves the findings of the rest as they were."""
    amounts = noisy(seed, count)
    whole = detect(amounts, Settings(method)).findings
    part = detect(amounts[:cut], Settings(method)).findings
    assert part == [one for one in whole if (one.day - FIRST).days < cut]


@pytest.mark.parametrize("method", [Method.ROLLING_Z_SCORE, Method.STANDARD_Z_SCORE])
@given(seed=seeds, shift=st.integers(-(10**4), 10**4), scale=st.integers(1, 1000))
@few
def test_adding_and_scaling_change_no_verdict(method, seed, shift, scale):
    amounts = noisy(seed, 150)
    moved = [(when, amount * scale + shift) for when, amount in amounts]
    assert flagged(moved, method) == flagged(amounts, method)


@given(seed=seeds, scale=st.integers(1, 1000))
@few
def test_scaling_changes_no_adaptive_verdict(seed, scale):
    amounts = noisy(seed, 150)
    assert flagged([(when, amount * scale) for when, amount in amounts]) == flagged(amounts)


def test_a_deviation_of_a_tenth_is_nobodys_business():
    """A steady service has so little noise that a tenth more lies far outside of it."""
    steady = daily(120, jitter(size=0.002))
    assert flagged(changed(steady, 100, 1.1)) == []
    assert flagged(changed(steady, 100, 1.2)) == [day(100)]
    assert day(100) in flagged(changed(steady, 100, 1.1), Method.ROLLING_Z_SCORE)


@given(seed=seeds, scale=st.integers(2, 1000))
@few
def test_scaling_scales_the_money_and_keeps_the_percentage(seed, scale):
    amounts = noisy(seed, 150)
    before = detect(amounts, Settings(Method.ADAPTIVE)).findings
    scaled = [(when, amount * scale) for when, amount in amounts]
    after = detect(scaled, Settings(Method.ADAPTIVE)).findings
    for small, large in zip(before, after, strict=True):
        assert large.actual == small.actual * scale
        assert float(large.impact) == pytest.approx(float(small.impact) * scale)
        assert float(large.deviation_percent) == pytest.approx(
            float(small.deviation_percent), abs=0.02
        )


@every_method
@given(seed=seeds)
@few
def test_series_are_judged_each_for_itself(method, seed):
    """Permuting accounts changes nothing: no state is kept from one series to the next."""
    accounts = [noisy(seed + offset, 90) for offset in range(3)]
    forth = [detect(amounts, Settings(method)) for amounts in accounts]
    back = [detect(amounts, Settings(method)) for amounts in reversed(accounts)]
    assert forth == back[::-1]


@every_method
@pytest.mark.parametrize("value", [0, -5])
def test_zero_and_negative_series_are_judged_like_others(method, value):
    quiet = daily(60, lambda _: value)
    assert detect(quiet, Settings(method)).note == ""
    assert flagged(quiet, method) == []
    loud = [*quiet, (day(60), Decimal(100))]
    assert flagged(loud, method) == [day(60)]


@every_method
@pytest.mark.parametrize("count", [0, 1, 7])
def test_a_short_history_is_said_in_words(method, count):
    found = detect(daily(count, lambda _: 1), Settings(method))
    assert found.findings == []
    assert found.note.startswith(f"Not enough history: {count} complete days")


def test_the_rolling_z_score_is_that_of_the_days_looked_back():
    """Mean 10, deviation 2: 2.0 of them end at 14; 14 is within, 14.01 is not."""
    before = daily(30, lambda when: 8 if when.toordinal() % 2 else 12)
    within = [*before, (day(30), Decimal(14))]
    beyond = [*before, (day(30), Decimal("14.01"))]
    assert flagged(within, Method.ROLLING_Z_SCORE) == []
    finding = detect(beyond).findings[-1]
    assert (finding.expected, finding.impact) == (10, Decimal("4.01"))
    assert finding.deviation_percent == Decimal("40.10")
    assert (rounded(finding.low, 6), rounded(finding.high, 6)) == (6, 14)
    assert finding.method is Method.ROLLING_Z_SCORE


def test_the_rolling_z_score_forgets_what_the_standard_one_remembers():
    past = daily(60, lambda when: 1 if when < day(40) else 100)
    series = [*past, (day(60), Decimal(1))]
    assert day(60) in flagged(series, Method.ROLLING_Z_SCORE, lookback_days=14)
    assert day(60) not in flagged(series, Method.STANDARD_Z_SCORE)


def test_the_simple_threshold_is_a_percentage_above_the_mean_before():
    past = daily(10, lambda _: 100)
    for value, expected in (("150", []), ("150.01", [day(10)]), ("1", [])):
        series = [*past, (day(10), Decimal(value))]
        assert flagged(series, Method.SIMPLE_THRESHOLD, threshold=50) == expected


def test_the_adaptive_method_knows_weekends():
    chance = random.Random(3)
    amounts = daily(
        90, lambda when: (40 if when.weekday() > 4 else 100) * (1 + chance.gauss(0, 0.02))
    )
    assert flagged(amounts) == []
    sunday = 83
    assert day(sunday).weekday() == 6
    like_a_weekday = changed(amounts, sunday, 2.5)
    assert flagged(like_a_weekday) == [day(sunday)]
    assert day(sunday) not in flagged(like_a_weekday, Method.ROLLING_Z_SCORE)


def test_the_adaptive_threshold_follows_the_volatility():
    spike = 1.3
    calm, wild = daily(60, jitter(size=0.02)), daily(60, jitter(size=0.15))
    assert flagged(changed(calm, 50, spike)) == [day(50)]
    assert flagged(changed(wild, 50, spike)) == []


def test_month_start_charges_are_no_anomalies():
    noise = jitter()
    charged = daily(150, lambda when: noise(when) + (300 if when.day == 1 else 0))
    assert flagged(charged) == []


def test_a_month_start_far_beyond_the_known_charge_is_one():
    noise = jitter()
    charged = daily(100, lambda when: noise(when) + (300 if when.day == 1 else 0))
    first_of_april = 86
    assert day(first_of_april).day == 1
    findings = detect(changed(charged, first_of_april, 3), Settings(Method.ADAPTIVE)).findings
    assert [one.day for one in findings] == [day(first_of_april)]
    assert 390 < findings[0].expected < 410


@pytest.mark.parametrize("factor", [2, 0.4])
@pytest.mark.parametrize("weekend", [1, 0.4])
def test_a_level_shift_alerts_once_and_becomes_the_baseline(factor, weekend):
    noise = jitter()
    usual = daily(160, lambda when: noise(when) * (weekend if when.weekday() > 4 else 1))
    shifted = changed(usual, 60, factor, until=160)
    assert begun(shifted) == [day(60)]
    assert flagged(shifted)[-1] == day(66)  # a week away is a new level
    back = changed(shifted, 120, 1 / factor, until=160)
    assert begun(back) == [day(60), day(120)]


@pytest.mark.parametrize("due", [1, 5, 15, 28])
@pytest.mark.parametrize("size", [300, -80])
def test_what_comes_every_month_is_flagged_until_it_came_twice(due, size):
    noise = jitter()
    charged = daily(395, lambda when: noise(when) + (size * noise(when) / 100) * (when.day == due))
    assert len(flagged(charged)) <= 2


def test_what_comes_every_month_may_be_moved_by_a_weekend():
    noise = jitter()

    def is_due(when):
        weekend = when.weekday() == 0 and {(when - timedelta(days=k)).day for k in (1, 2)} & {15}
        return (when.day == 15 and when.weekday() < 5) or bool(weekend)

    assert len(flagged(daily(395, lambda when: noise(when) + 200 * is_due(when)))) <= 2


def test_a_charge_of_another_size_or_day_is_one():
    noise = jitter()
    charged = daily(200, lambda when: noise(when) + 300 * (when.day == 15))
    at = next(index for index in range(150, 200) if day(index).day == 15)
    (*_, finding) = detect(changed(charged, at, 3), Settings(Method.ADAPTIVE)).findings
    assert finding.day == day(at)
    assert 390 < finding.expected < 410  # the charge that was known is no part of the impact
    assert day(at + 8) in flagged(changed(charged, at + 8, 4))


@pytest.mark.parametrize("scatter", [0.05, 0.2])
def test_a_weekly_job_beside_ordinary_days_is_ordinary(scatter):
    counts = []
    for seed in range(10):
        noise, job = jitter(seed), jitter(seed + 100, scatter)
        usual = daily(395, lambda when, noise=noise: noise(when))
        series = [
            (when, amount + Decimal(str(job(when))) if when.weekday() == 2 else amount)
            for when, amount in usual
        ]
        counts.append(len(begun(series)))
        assert day(300) in flagged(changed(series, 300, 4))
    assert sum(counts) <= 4 * len(counts)  # of 56 jobs each


@pytest.mark.parametrize("length", [2, 3, 5])
def test_a_spike_of_days_is_one_episode_of_all_of_them(length):
    spiked = changed(daily(120, lambda _: 100), 80, 3, until=80 + length)
    findings = detect(spiked, Settings(Method.ADAPTIVE)).findings
    assert [one.day for one in findings] == [day(80 + k) for k in range(length)]
    assert {one.episode for one in findings} == {day(80)}
    assert sum(one.impact for one in findings) == 200 * length


@pytest.mark.parametrize("noise", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("weekend", [1.0, 0.6])
def test_a_new_service_alerts_once(noise: float, weekend: float) -> None:
    """The zeros before it hold no rhythm: what is ordinary is learned from its own days."""
    begins, counts = day(310), []
    for seed in range(20):
        scatter = jitter(seed, noise)
        found = begun(
            daily(
                400,
                lambda day, scatter=scatter: (
                    max(0, scatter(day)) * (weekend if day.weekday() > 4 else 1)
                    if day >= begins
                    else 0
                ),
            )
        )
        assert found[0] == begins
        counts.append(len(found))
    assert sum(counts) <= 2 * len(counts)


@pytest.mark.parametrize("noise", [0.05, 0.2])
def test_a_weekly_job_is_judged_by_its_own_volatility(noise: float) -> None:
    """The quiet days between say nothing about how much it scatters."""
    counts = []
    for seed in range(20):
        scatter = jitter(seed, noise)
        job = daily(300, lambda day, scatter=scatter: scatter(day) if day.weekday() == 0 else 0)
        counts.append(len(flagged(job)))
        assert job[280][0] in flagged(changed(job, 280, 20))
    assert sum(counts) <= 5 * len(counts)


def test_a_spike_leaves_the_baseline_alone():
    twice = changed(changed(daily(90, jitter()), 50, 3), 60, 3)
    assert flagged(twice) == [day(50), day(60)]


def test_a_spike_that_gets_much_worse_is_flagged_again_in_one_episode():
    growing = changed(changed(daily(60, jitter()), 40, 1.5), 41, 6)
    findings = detect(growing, Settings(Method.ADAPTIVE)).findings
    assert [one.day for one in findings] == [day(40), day(41)]
    assert {one.episode for one in findings} == {day(40)}


def test_consecutive_findings_are_one_episode():
    series = changed(changed(daily(60, lambda _: 100), 40, 2, until=42), 50, 5)
    findings = detect(series).findings
    assert [(one.day, one.episode) for one in findings] == [
        (day(40), day(40)),
        (day(41), day(40)),
        (day(50), day(50)),
    ]


def test_a_saving_has_a_negative_impact():
    finding = detect(changed(daily(60, lambda _: 100), 50, 0.2), Settings(Method.ADAPTIVE)).findings
    assert [(one.impact, one.deviation_percent) for one in finding] == [(-80, -80)]
    assert finding[0].severity is Severity.MEDIUM


def test_a_deviation_from_nothing_has_no_percentage():
    finding = detect([*daily(30, lambda _: 0), (day(30), Decimal(70))]).findings[0]
    assert finding.deviation_percent is None
    assert finding.severity is Severity.MEDIUM


@pytest.mark.parametrize(("severity", "money", "percent"), SEVERITY_RULE)
def test_severity_needs_both_money_and_percent(severity, money, percent):
    cent = Decimal("0.01")
    assert severity_of(money, percent) is severity
    assert severity_of(-money, -percent) is severity
    assert severity_of(money - cent, percent) is not severity
    assert severity_of(money, percent - cent) is not severity


def test_little_money_is_low_whatever_the_percentage():
    assert severity_of(Decimal(49), None) is Severity.LOW
    assert severity_of(Decimal(10**6), Decimal(19)) is Severity.LOW


@pytest.mark.parametrize("lookback", [-1, 0, 6, 366, 10_000])
def test_a_look_back_out_of_range_is_refused_in_words(lookback):
    with pytest.raises(Invalid, match="lookback_days must be from 7 to 365"):
        Settings(lookback_days=lookback)


@every_method
@pytest.mark.parametrize("threshold", [0, -1, 10_001, math.inf, math.nan])
def test_a_threshold_out_of_range_is_refused_in_words(method, threshold):
    with pytest.raises(Invalid, match=f"threshold of {method} must be from"):
        Settings(method, threshold=threshold)


@pytest.mark.parametrize("bad", ["NaN", "Infinity"])
def test_amounts_that_are_no_numbers_are_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        detect([*daily(20, lambda _: 1), (day(20), Decimal(bad))])


def test_days_out_of_order_are_refused():
    with pytest.raises(ValueError, match="ascend"):
        detect(daily(20, lambda _: 1)[::-1])


@pytest.mark.parametrize(
    ("impact", "expected", "percent"),
    [
        ("5", "10", "50.00"), ("-5", "10", "-50.00"), ("5", "-10", "50.00"), ("1", "3", "33.33"),
        ("5", "0", None), ("99999999999999999999", "0.000000000000000001", None),
    ],
)  # fmt: skip
def test_a_deviation_is_in_percent_of_the_size_of_what_was_expected(impact, expected, percent):
    assert deviation(Decimal(impact), Decimal(expected)) == (percent and Decimal(percent))


def test_an_impact_keeps_every_digit() -> None:
    large = Decimal("12345678901234567890.000000000000000001")
    amounts = [(day(index), Decimal(10 + index % 2)) for index in range(30)]
    (finding,) = detect([*amounts, (day(30), large)]).findings
    assert finding.expected == Decimal("10.5")
    assert finding.impact == Decimal("12345678901234567879.500000000000000001")


@given(begins=st.integers(60, 150), length=st.integers(1, 4), factor=st.sampled_from([0, 3, 8]))
@example(begins=54, length=2, factor=8)  # 28 February and 1 March
@example(begins=53, length=4, factor=0)
@few
def test_a_spike_holds_all_of_its_days_wherever_a_month_starts(begins, length, factor):
    amounts = changed(daily(160, jitter()), begins, factor, begins + length)
    found = [one.day for one in detect(amounts, Settings(Method.ADAPTIVE)).findings]
    assert found == [day(begins + number) for number in range(length)]


def test_a_charge_of_the_month_is_no_part_of_a_spike_before_it():
    """Neither one that is known, nor a first one that is small beside the spike."""
    noise = jitter()
    for charge in (300, 30):
        charged = daily(100, lambda when, c=charge: noise(when) + (c if when.day == 1 else 0))
        assert flagged(changed(charged, 85, 8)) == [day(85)]
        assert day(86).day == 1
