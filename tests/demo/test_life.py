"""Acme Cloud is lived in: bills that grow ask nothing, and a team has left its traces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock
from costoptix.access import passwords
from costoptix.anomalies.precision import Precision, precisions
from costoptix.bills.ledger import questions
from costoptix.bills.ledger.restatement import restatements
from costoptix.costs.answers import CostStore
from costoptix.costs.asking import asker
from costoptix.demo import acme, life, life_channel, life_keys, life_people
from costoptix.demo.bills import SOURCES, bills
from costoptix.demo.catalogue import SERVICES
from costoptix.demo.company import ACCOUNTS
from costoptix.demo.generator import write_bills
from costoptix.demo.incidents import Opinion
from costoptix.demo.life_findings import _opinions
from costoptix.demo.story import (
    CLUSTER,
    CREDIT_A_DAY,
    CREDIT_BEGINS_TO_LACK,
    LAUNCH,
    Story,
)
from costoptix.extensions import db, quota_storage
from costoptix.models import (
    Anomaly,
    AnomalyStatus,
    ApiKey,
    Base,
    Budget,
    BudgetStanding,
    Channel,
    ChannelState,
    CleaningRule,
    Dispatch,
    DispatchState,
    Import,
    ImportState,
    Organization,
    SavedView,
    User,
)
from costoptix.notify import dispatches
from costoptix.periods import month_range
from tests.conftest import make_config
from tests.support.bills import TakeIn, work
from tests.support.installation import DATABASES, close_app, start_app
from tests.support.proving import count

NOW = "2026-11-29T09:00:00Z"
MONTHS = 4  # what is judged, and a month before it


def test_bills_that_grow_by_a_day_ask_nothing(take_in: TakeIn, tmp_path: Path) -> None:
    story = Story(date(2026, 10, 7))
    for day in range(7, 7 + count(2, 20)):
        end = date(2026, 10, day)
        clock.configure(f"{end + timedelta(days=1)}T06:00:00Z")
        for file in write_bills(tmp_path, end, months=1, story=story)[: count(1, 3)]:
            source = SOURCES[file.name.partition("-")[0]]
            row = take_in(file.read_bytes(), name=file.name, source_name=source)
            assert (row.state, row.message) == ("live", None)


@dataclass(frozen=True)
class LivedIn:
    """The folder of a demo, and a key to it."""

    config: Config
    key: str


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> LivedIn:
    """The demo's folder, made once: the bills of ``MONTHS``, and what people have left."""
    if not Path(migrated).exists():
        pytest.skip("the demo is the same on either database")
    config = make_config(tmp_path_factory.mktemp("demo"), now=NOW)
    for name in DATABASES:
        (config.data_dir / name).write_bytes(Path(migrated).with_name(name).read_bytes())
    app = start_app(config)
    with app.app_context():
        session = db.session()
        organization, _, _ = acme.found_company(session)
        key = acme.new_key(session, organization)
        acme.bring_bills(session, organization, config, MONTHS)
        assert not life.settle(session, organization, config)
        work(session, config)
        assert life.settle(session, organization, config)
        work(session, config)
    close_app(app)
    return LivedIn(config, key)


@pytest.fixture
def demo(lived_in: LivedIn) -> Iterator[tuple[Session, Organization]]:
    """A session on it, and its organization."""
    app = start_app(lived_in.config)
    with app.app_context():
        found = acme.find(db.session())
        assert found is not None
        yield db.session(), found[0]
    close_app(app)


Demo = tuple[Session, Organization]


def test_five_people_of_whom_only_the_admin_can_sign_in(demo: Demo) -> None:
    session, organization = demo
    people = session.scalars(select(User)).all()
    assert Counter(person.role for person in people) == {"admin": 2, "member": 3}
    for person in life_people.PEOPLE:
        user = life_people.find(session, organization, person.key)
        assert user is not None
        words = ("", "demo", person.key, person.name, "acme", "password")
        assert not any(passwords.verify(user.password_hash, word) for word in words)


def test_six_keys_have_called_for_thirty_days_but_the_one_that_rests(demo: Demo) -> None:
    session, organization = demo
    keys = session.scalars(select(ApiKey)).all()
    assert {key.name for key in keys} == {acme.KEY_NAME, *(key.name for key in life_keys.KEYS)}
    now = clock.utc_now()
    by_name = {key.name: key for key in keys}
    since = now.date() - timedelta(days=30)
    calls = quota_storage().calls(organization.id, since)
    days = Counter(one.api_key_id for one in calls)
    assert days[by_name["CI Pipeline"].id] == 30
    assert days[by_name["Spreadsheet of finance"].id] == 0
    used_at = by_name["Spreadsheet of finance"].last_used_at
    assert used_at is not None
    assert (now + timedelta(minutes=10) - used_at).days == 94
    expiring = [key for key in keys if key.expires_at and key.expires_at < now + timedelta(days=7)]
    assert [key.name for key in expiring] == ["Nightly export to BigQuery"]
    assert [key.name for key in keys if key.revoked_at] == ["Prototype of the portal"]


