"""Files in which public bug reports of billing tools are tried, each with its right value.

One folder of ``tests/data/cases`` is one report; its README says the source, what is tried and what
is right.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest
from sqlalchemy.orm import Session

from config import Config
from costoptix import clock
from costoptix.bills.ledger import listing, questions
from costoptix.bills.ledger.questions import Decision, Kind
from costoptix.bills.read.staged import Staged
from costoptix.costs import report
from costoptix.costs.answers import CostStore
from costoptix.costs.query import CostQuery
from costoptix.errors import Invalid
from costoptix.models import Import, Organization
from tests.bills.bill import ORDINARY, write
from tests.bills.formats.reading import charges, total
from tests.bills.read.test_archives import zipped
from tests.support.bills import DATA, Decide, Stage, TakeIn

CASES = DATA / "cases"


class Right(NamedTuple):
    """What a file must come to: rows, billed cost, periods, and the tags of its first charge."""

    rows: int
    billed: str
    period: str
    tags: dict[str, object] | None = None
    note: str | None = None  # words of the only note


SMALL = Right(3, "6.75", "2025-03", {"env": "prod"})
BOTH_PARTS = Right(20, "100", "2025-03", {"env": "prod"})


READ = {
    "01-tencent-utc8-period/nov.csv": Right(10, "12.5", "2025-11", {"env": "prod"}),
    "01-tencent-utc8-period/dec.csv": Right(5, "10", "2025-12", {"env": "prod"}),
    "02-bigquery-focus-view/view.csv": Right(3, "3.75", "2025-03", {"env": "prod"}),
    "02-bigquery-focus-view/view.jsonl": Right(3, "3.75", "2025-03", {"env": "prod"}),
    "02-bigquery-focus-view/view_notags.jsonl": Right(3, "3.75", "2025-03"),
    "03-parquet-types/dec256.parquet": SMALL,
    "03-parquet-types/tags_liststruct.parquet": SMALL,
    "04-semicolon-decimal-comma/semicolon_point.csv": SMALL,
    "05-tab-utf16-cp1252/tab.csv": SMALL,
    "05-tab-utf16-cp1252/utf16.csv": SMALL,
    "08-gz-members-zip-mac/p.csv": SMALL,
    "08-gz-members-zip-mac/two.csv.gz": SMALL,
    "08-gz-members-zip-mac/mac.zip": SMALL._replace(note="2 hidden files"),
    "08-gz-members-zip-mac/readme.zip": SMALL._replace(note="README.txt"),
    "08-gz-members-zip-mac/pdf.zip": SMALL._replace(note="invoice.pdf (a PDF)"),
    "09-sep-line-json-array/sep.csv": SMALL,
    "09-sep-line-json-array/array.json": SMALL,
    "09-sep-line-json-array/array_pretty.json": SMALL,
    "19-manifest-spaces-columns/nomanifest.zip": BOTH_PARTS,
    "19-manifest-spaces-columns/plain.zip": BOTH_PARTS,
    "19-manifest-spaces-columns/plus.zip": BOTH_PARTS,
    "19-manifest-spaces-columns/pct.zip": BOTH_PARTS,
    "19-manifest-spaces-columns/https.zip": BOTH_PARTS,
    "23-azure-tags-and-savings-plan/sp.csv": Right(5, "0.99", "2025-03"),
    "23-azure-tags-and-savings-plan/tags.csv": Right(
        10, "100", "2025-03", {"env": "prod"}, "Tags of 1 row could not be read: line 5."
    ),
    "38-gcp-shards-by-post/both.zip": Right(20, "20", "2025-03", {"team": "p", "env": "prod"}),
    "42-cur2-tags-column/a.csv": Right(2, "3", "2025-03", {"env": "prod", "accountTag/team": "a"}),
}
FORMS = {
    "arr0.csv": None,
    "athena.csv": {"env": "prod", "team": "a"},
    "braceless.csv": {"env": "prod", "team": "a"},
    "case.csv": {"Env": "a", "env": "b"},
    "dup.csv": {"env": "y"},
    "empty.csv": None,
    "emptykey.csv": {"": "v"},
    "emptyval.csv": {"env": ""},
    "list.csv": {"env": "prod"},
    "listpascal.csv": {"env": "prod"},
    "nested.csv": {"a": '{"b":1}'},
    "null.csv": None,
    "nullval.csv": {"a": None},
    "num.csv": {"env": "5"},
    "obj0.csv": None,
    "pyrepr.csv": {"env": "prod"},
    "true.csv": {"a": True},
    "unicode.csv": {"größe": "ä", "emoji": "🚀"},
}
"""The tags of the first of two charges, by the file of ``15-focus-tag-forms``."""

REFUSED = {
    "04-semicolon-decimal-comma/de.csv": "has a decimal comma",
    "04-semicolon-decimal-comma/comma_quoted.csv": "has a decimal comma",
    "05-tab-utf16-cp1252/cp1252.csv": "--encoding cp1252",
    "05-tab-utf16-cp1252/utf16le_nobom.csv": "--encoding utf-16-le",
}


HALVES = ("28-half-month-slices/first.csv", "28-half-month-slices/second.csv")
SHARDS = ("38-gcp-shards-by-post/000000000000.json", "38-gcp-shards-by-post/000000000001.json")
PARTS = ("19-manifest-spaces-columns/part1.csv", "19-manifest-spaces-columns/part2.csv")
CREDITS = ("40-month-on-credits/full.csv", "40-month-on-credits/broken.csv")
ORACLE = ("17-oci-two-exports/oci.csv", "17-oci-two-exports/oci_focus.csv")
MONTHS = ("41-azure-native-then-focus/feb.csv", "41-azure-native-then-focus/mar.csv")


def test_every_file_has_its_right_value() -> None:
    files = {f"{f.parent.name}/{f.name}" for f in CASES.glob("*/*") if f.name != "README"}
    forms = {f"15-focus-tag-forms/{name}" for name in FORMS}
    steps = {*HALVES, *SHARDS, *PARTS, *CREDITS, *ORACLE, *MONTHS}
    assert files == READ.keys() | REFUSED.keys() | forms | steps


def test_tags_in_any_form_cost_no_row(stage: Stage) -> None:
    """All of these files at once: each of two charges, the second with the tag ``z``."""
    folder = CASES / "15-focus-tag-forms"
    staged, staging = stage(zipped({name: (folder / name).read_bytes() for name in FORMS}))
    assert (staged.rows_kept, staged.rows_rejected) == (2 * len(FORMS), 0)
    assert total(staged) == 2 * len(FORMS)
    assert staged.notes == ()
    stored = [c.get("tags") for c in charges(staged, staging)]
    found = Counter(json.dumps(tags and json.loads(str(tags))) for tags in stored)
    assert found == Counter(map(json.dumps, [*FORMS.values(), *[{"z": "1"}] * len(FORMS)]))


@pytest.mark.parametrize("folder", sorted({Path(name).parent.name for name in READ}))
def test_a_file_is_read_to_its_right_value(folder: str, stage: Stage) -> None:
    for name, right in READ.items():
        if name.startswith(f"{folder}/"):
            staged, staging = stage(CASES / name)
            _expect(right, staged, staging, name)


def _expect(right: Right, staged: Staged, staging: Path, name: str) -> None:
    assert (staged.rows_read, staged.rows_kept, staged.rows_rejected) == (
        right.rows, right.rows, 0,
    ), name  # fmt: skip
    assert total(staged) == Decimal(right.billed), name
    assert {scope.billing_period.text for scope in staged.scopes} == {right.period}, name
    stored = charges(staged, staging)
    tags = [orjson.loads(str(c["tags"])) for c in stored if "tags" in c]
    assert right.tags is None or right.tags in tags, name
    assert {str(c["charge_category"]) for c in stored} <= {"Usage", "Tax", "Credit", "Adjustment"}
    assert [(right.note or "") in note for note in staged.notes] == [True] * bool(right.note), name


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_not_guessed_at_is_refused_with_the_way_out(name: str, stage: Stage) -> None:
    with pytest.raises(Invalid, match=REFUSED[name]):
        stage(CASES / name)


def test_a_named_encoding_is_read(stage: Stage) -> None:
    staged, _ = stage(CASES / "05-tab-utf16-cp1252/cp1252.csv", encoding="cp1252")
    assert (staged.rows_kept, staged.rows_rejected) == (61, 0)
    staged, _ = stage(CASES / "05-tab-utf16-cp1252/utf16le_nobom.csv", encoding="utf-16-le")
    assert (staged.rows_kept, total(staged)) == (3, Decimal("6.75"))


def test_what_a_savings_plan_covers_is_billed_by_the_plan(stage: Stage) -> None:
    staged, folder = stage(CASES / "23-azure-tags-and-savings-plan/sp.csv")
    plan = [c for c in charges(staged, folder) if c.get("commitment_discount_status")]
    assert {c["billed_cost"] for c in plan} == {0}
    assert sorted(c["effective_cost"] for c in plan) == [2, 4, 5]


Send = Callable[..., Import]


@pytest.fixture
def send(take_in: TakeIn) -> Send:
    """Take in files of a report by their names, as one drop."""

    def run(*names: str) -> Import:
        contents = [(CASES / name).read_bytes() for name in names]
        return take_in(*contents, name=Path(names[0]).name)

    return run


@pytest.fixture
def live(session: Session, acme: Organization, config: Config) -> Callable[[], Decimal]:
    """Ask what is billed of all time, in all currencies together."""
    store = CostStore(config.lake_dir, config.temp_dir)

    def ask() -> Decimal:
        session.rollback()
        dates = [("start_date", "2024-01-01"), ("end_date", "2026-12-31")]
        totals = report.run(session, acme, CostQuery.from_params(dates, clock.utc_today()), store)
        return sum((one.billed_cost for one in totals.totals), Decimal(0))

    return ask


def kind(row: Import) -> Kind | None:
    """Return what a waiting import asks."""
    question = questions.question_of(row)
    return question and question.kind


@pytest.mark.parametrize(
    ("names", "kinds", "decision", "billed"),
    [
        (HALVES, {Kind.PART}, Decision.ADD, "210"),
        (HALVES[::-1], {Kind.PART}, Decision.REPLACE, "100"),
        (SHARDS, {Kind.PART}, Decision.ADD, "20"),
        (PARTS, {Kind.PART}, Decision.ADD, "100"),
        (CREDITS, {Kind.REMOVAL, Kind.PART}, Decision.DISCARD, "0"),
        (ORACLE, {Kind.OVERLAP}, Decision.REPLACE, "0.4"),
        (ORACLE[::-1], {Kind.OVERLAP}, Decision.DISCARD, "0.4"),
    ],
)
def test_money_neither_goes_nor_comes_twice_without_an_answer(
    names: tuple[str, str], kinds: set[Kind], decision: Decision, billed: str,
    send: Send, live: Callable[[], Decimal], decide: Decide,
) -> None:  # fmt: skip
    first, second = names
    assert send(first).state == "live"
    before = live()
    row = send(second)
    assert (row.state, kind(row) in kinds) == ("waiting", True), row.message
    assert live() == before
    decide(row, decision)
    assert live() == Decimal(billed)


def test_parts_of_one_drop_are_one_delivery(send: Send, live: Callable[[], Decimal]) -> None:
    row = send(*PARTS)
    assert (row.state, row.rows_read, live()) == ("live", 20, 100)


def test_local_months_are_two_months(
    send: Send, session: Session, live: Callable[[], Decimal]
) -> None:
    rows = [send(f"01-tencent-utc8-period/{month}.csv") for month in ("nov", "dec")]
    assert [row.state for row in rows] == ["live", "live"]
    periods = [listing.periods(session, row)[0].billing_period.text for row in rows]
    assert (periods, live()) == (["2025-11", "2025-12"], Decimal("22.5"))


def test_an_account_is_one_over_the_move_to_focus(
    send: Send, session: Session, acme: Organization, config: Config
) -> None:
    for month in MONTHS:
        assert send(month).state == "live"
    account = "azure:aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb"
    params = [
        ("start_date", "2025-01-01"), ("end_date", "2025-12-31"), ("account", account),
        ("group_by", "sub_account_id"),
    ]  # fmt: skip
    store = CostStore(config.lake_dir, config.temp_dir)
    answer = report.run(session, acme, CostQuery.from_params(params, clock.utc_today()), store)
    assert [one.billed_cost for one in answer.totals] == [30]
    assert len(answer.rows) == 1


def period(start: str, end: str) -> bytes:
    """Write a bill of one charge of a billing period."""
    return write([{"BillingPeriodStart": start, "BillingPeriodEnd": end}])


PLAIN = write([{"BilledCost": "1.25"}, {"BilledCost": "2.5"}])
OBJECTS = json.dumps([dict(ORDINARY), dict(ORDINARY) | {"Tags": {"team": "b"}}]).encode()
URL_NAMES = {
    "month to date/part_0+a.csv": write([{"BilledCost": "1.25"}]),
    "month to date/part_1 b.csv": write([{"BilledCost": "2.5"}]),
    "month to date/manifest.json": json.dumps(
        {"blobs": [
            {"blobName": "x/month%20to%20date/part_0%2Ba.csv"},
            {"blobName": "x/month+to+date/part_1+b.csv"},
        ], "dataRowCount": 2},
    ).encode(),
}  # fmt: skip
WEB = {"team": "web"}
MORE = {
    "a month in New York": (
        period("2025-11-01T04:00:00Z", "2025-12-01T05:00:00Z"), Right(1, "1", "2025-11", WEB),
    ),
    "a month in Kolkata, its end inclusive": (
        period("2025-10-31T18:30:00Z", "2025-11-30T18:29:59Z"), Right(1, "1", "2025-11", WEB),
    ),
    "a week in Beijing": (
        period("2026-04-05T16:00:00Z", "2026-04-12T16:00:00Z"),
        Right(1, "1", "2026-04-06/2026-04-12", WEB),
    ),
    "semicolons in UTF-16": (
        PLAIN.decode().replace(",", ";").encode("utf-16"), Right(2, "3.75", "2026-03", WEB),
    ),
    "a separator that is named, in gzip": (
        gzip.compress(b"sep=|\r\n" + PLAIN.replace(b",", b"|")), Right(2, "3.75", "2026-03", WEB),
    ),
    "two gzip members, one header": (
        b"".join(map(gzip.compress, (PLAIN, b"".join(PLAIN.splitlines(keepends=True)[1:])))),
        Right(4, "7.5", "2026-03", WEB),
    ),
    "a list of objects beside a picture, in a zip": (
        zipped({"a/bill.json": OBJECTS, "a/logo.png": b"\x89PNG\r\n\x1a\n", "._a": b"\0"}),
        Right(2, "2", "2026-03", {"team": "b"}, "logo.png"),
    ),
    "names of a manifest as in a URL": (zipped(URL_NAMES), Right(2, "3.75", "2026-03", WEB)),
    "words in other cases, a map as Athena prints it": (
        write([{"ChargeCategory": " USAGE", "BillingCurrency": "usd", "Tags": "{team=web, a=b}"}]),
        Right(1, "1", "2026-03", {"team": "web", "a": "b"}),
    ),
    "a list cost that is none": (
        write([{"ListCost": "unknown"}, {}]),
        Right(2, "2", "2026-03", WEB, "The ListCost of 1 row"),
    ),
    "a dataset without charges beside a bill": (
        zipped({"bill.csv": PLAIN, "periods.csv": b"BillingPeriodStatus,BillingPeriodLastUpdated"}),
        Right(2, "3.75", "2026-03", WEB, "periods.csv (the dataset Billing Period of FOCUS)"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "right"), MORE.values(), ids=MORE)
def test_other_files_of_these_kinds_have_their_right_values(
    content: bytes, right: Right, stage: Stage
) -> None:
    staged, staging = stage(content)
    _expect(right, staged, staging, "")


def test_three_slices_of_a_month_add_up(
    take_in: TakeIn, live: Callable[[], Decimal], decide: Decide
) -> None:
    for number, days in enumerate((range(1, 11), range(11, 21), range(21, 32))):
        rows = [
            {"ChargePeriodStart": f"2026-03-{day:02}T00:00Z", "ResourceId": f"i-{day}"}
            for day in days
        ]
        row = take_in(write(rows))
        if number:
            assert (row.state, kind(row)) == ("waiting", Kind.PART)
            decide(row, Decision.ADD)
    assert live() == 31
