"""What happens at Acme Cloud: on the days of the story, whatever its end."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from costoptix.demo.incidents import INCIDENTS, Opinion
from costoptix.demo.story import CLUSTER, LAUNCH, MIGRATION, Story

STORIES = st.builds(Story, st.dates(date(2020, 1, 1), date(2060, 12, 31)))
LAUNCHED = ("aws-prod", LAUNCH.service, "Output tokens")


@given(STORIES)
def test_the_launch_grows_from_nothing_to_the_end(story: Story) -> None:
    uses = [story.use(LAUNCHED, story.day(back)) for back in (291, 290, 140, 0)]
    assert uses[0] == 0
    assert uses == sorted(uses)
    assert uses[1] > 0
    assert uses[3] > 1.5 * uses[2]


@given(STORIES)
def test_what_migrates_arrives_before_it_leaves(story: Story) -> None:
    def shares(back: int) -> tuple[float, float]:
        day = story.day(back)
        return story.use(MIGRATION.leaving, day), story.use(MIGRATION.arriving, day)

    assert shares(111) == (1, 0)
    assert shares(110) == (1, 0.25)
    assert shares(82) == (0, 1)


@given(STORIES)
def test_the_forgotten_cluster_still_runs_at_the_end_and_is_found_later(story: Story) -> None:
    days = [back for back in range(-20, 30) if story.cluster_runs(story.day(back))]
    assert days == list(range(1 - CLUSTER.found_after, CLUSTER.begins + 1))


@given(STORIES)
def test_the_commitment_runs_out_with_a_month_that_is_over(story: Story) -> None:
    assert story.commitment_over.day == 1
    assert timedelta(days=28) <= story.end - story.commitment_over <= timedelta(days=61)


@given(STORIES)
def test_something_happens_every_three_weeks_after_the_story(story: Story) -> None:
    struck = ("gcp-analytics", "bigquery", "Analysis")
    days = [after for after in range(1, 70) if story.use(struck, story.day(-after)) > 1]
    assert days == [20, 21]


def test_twenty_findings_can_be_judged_of_which_sixteen_are_real() -> None:
    opinions = [incident.opinion for incident in INCIDENTS]
    assert opinions.count(Opinion.REAL) >= 16
    assert opinions.count(Opinion.EXPECTED) >= 4