def test_one_budget_is_broken_one_nearly_and_one_is_of_a_tag(demo: Demo) -> None:
    session, _ = demo
    states = session.execute(
        select(Budget.name, BudgetStanding.state).join(
            BudgetStanding, BudgetStanding.budget_id == Budget.id
        )
    )
    assert {name: state.value for name, state in states if state} == {
        "All clouds": "ok", "Staging": "exceeded", "Analytics": "critical", "Team data": "ok",
        "ERP in Europe": "ok",
    }  # fmt: skip
    scoped = session.scalars(select(Budget).where(Budget.name == "Team data")).one()
    assert scoped.tag_rules == [{"key": "team", "operator": "=", "values": ["data"]}]


def test_sixteen_of_twenty_judged_findings_were_real(demo: Demo, lived_in: LivedIn) -> None:
    session, organization = demo
    with CostStore(lived_in.config.lake_dir, lived_in.config.temp_dir) as store:
        whole = precisions(
            session, organization, asker(session, organization, store), clock.utc_now()
        ).whole
    assert whole == Precision(right=16, wrong=4)
    closed = session.scalars(
        select(Anomaly).where(
            Anomaly.status.in_((AnomalyStatus.RESOLVED, AnomalyStatus.FALSE_POSITIVE))
        )
    ).all()
    assert all(row.note for row in closed)
    assert len({row.judged_by for row in closed}) == 4


def test_what_is_left_for_the_visitor_is_new(demo: Demo) -> None:
    session, organization = demo
    story = acme.story_of(organization)
    new = session.scalars(select(Anomaly).where(Anomaly.status == AnomalyStatus.NEW)).all()
    assert {(story.end - row.first_day).days for row in new} == {CLUSTER.begins, 5, 2}
    assert all(one.opinion is not Opinion.OPEN for one in _opinions(story))


def test_one_import_waits_and_asks_whether_money_shall_count_twice(demo: Demo) -> None:
    session, _ = demo
    (row,) = session.scalars(select(Import).where(Import.state == ImportState.WAITING))
    question = questions.question_of(row)
    assert question is not None
    assert question.kind is questions.Kind.OVERLAP
    assert row.created_by == "maya@acme.example"


def test_one_bill_has_rows_that_cannot_be_read(demo: Demo) -> None:
    session, _ = demo
    rejected = session.scalars(select(Import).where(Import.rows_rejected > 0)).all()
    assert [(row.state, row.rows_rejected) for row in rejected] == [(ImportState.LIVE, 3)]


def test_one_month_is_restated(demo: Demo, lived_in: LivedIn) -> None:
    session, _ = demo
    twice = session.scalars(select(Import).where(Import.file_name == "gcp-2026-10.csv.gz"))
    first, second = sorted(twice, key=lambda row: row.created_at)
    assert (first.state, second.state) == (ImportState.OLDER, ImportState.LIVE)
    assert first.live_at is not None
    assert second.live_at is not None
    assert first.live_at < second.live_at
    with CostStore(lived_in.config.lake_dir, lived_in.config.temp_dir) as store:
        (restated,) = restatements(session, second, store.engine)
    assert {change.service_name for change in restated.changes} == {"Kubernetes Engine"}
    assert restated.difference["USD"] > 100


def test_bills_have_come_over_the_months_and_not_today(demo: Demo) -> None:
    session, organization = demo
    story = acme.story_of(organization)
    expected = {bill.arrived_at for bill in bills(story, story.end, MONTHS)}
    rows = session.scalars(select(Import).where(Import.state != ImportState.WAITING)).all()
    assert {row.created_at for row in rows} == expected
    assert all(row.live_at and row.live_at.date() == row.created_at.date() for row in rows)


def test_a_webhook_has_a_log_and_calls_nobody(demo: Demo) -> None:
    session, _ = demo
    (channel,) = session.scalars(select(Channel))
    assert channel.state is ChannelState.DISABLED
    assert "example.com" in channel.target_hint
    while dispatches.hand_on(session):
        pass
    states = session.scalars(select(Dispatch.state)).all()
    assert Counter(states) == {
        DispatchState.DELIVERED: len(states) - 1, DispatchState.FAILED: 1,
    }  # fmt: skip
    assert len(states) > 5
    assert life_channel.TARGET.startswith("https://hooks.example.com/")


def test_two_views_are_shared_and_one_is_the_admins(demo: Demo) -> None:
    session, _ = demo
    views = session.scalars(select(SavedView)).all()
    assert Counter(view.shared for view in views) == {True: 2, False: 1}
    (own,) = [view for view in views if not view.shared]
    found = acme.find(session)
    assert found is not None
    assert own.personal_to_id == found[1].id


class Mover(NamedTuple):
    """How a service in an account changed, and by how much of it for one reason."""

    amount: Decimal
    part: Decimal
    sentence: str


