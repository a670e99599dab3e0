"""Acme Cloud's bills: the same every time, and lawful as FOCUS 1.0."""

import csv
import gzip
import json
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest

from costoptix.anomalies.causes import by_cause, members
from costoptix.anomalies.detect import Method, Settings
from costoptix.anomalies.episodes import judge
from costoptix.anomalies.service import AUTOMATIC_DAYS
from costoptix.costs.answers import DailySeries
from costoptix.demo.catalogue import SERVICES
from costoptix.demo.charges import COLUMNS
from costoptix.demo.company import ACCOUNTS, AWS, AZURE, GOOGLE, PROVIDERS
from costoptix.demo.generator import day_charges, months, write_bills
from costoptix.demo.incidents import INCIDENTS
from costoptix.demo.story import CLUSTER, CREDIT_A_DAY, Story
from costoptix.periods import DateRange

END = date(2026, 11, 22)
YEAR = DateRange(date(2026, 3, 1), date(2027, 2, 28))  # one term of every commitment
STORY = Story(YEAR.last)

NEVER_NULL = [
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "ContractedCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory",
    "ChargeDescription",
    "ChargeFrequency",
    "InvoiceIssuerName",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
]
PRICED = ("PricingQuantity", "PricingUnit", "ListUnitPrice", "ContractedUnitPrice")


def read(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def amount(rows, column):
    return sum(Decimal(row[column]) for row in rows)


@pytest.fixture(scope="module")
def year():
    """Every charge of one year, with all columns."""
    return [
        {column: row.get(column, "") for column in COLUMNS}
        for day in YEAR
        for provider in PROVIDERS
        for row in day_charges(provider, day, STORY)
    ]


@pytest.fixture(scope="module")
def bills(tmp_path_factory):
    return write_bills(tmp_path_factory.mktemp("bills"), END, months=2)


def test_months_end_with_the_month_of_the_end():
    assert months(date(2026, 1, 31), 3) == [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)]
    assert len(months(END)) == 13


def test_there_is_one_file_per_month_and_provider(bills):
    assert [path.name for path in bills] == [
        f"{slug}-{month}.csv.gz"
        for month in ("2026-10", "2026-11")
        for slug in ("aws", "azure", "gcp")
    ]


def test_the_same_question_gives_the_same_bytes(bills, tmp_path):
    again = write_bills(tmp_path, END, months=2)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in bills]


def test_another_seed_gives_other_amounts():
    assert day_charges(AWS, END, Story(END, "other")) != day_charges(AWS, END, Story(END))


def test_a_later_end_of_the_same_story_only_adds_days(bills, tmp_path):
    later = write_bills(tmp_path, date(2026, 11, 24), months=2, story=Story(END))
    for before, after in zip(bills[:3], later[:3], strict=True):
        assert after.read_bytes() == before.read_bytes()
    for before, after in zip(bills[3:], later[3:], strict=True):
        rows = read(before)
        assert read(after)[: len(rows)] == rows
        added = {row["ChargePeriodStart"][:10] for row in read(after)[len(rows) :]}
        assert added == {"2026-11-23", "2026-11-24"}


def test_the_last_day_is_the_end(bills):
    for path in bills[3:]:
        assert max(row["ChargePeriodStart"] for row in read(path)) == "2026-11-22T00:00:00Z"


def test_a_file_holds_one_billing_period_and_one_billing_account(bills):
    for path in bills:
        rows = read(path)
        month = path.name.split("-", 1)[1][:7]
        assert {row["BillingPeriodStart"] for row in rows} == {f"{month}-01T00:00:00Z"}
        assert len({row["BillingAccountId"] for row in rows}) == 1


def test_what_focus_demands_is_never_null(year):
    for row in year:
        assert all(row[column] for column in NEVER_NULL)
        if row["ChargeCategory"] in ("Usage", "Purchase"):
            assert all(row[column] for column in PRICED)


def test_costs_are_unit_price_times_quantity_to_the_last_digit(year):
    for row in year:
        if row["PricingQuantity"]:
            quantity = Decimal(row["PricingQuantity"])
            assert Decimal(row["ListCost"]) == Decimal(row["ListUnitPrice"]) * quantity
            assert Decimal(row["ContractedCost"]) == Decimal(row["ContractedUnitPrice"]) * quantity


def test_discounts_only_ever_lower_the_price_of_usage(year):
    for row in year:
        if row["ChargeCategory"] == "Usage" and Decimal(row["PricingQuantity"]) > 0:
            costs = [
                Decimal(row[column]) for column in ("ListCost", "ContractedCost", "EffectiveCost")
            ]
            assert costs == sorted(costs, reverse=True)
            assert costs[0] > costs[1]


def test_amounts_fit_the_store_without_rounding(year):
    columns = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
    assert all(Decimal(row[name]).as_tuple().exponent >= -18 for row in year for name in columns)


def test_what_was_committed_is_used_or_unused_to_the_cent(year):
    by_commitment = defaultdict(list)
    for row in year:
        if row["CommitmentDiscountId"]:
            by_commitment[row["CommitmentDiscountId"]].append(row)
    assert len(by_commitment) == 4
    for rows in by_commitment.values():
        bought = [row for row in rows if row["ChargeCategory"] == "Purchase"]
        spent = [row for row in rows if row["ChargeCategory"] == "Usage"]
        assert amount(spent, "EffectiveCost") == amount(bought, "BilledCost") > 0
        assert amount(bought, "EffectiveCost") == amount(spent, "BilledCost") == 0
        assert {row["CommitmentDiscountStatus"] for row in spent} == {"Used", "Unused"}
        assert {row["PricingCategory"] for row in spent} == {"Committed"}
        assert {row["CommitmentDiscountStatus"] for row in bought} == {""}


