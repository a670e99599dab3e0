"""The scoring of detection and forecasts, and that the product beats the plain rules."""

import orjson
import pytest

from bench.generated import KINDS, make
from bench.judgement import as_json, judge, total_accuracies, total_scores
from bench.scoring import Score, read, runs, score, score_events
from tests.support.series import SERIES


@pytest.fixture(scope="module")
def judged():
    return [judge(read(path)) for path in sorted(SERIES.glob("*.csv"))]


@pytest.mark.parametrize(
    ("flagged", "labelled", "counts"),
    [
        ([], [], (0, 0, 0)),
        ([5], [], (0, 1, 0)),
        ([], [5], (0, 0, 1)),
        ([4], [5], (1, 0, 0)),
        ([6], [5], (1, 0, 0)),
        ([7], [5], (0, 1, 1)),
        ([4, 5, 6], [5], (1, 2, 0)),  # one label is matched once
        ([5], [4, 5, 6], (1, 0, 2)),  # and so is one flagged day
        ([5, 6], [4, 6], (2, 0, 0)),
        ([4, 6], [5, 7], (2, 0, 0)),
    ],
)
def test_flagged_and_labelled_days_are_matched_one_to_one(flagged, labelled, counts):
    hits, alarms, missed = counts
    assert score(flagged, labelled, 10) == Score(hits, alarms, missed, 10)


@pytest.mark.parametrize(
    ("flagged", "labelled", "counts"),
    [
        ([], [], (0, 0, 0)),
        ([4, 5, 6], [5], (1, 0, 0)),  # a run is one alert
        ([5], [4, 5, 6, 7], (1, 0, 0)),  # and one event
        ([8], [4, 5, 6, 7], (1, 0, 0)),
        ([9], [4, 5, 6, 7], (0, 1, 1)),
        ([4, 6], [4, 5, 6], (1, 1, 0)),  # an event is found once
        ([4, 5, 6], [4, 6], (1, 0, 1)),  # and an alert finds one
        ([3, 9], [4, 8], (2, 0, 0)),
    ],
)
def test_alerts_and_events_are_matched_one_to_one(flagged, labelled, counts):
    hits, alarms, missed = counts
    assert score_events(flagged, labelled, 10) == Score(hits, alarms, missed, 10)


def test_days_in_a_row_are_one_run():
    assert runs([1, 2, 3, 5, 8, 9]) == [(1, 3), (5, 5), (8, 9)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_generated_series_is_the_same_for_the_same_seed(kind):
    once, twice, other = make(kind, 1, 0), make(kind, 1, 0), make(kind, 2, 0)
    assert (once.days, once.values, once.labels) == (twice.days, twice.values, twice.labels)
    assert once.values != other.values
    assert any(once.labels)


def test_f1_is_of_the_summed_counts():
    total = Score(1, 1, 0, 50)
    total.add(Score(1, 0, 1, 50))
    figures = total.figures()
    assert figures["f1"] == pytest.approx(2 / 3)
    assert figures["alerts_per_100_days"] == 3


def test_the_adaptive_method_beats_the_plain_rules_on_each_kind(judged):
    for kind, rules in total_scores(judged, "event").items():
        f1 = {rule: one.figures()["f1"] for rule, one in rules.items()}
        if kind in ("all", "short", "long"):
            assert f1["adaptive"] >= max(f1["mad28"], f1["weekday8"]) + 0.05, kind


def test_the_forecast_beats_the_plain_ones(judged):
    accuracies = total_accuracies(judged)
    ours = accuracies.pop("costoptix")
    assert ours.wape < min(one.wape for one in accuracies.values())


def test_level_shifts_are_flagged_once(judged):
    for one in judged:
        if one.series.name == "cost_7_05.csv":  # three shifts, a charge of twice the daily cost
            assert len(one.episodes["adaptive"]) == 3
            assert one.scores("event")["adaptive"].missed == 0


def test_the_json_holds_what_one_needs_to_score_for_oneself(judged):
    answer = orjson.loads(orjson.dumps(as_json(judged)))
    assert set(answer) == {"series", "methods", "events", "forecast"}
    long, short = answer["series"]["cost_7_05.csv"], answer["series"]["adx_3_cpc.csv"]
    assert set(long["flagged"]) == {"default", "adaptive", "mad28", "weekday8"}
    assert short["flagged"]["adaptive"] == ["2011-08-12", "2011-08-13"]
    assert short["episodes"]["adaptive"] == [{"start": "2011-08-12", "end": "2011-08-13"}]
    assert short["forecasts"] == []
    # 210 days: day 90 is the last that the first forecast knew, then every 15 days
    assert [one["origin"] for one in long["forecasts"]][:2] == ["2024-10-15", "2024-10-30"]
    assert len(long["forecasts"]) == 7
    first = long["forecasts"][0]["days"]
    assert len(first) == 30
    sums = [set(one["sums"]) for one in long["forecasts"]]
    assert sums[0] == {"7", "30", "90"}
    assert sums[-1] == {"7", "30"}  # 90 days do not follow
    assert set(long["forecasts"][0]["sums"]["7"]) == {"expected", "low", "high"}
    assert set(answer["forecast"]) >= {"wape", "coverage", "generated"}
    assert set(first[0]) == {"date", "expected", "low", "high"}
    assert first[0]["date"] == "2024-10-16"