def moved(
    lived_in: LivedIn, days: tuple[date, date], account: str, service: str, part: str
) -> Mover:
    """Ask what changed against as many days (or months) before."""
    told = current_app.test_client().get(
        "/api/v1/analytics/movers",
        query_string={
            "start_date": days[0], "end_date": days[1],
            "account": f"{ACCOUNTS[account].provider.slug}:{ACCOUNTS[account].id}",
        },
        headers={"X-API-Key": lived_in.key},
    ).get_json()["data"]  # fmt: skip
    (mover,) = [
        one for one in told["movers"] if one["group"]["service_name"] == SERVICES[service].name
    ]
    amounts = Decimal(mover["change"]["amount"]), Decimal(mover["parts"][part])
    return Mover(*amounts, told["sentence"])


@pytest.fixture
def story(demo: Demo) -> Story:
    """What happens, told from 28 November 2026 backwards."""
    return acme.story_of(demo[1])


def test_the_launch_that_grows_is_named(lived_in: LivedIn, story: Story) -> None:
    last_month = story.day(30), story.day(1)
    launch = moved(lived_in, last_month, "aws-prod", LAUNCH.service, "usage")
    assert round(launch.part) == 597
    assert launch.sentence.endswith(
        "Amazon Bedrock +$597 by usage, Amazon Elastic Compute Cloud +$119 by commitment coverage."
    )


def test_the_forgotten_cluster_is_named_at_its_price(lived_in: LivedIn, story: Story) -> None:
    days = story.day(CLUSTER.begins), story.day(2)
    cluster = moved(lived_in, days, "aws-staging", "ec2", "usage")
    assert abs(cluster.part - 15 * Decimal("205.70")) < 10
    assert "Amazon Elastic Compute Cloud +$3,091 by usage" in cluster.sentence


def test_the_migration_leaves_one_cloud_and_arrives_in_the_other(
    lived_in: LivedIn, story: Story
) -> None:
    days = story.day(81), story.day(53)
    left = moved(lived_in, days, "azure-prod", "vm", "gone")
    arrived = moved(lived_in, days, "gcp-apps", "gce", "usage")
    assert (round(left.part), round(arrived.part)) == (-1117, 655)
    assert "Virtual Machines −$1,117 no longer used" in left.sentence
    assert "Compute Engine +$655 by usage" in arrived.sentence


def test_the_commitment_that_ran_out_is_named(lived_in: LivedIn, story: Story) -> None:
    month = month_range(story.commitment_over)
    plan = moved(lived_in, (month.first, month.last), "aws-prod", "ec2", "commitment_coverage")
    assert round(plan.part) == 1823
    assert "Amazon Elastic Compute Cloud +$1,823 by commitment coverage" in plan.sentence


def test_the_credit_that_ended_is_named_to_the_cent(lived_in: LivedIn, story: Story) -> None:
    days = story.credit_over, story.day(CREDIT_BEGINS_TO_LACK - 19)
    credit = moved(lived_in, days, "gcp-analytics", "bigquery", "credits")
    assert credit.part == 20 * CREDIT_A_DAY
    assert "BigQuery +$1,240 by credits" in credit.sentence


def test_some_tags_are_cleaned_and_others_left_for_the_visitor(
    demo: Demo, lived_in: LivedIn
) -> None:
    told = current_app.test_client().get(
        "/api/v1/costs",
        query_string={"range": "last_30_days", "group_by": "tag:team", "limit": 100},
        headers={"X-API-Key": lived_in.key},
    )
    teams = {row["tag:team"] for row in told.get_json()["data"]["rows"]}
    assert {"platform", "data", "Data", "checkout", "check-out"} <= teams
    assert "Platform" not in teams
    session, _ = demo
    assert session.scalar(select(func.count()).select_from(CleaningRule)) == 2


def _counts(session: Session) -> dict[str, int]:
    return {
        table.name: session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }


def test_a_second_run_makes_nothing_and_what_was_deleted_stays_deleted(
    demo: Demo, lived_in: LivedIn
) -> None:
    session, organization = demo
    session.delete(session.scalars(select(SavedView)).first())
    session.commit()
    before, version = _counts(session), organization.data_version
    acme.bring_bills(session, organization, lived_in.config, MONTHS)
    assert life.settle(session, organization, lived_in.config)
    session.refresh(organization)
    assert (_counts(session), organization.data_version) == (before, version)


def test_a_day_later_only_the_running_month_comes_anew(demo: Demo, lived_in: LivedIn) -> None:
    session, organization = demo
    clock.configure("2026-11-30T09:00:00Z")
    due = acme.bring_bills(session, organization, lived_in.config, MONTHS)
    assert [received.row.file_name for received in due] == [
        "aws-2026-11.csv.gz", "azure-2026-11.csv.gz", "gcp-2026-11.csv.gz",
    ]  # fmt: skip
    assert not life.settle(session, organization, lived_in.config)
    called = quota_storage().calls(organization.id, date(2026, 11, 29))
    demo_key = session.scalars(select(ApiKey.id).where(ApiKey.name == acme.KEY_NAME)).one()
    assert len([one for one in called if one.api_key_id != demo_key]) == 4
