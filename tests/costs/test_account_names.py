"""What accounts are called: by the team, else by the newest bills."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from costoptix import clock
from costoptix.access.permissions import Caller
from costoptix.costs import accounts
from costoptix.costs.account_names import AccountNames
from costoptix.costs.accounts import AccountDraft, account_id
from tests.support.lake import Charge, Lake


@pytest.fixture(autouse=True)
def _today() -> None:
    clock.configure("2026-03-20T12:00:00Z")


def names(lake: Lake) -> AccountNames:
    return AccountNames.of(lake.session, lake.organization, lake.store)


def test_a_renamed_account_has_its_newest_name(lake: Lake) -> None:
    lake.deliver(
        Charge(day=date(2025, 6, 1), sub_account_name="Zoo"),
        Charge(day=date(2026, 2, 20), sub_account_name="Old"),
        Charge(day=date(2026, 3, 18), sub_account_name="New"),
        Charge(day=date(2025, 6, 1), sub_account_id="222", sub_account_name="Lab"),
        Charge(sub_account_id="333", sub_account_name=None),
    )
    found = names(lake)
    assert [found.name(f"aws:{number}") for number in (111, 222, 333, 444)] == [
        "New", "Lab", None, None,
    ]  # fmt: skip
    assert [found.of_number(number) for number in ("111", "333")] == ["New", None]


def test_a_number_of_two_clouds_names_no_account(lake: Lake) -> None:
    lake.deliver(Charge(day=date(2026, 3, 18), sub_account_name="One"))
    lake.deliver(Charge(day=date(2026, 3, 18), sub_account_name="Two", provider_name="Microsoft"))
    assert names(lake).of_number("111") is None


def test_the_team_s_name_comes_first(lake: Lake, operator: Caller) -> None:
    lake.deliver(Charge(day=date(2026, 3, 18), sub_account_name="New"))
    accounts.rename(
        lake.session, lake.organization, operator, account_id("aws:111"),
        AccountDraft(name="Ours"), lake.store,
    )  # fmt: skip
    assert (names(lake).given("aws:111"), names(lake).name("aws:111")) == ("Ours", "Ours")


def test_accounts_go_by_their_numbers_where_bills_cannot_be_asked(lake: Lake) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError

    assert AccountNames(dict, fails).name("aws:111") is None
