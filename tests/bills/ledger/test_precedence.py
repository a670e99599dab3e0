"""Which deliveries of a month are live: the rule itself, on any deliveries in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from costoptix.bills.formats.azure import Dataset
from costoptix.bills.ledger.precedence import Version, live_versions, replaced
from costoptix.bills.read.staged import Batch, Exported

START = datetime(2026, 3, 1, tzinfo=UTC)


def version(name: str, hour: int = 0, **values: object) -> Version:
    days = {"first_day": date(2026, 3, 1), "last_day": date(2026, 3, 31)}
    at = START + timedelta(hours=hour)
    return Version(id=name, delivered_at=at, created_at=START, **(days | values))


def batch(name: str, hour: int, file_name: str, first: str, last: str, **days: date) -> Version:
    return version(name, hour, batch=Batch(file_name=file_name, numbers=(first, last)), **days)


def exported(name: str, first: int, last: int) -> Version:
    """A delivery whose rows were exported from hour ``first`` to hour ``last``."""
    span = Exported(first=START + timedelta(hours=first), last=START + timedelta(hours=last))
    return version(name, last, exported=span)


def live(*versions: Version) -> list[str]:
    return [each.id for each in live_versions(versions)]


def test_the_newest_tells_the_month() -> None:
    assert live(version("a", 2), version("b", 3), version("c", 1)) == ["b"]
    assert live() == []


def test_of_the_same_instant_what_was_made_later_here_is_newer() -> None:
    later = replace(version("a"), created_at=START + timedelta(seconds=1))
    assert live(later, version("b")) == ["a"]


def test_files_that_append_add_up() -> None:
    assert live(batch("a", 1, "1.csv", "a", "c"), batch("b", 2, "2.csv", "b", "d")) == ["a", "b"]


def test_a_file_of_the_same_numbers_takes_its_twin_s_place_whatever_its_name() -> None:
    first = batch("a", 1, "1.csv", "a", "c")
    assert live(first, batch("b", 2, "copy.csv", "a", "c"), batch("c", 3, "2.csv", "d", "e")) == [
        "b", "c",
    ]  # fmt: skip


def test_a_file_of_the_same_name_that_has_grown_takes_its_own_place() -> None:
    assert live(batch("a", 1, "cost.csv", "a", "c"), batch("b", 2, "cost.csv", "a", "f")) == ["b"]


def test_a_file_of_the_same_name_and_other_numbers_or_days_adds() -> None:
    first = batch("a", 1, "cost.csv", "a", "c", last_day=date(2026, 3, 1))
    assert live(first, batch("b", 2, "cost.csv", "d", "f")) == ["a", "b"]
    other_day = batch("b", 2, "cost.csv", "b", "f", first_day=date(2026, 3, 2))
    assert live(first, other_day) == ["a", "b"]


def test_a_month_told_whole_replaces_files_that_append() -> None:
    assert live(batch("a", 1, "1.csv", "a", "c"), version("b", 2)) == ["b"]


def test_rows_exported_after_all_that_are_live_add() -> None:
    assert live(exported("a", 1, 5), exported("b", 6, 9)) == ["a", "b"]


def test_rows_exported_before_one_that_is_live_tell_the_month_anew() -> None:
    assert live(exported("a", 1, 5), exported("b", 6, 9), exported("c", 1, 12)) == ["c"]
    assert live(exported("a", 1, 5), exported("b", 5, 9)) == ["b"]


def test_rows_that_do_not_say_when_they_were_exported_are_the_month() -> None:
    assert live(version("a", 1), exported("b", 6, 9)) == ["b"]
    assert live(exported("a", 6, 9), version("b", 10)) == ["b"]


def test_of_an_actual_export_beside_an_amortized_one_the_purchases_are_read() -> None:
    actual = version("actual", 1, family="azure", dataset=Dataset.ACTUAL)
    purchases = version("purchases", 1, family="azure", dataset=Dataset.PURCHASES)
    amortized = version("amortized", 2, family="azure", dataset=Dataset.AMORTIZED)
    assert live(actual, purchases) == ["actual"]
    assert live(actual, purchases, amortized) == ["amortized", "purchases"]
    assert live(
        actual, purchases, amortized, version("both", 3, family="azure", dataset=Dataset.BOTH)
    ) == ["both"]


def test_what_a_version_replaced_is_the_newest_that_gave_way() -> None:
    first, second = version("a", 1), version("b", 2)
    third = version("c", 3)
    assert replaced(third, (first, second)) == second
    assert replaced(first, (second, third)) is None
    assert replaced(exported("b", 6, 9), (exported("a", 1, 5),)) is None
    grown = batch("b", 2, "cost.csv", "a", "f")
    other = batch("c", 1, "other.csv", "k", "l")
    mine = batch("a", 1, "cost.csv", "a", "c")
    assert replaced(grown, (other, mine)) == mine


HOURS = st.integers(0, 5)
ANY = st.one_of(
    st.builds(version, st.uuids().map(str), HOURS),
    st.builds(version, st.uuids().map(str), HOURS, family=st.just("azure"),
              dataset=st.sampled_from(Dataset)),
    st.builds(
        batch, st.uuids().map(str), HOURS, st.sampled_from(["x", "y"]),
        st.sampled_from("ab"), st.sampled_from("cd"),
    ),
    st.builds(exported, st.uuids().map(str), st.integers(0, 3), st.integers(3, 6)),
)  # fmt: skip


IN_TWO_ORDERS = st.lists(ANY, max_size=6).flatmap(
    lambda found: st.tuples(st.just(found), st.permutations(found))
)


@given(IN_TWO_ORDERS)
def test_any_order_of_the_same_deliveries_ends_in_the_same(pair) -> None:
    found, shuffled = pair
    assert live(*found) == live(*shuffled)


@given(st.lists(ANY, min_size=1, max_size=6))
def test_what_is_newest_is_live(found) -> None:
    """But for the actual export, of which purchases alone are read beside an amortized one."""
    newest = max(found, key=lambda each: each.order)
    if newest.dataset not in (Dataset.ACTUAL, Dataset.PURCHASES):
        assert newest.id in live(*found)


@given(st.lists(ANY, max_size=6))
def test_what_is_not_live_could_be_left_out(found) -> None:
    names = live(*found)
    assert live(*(each for each in found if each.id in names)) == names
