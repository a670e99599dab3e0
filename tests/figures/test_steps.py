"""Steps of a change: they add up to it, to the last digit, whatever moved."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from costoptix.figures.sentence import Cause, ServiceInAccount
from costoptix.figures.steps import MOST, steps
from costoptix.figures.trends import Change
from costoptix.money import total

amounts = st.decimals(-(10**12), 10**12, places=12)
cells = st.dictionaries(
    st.tuples(st.sampled_from("abcdefgh"), st.just("AWS"), st.sampled_from("12")),
    st.builds(Change, amounts, amounts),
    min_size=1,
)


def named(groups):
    return {group: ServiceInAccount(group[0], None) for group in groups}


@given(cells, st.lists(amounts, max_size=3), st.data())
def test_steps_add_up_to_the_change(changes, of_causes, data):
    groups = [data.draw(st.sampled_from(sorted(changes))) for _ in of_causes]
    causes = [
        Cause(ServiceInAccount(group[0], None), "usage", amount, (), group)
        for group, amount in zip(groups, of_causes, strict=True)
    ]
    made = steps(changes, causes, named(changes))
    assert total([s.amount for s in made]) == total([c.amount for c in changes.values()])
    assert [step.amount for step in made[: len(causes)]] == of_causes
    assert len(made) <= MOST + 1
    assert all(step.subject is not None for step in made[:-1])


def test_what_is_left_of_a_service_beside_its_cause_is_a_step_and_the_small_are_one():
    changes = {
        ("EC2", "AWS", "1"): Change(Decimal(100), Decimal(200)),
        ("S3", "AWS", "1"): Change(Decimal(1), Decimal(4)),
        ("SQS", "AWS", "1"): Change(Decimal(2), Decimal(1)),
    }
    subject = ServiceInAccount("EC2", None)
    cause = Cause(subject, "usage", Decimal(70), (), ("EC2", "AWS", "1"))
    made = steps(changes, [cause], named(changes))
    assert [(step.part, step.amount) for step in made] == [("usage", 70), ("", 30), ("", 2)]
    assert made[-1].subject is None
