"""Detection for an organization: kept once, judged by people, muted, capped, told of once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from costoptix import clock, drafts, money
from costoptix.access.permissions import Caller, Permission
from costoptix.anomalies import episodes, judgements, listing, service
from costoptix.anomalies.detect import Method, Settings, detect
from costoptix.anomalies.dispositions import Disposition
from costoptix.anomalies.judgements import JudgementDraft, JudgementsDraft
from costoptix.anomalies.listing import AnomalyFilters
from costoptix.anomalies.service import DetectionDraft, Outcome
from costoptix.clock import utc_now
from costoptix.errors import Conflict, Forbidden, Invalid, NotFound
from costoptix.models import (
    ANOMALY_MOVES,
    Anomaly,
    AnomalyStatus,
    AuditEntry,
    DetectionRun,
    Event,
    Organization,
)
from costoptix.periods import DateRange
from tests.anomalies.anomaly import SERIES, make_anomaly
from tests.anomalies.costs import DAYS, FIRST, SPIKE, costs, kept, restate, run
from tests.support.lake import TODAY, Charge, Lake, new_organization


def alerts(lake: Lake) -> list[str]:
    mine = Event.organization_id == lake.organization.id
    names = select(Event.name).where(mine, Event.name == "anomaly.detected")
    return list(lake.session.scalars(names))


def person(organization: Organization) -> Caller:
    return Caller(organization.id, Permission.READ, "bob@example.com", user_id="bob")


def judge(lake: Lake, row: Anomaly, **values: Any) -> None:
    draft = drafts.read(JudgementDraft, values)
    judgements.judge(lake.session, row, person(lake.organization), draft)


# Runs ----------------------------------------------------------------------------------------


def test_a_spike_is_kept_and_told_of_once(lake: Lake) -> None:
    lake.deliver(*costs())
    for _ in range(3):
        run(lake)
    (row,) = kept(lake)
    assert (row.first_day, row.last_day, row.actual) == (SPIKE, SPIKE, 700)
    assert (row.provider_name, row.service_name, row.sub_account_id) == ("AWS", "EC2", "111")
    assert row.impact == row.actual - row.expected
    assert row.low <= row.expected <= row.high < row.actual
    assert (row.status, row.severity, row.method) == ("new", "high", "adaptive")
    assert alerts(lake) == ["anomaly.detected"]


def test_without_data_a_run_says_so(lake: Lake) -> None:
    outcome = run(lake)
    assert (outcome.days, outcome.episodes) == (None, ())
    assert "Not enough history" in outcome.note
    assert listing.last_run(lake.session, lake.organization).note == outcome.note


def test_data_of_the_past_are_judged_by_their_own_newest_days(lake: Lake) -> None:
    lake.deliver(*costs())
    clock.configure("2027-06-01T00:00:00Z")
    run(lake)
    assert [row.first_day for row in kept(lake)] == [SPIKE]


def test_the_running_day_is_not_judged(lake: Lake) -> None:
    lake.deliver(*costs([TODAY]))
    run(lake)
    assert kept(lake) == []


def test_little_money_is_kept_and_not_told_of(lake: Lake) -> None:
    lake.deliver(*costs(amount="130"))
    run(lake)
    assert [row.severity for row in kept(lake)] == ["low"]
    assert alerts(lake) == []


def test_what_is_long_past_is_kept_and_not_told_of(lake: Lake) -> None:
    lake.deliver(*costs([date(2026, 1, 20)]))
    (result,) = run(lake).episodes
    assert result.disposition is Disposition.HISTORY
    assert (kept(lake), alerts(lake)) == ([], [])  # listed only when asked for
    (row,) = listing.list_anomalies(
        lake.session, lake.organization, AnomalyFilters((AnomalyStatus.HISTORY,))
    )
    assert (row.first_day, row.status) == (date(2026, 1, 20), "history")
    judge(lake, row, status="resolved")
    assert kept(lake) == [row]


@pytest.mark.parametrize(("days_ago", "status"), [(34, "new"), (35, "history")])
def test_history_ends_before_the_newest_35_known_days(
    lake: Lake, days_ago: int, status: str
) -> None:
    """The last known day is the first of them; what was found as new does not become history."""
    last_known = TODAY - timedelta(days=1)
    lake.deliver(*costs([last_known - timedelta(days=days_ago)]))
    run(lake)
    assert lake.session.scalars(select(Anomaly.status)).all() == [status]
    clock.configure("2026-03-29T12:00:00Z")
    more = DateRange(TODAY, date(2026, 3, 29))
    lake.deliver(*(Charge(day=day, effective_cost=Decimal(102)) for day in more), source="more")
    run(lake)
    assert lake.session.scalars(select(Anomaly.status)).all() == [status]


def test_a_range_of_the_past_is_history_though_it_is_asked_for(lake: Lake) -> None:
    lake.deliver(*costs([date(2026, 1, 20)]))
    wish(lake, end_date="2026-02-01", dry_run=False)
    assert lake.session.scalars(select(Anomaly.status)).all() == ["history"]


def test_an_episode_that_goes_on_is_one_anomaly_valued_by_all_its_days(lake: Lake) -> None:
    """A spike of two days is told on its first, and holds both on its second."""
    settings = Settings(Method.SIMPLE_THRESHOLD)
    second = SPIKE + timedelta(days=1)

    def detected_on(day: date) -> Anomaly:
        clock.configure(f"{day}T12:00:00Z")
        days = DateRange(SPIKE - timedelta(days=30), day)
        service.detect(lake.session, lake.organization, days, settings, lake.store)
        (row,) = kept(lake)
        return row

    lake.deliver(*costs([SPIKE, second]))
    row = detected_on(second)
    anomaly_id, first = row.id, row.impact
    assert (row.first_day, row.last_day, row.actual) == (SPIKE, SPIKE, 700)
    judge(lake, row, status="acknowledged", note="mine")
    row = detected_on(second + timedelta(days=1))
    assert (row.id, row.status, row.note) == (anomaly_id, "acknowledged", "mine")
    assert (row.first_day, row.last_day, row.actual) == (SPIKE, second, 1400)
    assert row.impact == 1400 - row.expected > first
    assert row.deviation_percent == money.scaled(row.impact, 100, row.expected, places=2)
    assert alerts(lake) == ["anomaly.detected"]


def test_consecutive_days_are_one_anomaly_with_the_sums_of_its_days(lake: Lake) -> None:
    lake.deliver(*costs([SPIKE, SPIKE + timedelta(days=1)]))
    service.detect(
        lake.session, lake.organization, DAYS, Settings(Method.SIMPLE_THRESHOLD), lake.store
    )
    (row,) = kept(lake)
    assert (row.last_day - row.first_day).days == 1
    assert row.actual == 1400
    assert row.impact == 1400 - row.expected
    assert row.deviation_percent == money.scaled(row.impact, 100, row.expected, places=2)
    assert alerts(lake) == ["anomaly.detected"]


def test_restated_bills_renew_and_take_back_what_nobody_judged(lake: Lake) -> None:
    lake.deliver(*costs())
    run(lake)
    restate(lake, *costs(amount="900"))
    run(lake)
    assert [row.actual for row in kept(lake)] == [900]
    restate(lake, *costs([]))
    run(lake)
    assert kept(lake) == []
    restate(lake, *costs())
    run(lake)
    assert len(kept(lake)) == 1
    assert alerts(lake) == ["anomaly.detected"]  # once, whatever the data do


def test_an_episode_whose_first_day_is_restated_is_told_of_once(lake: Lake) -> None:
    lake.deliver(*costs())
    run(lake)
    day_before = SPIKE - timedelta(days=1)
    restate(lake, *costs([day_before, SPIKE]))
    run(lake)
    assert [row.first_day for row in kept(lake)] == [day_before]
    assert alerts(lake) == ["anomaly.detected"]


@pytest.mark.parametrize("status", ["acknowledged", "investigating", "resolved", "false_positive"])
def test_a_run_changes_nothing_that_a_person_judged(lake: Lake, status: AnomalyStatus) -> None:
    lake.deliver(*costs())
    run(lake)
    (row,) = kept(lake)
    judge(lake, row, status=status, note="looked at it")
    for amount in ("900", "100"):
        restate(lake, *costs(amount=amount))
        run(lake)
        (row,) = kept(lake)
        assert (row.actual, row.status, row.note) == (700, status, "looked at it")


def test_another_method_adds_what_the_first_did_not_find_and_takes_nothing_back(
    lake: Lake,
) -> None:
    small = SPIKE - timedelta(days=20)
    charges = [
        replace(each, effective_cost=Decimal(106)) if each.day == small else each
        for each in costs()
    ]
    lake.deliver(*charges)
    run(lake)
    before = {row.id for row in kept(lake)}
    settings = Settings(Method.ROLLING_Z_SCORE, 30, 2.0)
    outcome = service.detect(lake.session, lake.organization, DAYS, settings, lake.store)
    assert {each.disposition for each in outcome.episodes} == {Disposition.NEW, Disposition.KNOWN}
    run(lake)
    after = {row.id: row.method for row in kept(lake)}
    assert before < after.keys()
    assert set(after.values()) == {"adaptive", "rolling_z_score"}


def test_a_dry_run_keeps_nothing(lake: Lake) -> None:
    lake.deliver(*costs())
    outcome = service.detect(
        lake.session, lake.organization, DAYS, service.AUTOMATIC, lake.store, dry_run=True
    )
    assert [each.disposition for each in outcome.episodes] == [Disposition.NEW]
    assert (kept(lake), alerts(lake)) == ([], [])
    assert lake.session.scalars(select(DetectionRun)).all() == []


def test_only_episodes_that_begin_in_the_range_are_found(lake: Lake) -> None:
    lake.deliver(*costs([date(2026, 2, 12), SPIKE]))
    days = DateRange(date(2026, 3, 1), TODAY)
    outcome = service.detect(lake.session, lake.organization, days, service.AUTOMATIC, lake.store)
    assert [each.episode.days.first for each in outcome.episodes] == [SPIKE]


def test_accounts_and_currencies_are_judged_apart(lake: Lake) -> None:
    lake.deliver(
        *costs(),
        *costs([], sub_account_id="222"),
        *costs([SPIKE], sub_account_id=None, service_name=None),
        *costs([SPIKE], billing_currency="EUR"),
    )
    run(lake)
    found = {(row.sub_account_id, row.service_name, row.currency) for row in kept(lake)}
    assert found == {("111", "EC2", "USD"), ("111", "EC2", "EUR"), (None, None, "USD")}


# Tiers, expected costs -----------------------------------------------------------------------


def test_a_tier_keeps_so_many_a_month_and_shows_the_others(lake: Lake) -> None:
    lake.organization.tier = "starter"
    lake.session.commit()
    lake.deliver(
        *(
            charge
            for number in range(5)
            for charge in costs(
                amount=str(500 + number), sub_account_id=str(number), service_name=f"s{number}"
            )
        ),
        *costs([date(2026, 2, 20)], sub_account_id="february"),
    )
    outcome = run(lake)
    by_fate = {fate: [f for f in outcome.episodes if f.disposition is fate] for fate in Disposition}
    assert {f.episode.actual for f in by_fate[Disposition.NEW]} == {700, 504, 503, 502}
    assert {f.episode.actual for f in by_fate[Disposition.NOT_KEPT]} == {501, 500}
    assert len(kept(lake)) == 4
    last = listing.last_run(lake.session, lake.organization)
    assert {each["actual"] for each in last.further} == {"501", "500"}
    run(lake)
    assert len(kept(lake)) == 4


def test_what_is_expected_mutes_the_like(lake: Lake) -> None:
    lake.deliver(*costs())
    run(lake)
    (row,) = kept(lake)
    judge(lake, row, is_expected=True, note="the monthly rebuild")
    assert row.status == AnomalyStatus.FALSE_POSITIVE
    like, larger, lower = (SPIKE + timedelta(days=days) for days in (3, 5, 7))
    amounts = {like: "800", larger: "3000", lower: "1"}
    restate(
        lake,
        *(
            replace(each, effective_cost=Decimal(amounts.get(each.day, str(each.effective_cost))))
            for each in costs()
        ),
        *costs([like], sub_account_id="222"),
    )
    outcome = run(lake)
    fates = {
        (f.episode.series.sub_account_id, f.episode.days.first): f.disposition
        for f in outcome.episodes
    }
    assert fates == {
        ("111", SPIKE): Disposition.KNOWN,
        ("111", like): Disposition.MUTED,
        ("111", larger): Disposition.NEW,
        ("111", lower): Disposition.NEW,
        ("222", like): Disposition.NEW,
    }
    judge(lake, row, is_expected=False)
    assert Disposition.MUTED not in {f.disposition for f in run(lake).episodes}


# Judging -------------------------------------------------------------------------------------


@pytest.fixture
def row(lake: Lake) -> Anomaly:
    return make_anomaly(lake.session, lake.organization)


@pytest.mark.parametrize("before", AnomalyStatus)
@pytest.mark.parametrize("after", AnomalyStatus)
def test_a_status_goes_where_it_may(
    lake: Lake, before: AnomalyStatus, after: AnomalyStatus
) -> None:
    row = make_anomaly(lake.session, lake.organization, status=before.value)
    if after in (before, *ANOMALY_MOVES[before]):
        judge(lake, row, status=after)
        assert row.status == after
    else:
        with pytest.raises(Conflict, match=f"This anomaly is {before}; it can become"):
            judge(lake, row, status=after)
        assert row.status == before


def test_every_judgement_keeps_who_when_and_why(lake: Lake, row: Anomaly) -> None:
    judge(lake, row, status="acknowledged", note="mine")
    judge(lake, row, status="resolved")
    assert (row.judged_by, row.note) == ("bob@example.com", "mine")
    said = [(each.actor, each.status, each.note) for each in row.judgements]
    assert said == [
        ("bob@example.com", "resolved", "mine"),
        ("bob@example.com", "acknowledged", "mine"),
    ]
    assert all(each.at <= utc_now() for each in row.judgements)
    entries = lake.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.after["status"] for entry in entries] == ["acknowledged", "resolved"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "Give status, note or is_expected"),
        ({"status": None}, "Give status, note or is_expected"),
        ({"status": "done"}, "status is wrong"),
        ({"status": "resolved", "is_expected": True}, "What is expected is a false_positive"),
        ({"note": "n" * 2001}, "at most 2000"),
    ],
)
def test_nonsense_is_refused_in_words(
    lake: Lake, row: Anomaly, values: dict[str, Any], words: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        judge(lake, row, **values)
    assert words in refusal.value.sentence


def test_members_judge_and_keys_that_may_only_read_do_not(lake: Lake, row: Anomaly) -> None:
    judge(lake, row, status="acknowledged")
    key = Caller(lake.organization.id, Permission.READ, "ci", api_key_id="k")
    with pytest.raises(Forbidden, match="write"):
        judgements.judge(lake.session, row, key, JudgementDraft(note="x"))
    writer = replace(key, permission=Permission.WRITE)
    judgements.judge(lake.session, row, writer, JudgementDraft(note="x"))


def test_a_stranger_sees_no_anomaly(lake: Lake, row: Anomaly) -> None:
    """S24."""
    stranger = new_organization(lake.session)
    with pytest.raises(NotFound):
        service.get(lake.session, stranger, row.id)
    assert listing.list_anomalies(lake.session, stranger) == []


def test_what_somebody_said_meanwhile_is_not_judged_over(lake: Lake, row: Anomaly) -> None:
    """Two people read it; the later sees what the first said, and nothing of it is lost."""
    seen_at = row.created_at.isoformat()
    clock.configure("2026-03-21T12:00:00Z")
    judge(lake, row, status="resolved", note="a load test", seen_at=seen_at)
    clock.configure("2026-03-21T12:00:05Z")
    words = "bob@example.com has judged EC2, 2 Mar 2026, .* it is resolved, .*“a load test”"
    with pytest.raises(Conflict, match=words):
        judge(lake, row, status="false_positive", note="no idea", seen_at=seen_at)
    assert (row.status, row.note, len(row.judgements)) == ("resolved", "a load test", 1)
    assert row.judged_at is not None
    judge(lake, row, note="and again", seen_at=row.judged_at.isoformat())
    assert [said.note for said in row.judgements] == ["and again", "a load test"]


def test_several_are_judged_only_as_they_were_seen(lake: Lake, row: Anomaly) -> None:
    other = make_anomaly(lake.session, lake.organization, service_name="S3")
    seen_at = other.created_at.isoformat()
    clock.configure("2026-03-21T12:00:00Z")
    judge(lake, row, note="mine")
    values = {"ids": [other.id, row.id], "status": "resolved", "seen_at": seen_at}
    draft = drafts.read(JudgementsDraft, values)
    with pytest.raises(Conflict, match="“mine”"):
        judgements.judge_all(lake.session, lake.organization, person(lake.organization), draft)
    assert (other.status, row.status) == ("new", "new")


# On demand -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"method": "zscore"}, "method is wrong"),
        ({"lookback_days": 0}, "lookback_days must be from 7 to 365"),
        ({"lookback_days": 10_000}, "lookback_days must be from 7 to 365"),
        ({"threshold": 0}, "threshold of adaptive must be from 0.5 to 20"),
        ({"threshold": float("nan")}, "threshold is wrong"),
        ({"threshold": "NaN"}, "threshold is wrong"),
        ({"start_date": "2026-03-10", "end_date": "2026-03-01"}, "end_date must not be before"),
        ({"start_date": "yesterday"}, "start_date must be a date"),
        ({"end_date": "2026-02-30"}, "end_date must be a date"),
    ],
)
def test_a_wrong_wish_is_refused_in_words(lake: Lake, values: dict[str, Any], words: str) -> None:
    lake.deliver(*costs())
    with pytest.raises(Invalid) as refusal:
        wish(lake, **values)
    assert words in refusal.value.sentence


def wish(lake: Lake, **values: Any) -> Outcome:
    draft = drafts.read(DetectionDraft, values)
    writer = Caller(lake.organization.id, Permission.WRITE, "ci", api_key_id="k")
    return service.detect_on_demand(lake.session, lake.organization, writer, draft, lake.store)


def test_a_range_without_data_is_told_so(lake: Lake) -> None:
    lake.deliver(*costs())
    outcome = wish(lake, start_date="2020-01-01", end_date="2020-02-01")
    assert (outcome.episodes, outcome.days) == ((), None)
    assert "Not enough history" in outcome.note


@pytest.mark.parametrize("amount", ["0", "-5"])
def test_all_zero_and_all_negative_costs_are_nothing_unusual(lake: Lake, amount: str) -> None:
    days = DateRange(FIRST, TODAY)
    lake.deliver(*(Charge(day=day, effective_cost=Decimal(amount)) for day in days))
    for method in Method:
        outcome = wish(lake, method=method)
        assert (outcome.episodes, outcome.note, outcome.series_count) == ((), "", 1)


def test_who_may_only_read_may_only_look(lake: Lake) -> None:
    lake.deliver(*costs())
    reader = person(lake.organization)
    look = DetectionDraft(dry_run=True)
    found = service.detect_on_demand(lake.session, lake.organization, reader, look, lake.store)
    assert found.episodes
    with pytest.raises(Forbidden):
        keeping = DetectionDraft(dry_run=False)
        service.detect_on_demand(lake.session, lake.organization, reader, keeping, lake.store)


def test_a_run_on_demand_keeps_nothing_unless_it_says_so(lake: Lake) -> None:
    lake.deliver(*costs())
    outcome = wish(lake)
    assert outcome.settings == service.AUTOMATIC
    assert [result.disposition for result in outcome.episodes] == [Disposition.NEW]
    assert kept(lake) == []
    wish(lake, dry_run=False)
    assert len(kept(lake)) == 1


def test_a_run_that_would_keep_many_says_how_many_first(lake: Lake) -> None:
    numbers = [str(number) for number in range(21)]
    lake.deliver(*(c for n in numbers for c in costs(sub_account_id=n, service_name=n)))
    with pytest.raises(Conflict, match="would keep 21 anomalies"):
        wish(lake, dry_run=False)
    assert kept(lake) == []
    wish(lake, dry_run=True)
    wish(lake, dry_run=False, keep=True)
    assert len(kept(lake)) == 21
    wish(lake, dry_run=False)  # all are known: nothing new is kept


def test_a_series_is_named_by_all_its_parts() -> None:
    others = [
        replace(SERIES, **{name: "x"})
        for name in ("provider_name", "service_name", "sub_account_id", "currency")
    ]
    assert len({SERIES.digest, *(each.digest for each in others)}) == 5
    assert SERIES.account == "aws:111"


# One among many ------------------------------------------------------------------------------


def test_a_series_that_cannot_be_judged_leaves_the_others(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.deliver(*costs(), *costs(service_name="S3", sub_account_id="222"))
    run(lake)
    before = sorted(row.id for row in kept(lake))
    judged: list[object] = []

    def broken_at_first(*given: Any) -> object:
        judged.append(given)
        if len(judged) == 1:
            raise RuntimeError("a mistake")
        return detect(*given)

    monkeypatch.setattr(episodes, "detect", broken_at_first)
    outcome = run(lake)
    assert len(outcome.episodes) == 1
    assert sorted(row.id for row in kept(lake)) == before  # what it had found before stays
    assert len(before) == 2
    assert outcome.series_count == 2
    assert outcome.note == "1 of 2 series could not be judged; the error was logged."


def test_series_that_do_not_fit_into_one_amount_together_are_judged_each(lake: Lake) -> None:
    """Judging needs no sum over all of them."""
    lake.deliver(*costs())
    for number in ("777", "888"):
        huge = Charge(day=FIRST, sub_account_id=number, effective_cost=Decimal("9e19"))
        lake.deliver(huge, Charge(day=TODAY, sub_account_id=number), source=number)
    run(lake)
    assert SPIKE in [row.first_day for row in kept(lake)]


# Spellings -----------------------------------------------------------------------------------


GUID = "aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb"
WRITTEN = {"provider_name": "Microsoft Azure", "sub_account_id": f"/subscriptions/{GUID}"}


def test_an_account_that_changes_its_spelling_is_no_news(lake: Lake) -> None:
    """Its costs neither end under the one spelling nor begin under the other."""
    before = [c for c in costs((), provider_name="Microsoft", sub_account_id=GUID) if c.day < SPIKE]
    after = [c for c in costs((), **WRITTEN) if c.day >= SPIKE]
    lake.deliver(*before, source="native")
    lake.deliver(*after, source="focus")
    outcome = run(lake)
    assert outcome.series_count == 1
    assert kept(lake) == []


def test_an_anomaly_of_another_spelling_is_known(lake: Lake) -> None:
    row = make_anomaly(lake.session, lake.organization, day=SPIKE, status="resolved", **WRITTEN)
    judge(lake, row, note="a test of load")
    lake.deliver(*costs(provider_name="Microsoft", sub_account_id=GUID))
    run(lake)
    assert [(each.id, each.note) for each in kept(lake)] == [(row.id, "a test of load")]
    assert alerts(lake) == []


def test_what_is_expected_of_an_account_is_so_in_any_spelling(lake: Lake) -> None:
    row = make_anomaly(lake.session, lake.organization, day=FIRST, impact=Decimal(600), **WRITTEN)
    judge(lake, row, is_expected=True)
    lake.deliver(*costs(provider_name="Microsoft", sub_account_id=GUID))
    outcome = run(lake)
    assert [result.disposition for result in outcome.episodes] == [Disposition.MUTED]
