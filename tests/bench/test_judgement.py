"""The scoring of detection and forecasts, and that the product beats the plain rules."""

import orjson
import pytest

from bench.judgement import as_json, judge, total_accuracies, total_scores
from bench.scoring import Score, read, score
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


def test_f1_is_of_the_summed_counts():
    total = Score(1, 1, 0, 50)
    total.add(Score(1, 0, 1, 50))
    figures = total.figures()
    assert figures["f1"] == pytest.approx(2 / 3)
    assert figures["alerts_per_100_days"] == 3


def test_the_adaptive_method_beats_the_plain_rules_on_each_kind(judged):
    for kind, rules in total_scores(judged).items():
        f1 = {rule: one.figures()["f1"] for rule, one in rules.items()}
        assert f1["adaptive"] >= max(f1["mad28"], f1["weekday8"]) + 0.05, kind


def test_the_forecast_beats_the_plain_ones(judged):
    accuracies = total_accuracies(judged)
    ours = accuracies.pop("costoptix")
    assert ours.wape < min(one.wape for one in accuracies.values())


def test_level_shifts_are_flagged_once(judged):
    for one in judged:
        if one.series.name == "cost_7_05.csv":  # three shifts, a charge of twice the daily cost
            assert len(one.flagged["adaptive"]) == 3
            assert one.scores()["adaptive"].missed == 0


def test_the_json_holds_what_one_needs_to_score_for_oneself(judged):
    answer = orjson.loads(orjson.dumps(as_json(judged)))
    assert set(answer) == {"series", "methods", "forecast"}
    long, short = answer["series"]["cost_7_05.csv"], answer["series"]["adx_3_cpc.csv"]
    assert set(long["flagged"]) == {"default", "adaptive", "mad28", "weekday8"}
    assert short["flagged"]["adaptive"] == ["2011-08-13"]
    assert short["forecasts"] == []
    # 210 days: day 90 is the last that the first forecast knew, then every 15 days
    assert [one["origin"] for one in long["forecasts"]][:2] == ["2024-10-15", "2024-10-30"]
    assert len(long["forecasts"]) == 7
    first = long["forecasts"][0]["days"]
    assert len(first) == 30
    assert set(first[0]) == {"date", "expected", "low", "high"}
    assert first[0]["date"] == "2024-10-16"
