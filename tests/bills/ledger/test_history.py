"""Which replaced deliveries are kept: whatever is undone, what was live before is still there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from costoptix.bills.formats.azure import AZURE
from costoptix.bills.ledger.history import kept
from costoptix.bills.ledger.precedence import Version, live_versions
from costoptix.bills.read.staged import Batch, Exported

START = datetime(2026, 3, 1, tzinfo=UTC)
DATASETS = [part.dataset for part in AZURE.datasets.parts] if AZURE.datasets else []


def version(number: int, **values: object) -> Version:
    at = START + timedelta(hours=number)
    return Version(
        id=str(number), delivered_at=at, created_at=at, first_day=date(2026, 3, 1),
        last_day=date(2026, 3, 31), import_id=str(number), **values,
    )  # fmt: skip


def whole(number: int) -> Version:
    return version(number)


def batch(number: int) -> Version:
    name = f"{number % 4}.csv"
    return version(number, batch=Batch(file_name=name, numbers=(str(number), str(number + 1))))


def exported(number: int) -> Version:
    at = START + timedelta(hours=number)
    return version(number, exported=Exported(first=at, last=at + timedelta(minutes=90)))


def of_dataset(number: int) -> Version:
    return version(number, family=AZURE.family, dataset=DATASETS[number % len(DATASETS)])


histories = st.sampled_from([whole, batch, exported, of_dataset]).flatmap(
    lambda make: st.permutations(range(12)).map(lambda order: [make(number) for number in order])
)


def test_of_months_written_anew_the_newest_are_kept() -> None:
    assert kept([whole(number) for number in range(9)], 6) == {"3", "4", "5", "6", "7", "8"}


def test_nothing_is_kept_of_no_history() -> None:
    assert kept([], 6) == set()


@given(histories, st.integers(1, 4))
def test_what_is_live_is_kept(history: list[Version], depth: int) -> None:
    assert {live.id for live in live_versions(history)} <= kept(history, depth)


@given(histories, st.integers(1, 4))
def test_after_as_many_undos_as_are_kept_a_month_is_what_it_would_be_with_all(
    history: list[Version], depth: int
) -> None:
    """Undo = the newest delivery goes, ``depth - 1`` times at most."""
    ids = kept(history, depth)
    everything = sorted(history, key=lambda each: each.order)
    for _ in range(depth):
        remaining = [each for each in everything if each.id in ids]
        assert live_versions(remaining) == live_versions(everything)
        everything.pop()