def test_unused_commitment_consumes_nothing(year):
    for row in year:
        if row["CommitmentDiscountStatus"] == "Unused":
            assert (row["ConsumedQuantity"], row["ConsumedUnit"]) == ("", "")
            assert row["ResourceId"] == row["CommitmentDiscountId"]


def test_one_billing_account_has_two_currencies(year):
    currencies = defaultdict(set)
    for row in year:
        currencies[row["ProviderName"]].add(row["BillingCurrency"])
    assert currencies == {
        AWS.name: {"USD"},
        AZURE.name: {"USD", "EUR"},
        GOOGLE.name: {"USD"},
    }


def test_refunds_are_negative_usage(year):
    refunds = [row for row in year if row["ChargeDescription"].startswith("Refund")]
    assert {row["ProviderName"] for row in refunds} == {AWS.name, AZURE.name, GOOGLE.name}
    assert all(row["ChargeCategory"] == "Usage" for row in refunds)
    assert all(Decimal(row["BilledCost"]) < 0 for row in refunds)


def test_credits_are_negative_and_taxes_are_not(year):
    categories = defaultdict(list)
    for row in year:
        categories[row["ChargeCategory"]].append(Decimal(row["EffectiveCost"]))
    assert max(categories["Credit"]) < 0
    assert amount([row for row in year if row["ChargeCategory"] == "Tax"], "BilledCost") > 0
    assert set(categories) == {"Usage", "Purchase", "Credit", "Tax"}


def test_tags_have_gaps_and_near_duplicates(year):
    usage = [row for row in year if row["ConsumedQuantity"]]
    keys = {key for row in usage for key in json.loads(row["Tags"] or "{}")}
    assert {"team", "Team", "org", " org", "env"} <= keys
    untagged = sum(1 for row in usage if not row["Tags"])
    assert 0.05 < untagged / len(usage) < 0.4


def test_account_ids_keep_their_leading_zeros(year):
    assert any(row["SubAccountId"].startswith("0") for row in year)


def test_a_machine_runs_at_most_a_day_a_day(year):
    hours = defaultdict(Decimal)
    for row in year:
        if row["ConsumedUnit"] == "Hours" and row["ServiceName"].endswith("Compute Cloud"):
            hours[row["ResourceId"], row["ChargePeriodStart"]] += Decimal(row["ConsumedQuantity"])
    assert max(hours.values()) <= 24


@pytest.fixture(scope="module")
def found(year):
    """The findings of the last 90 days, by detection as it runs by itself: (service, account)."""
    series = defaultdict(lambda: defaultdict(Decimal))
    for row in year:
        key = row["ProviderName"], row["ServiceName"], row["SubAccountId"], row["BillingCurrency"]
        day = date.fromisoformat(row["ChargePeriodStart"][:10])
        series[key][day] += Decimal(row["EffectiveCost"])

    def read_series(_query, _metric):
        for (*group, currency), amounts in series.items():
            yield DailySeries(tuple(group), currency, tuple(sorted(amounts.items())))

    days = DateRange(YEAR.last - timedelta(days=AUTOMATIC_DAYS - 1), YEAR.last)
    episodes = by_cause(judge(YEAR, read_series, days, Settings(Method.ADAPTIVE)).episodes)
    return [part for episode in episodes for part in members(episode)]


def finding(found, account, service, day):
    name, number = SERVICES[service].name, ACCOUNTS[account].id
    matching = [
        episode
        for episode in found
        if (episode.series.service_name, episode.series.sub_account_id) == (name, number)
        and day in episode.days
    ]
    assert len(matching) == 1, (account, service, day)
    return matching[0]


def is_near(episode, a_day):
    return abs(episode.impact - a_day * episode.days.length) < 10 * episode.days.length


def test_each_incident_of_the_last_ninety_days_is_found_on_its_day(found):
    recent = [incident for incident in INCIDENTS if incident.begins < AUTOMATIC_DAYS]
    assert len(recent) > 25
    for incident in recent:
        day = STORY.day(incident.begins)
        episode = finding(found, incident.account, incident.service, day)
        assert (episode.days.first, episode.days.length) == (day, incident.days)


def test_little_else_is_found(found):
    assert len(found) <= len([one for one in INCIDENTS if one.begins < AUTOMATIC_DAYS]) + 5


def test_the_forgotten_cluster_is_found_on_its_first_day_at_its_price(found):
    episode = finding(found, "aws-staging", "ec2", STORY.day(CLUSTER.begins))
    assert episode.days.first == STORY.day(CLUSTER.begins)
    assert is_near(episode, Decimal("205.70"))
    assert episode.severity == "critical"


def test_the_credit_that_ended_is_found_on_the_day_after_its_last(found):
    episode = finding(found, "gcp-analytics", "bigquery", STORY.credit_over)
    assert episode.days.first == STORY.credit_over
    assert is_near(episode, CREDIT_A_DAY)
