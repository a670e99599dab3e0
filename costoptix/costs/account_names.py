"""What people call a cloud account: as the team named it, else as the newest bills do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cached_property

from sqlalchemy.orm import Session

from costoptix.clock import utc_today
from costoptix.costs.accounts import account_id, given_names
from costoptix.costs.answers import CostStore
from costoptix.costs.asking import Ask, asker
from costoptix.costs.query import CostQuery
from costoptix.failures import reason
from costoptix.lake.providers import account_of
from costoptix.models import Organization
from costoptix.periods import DateRange

_DAYS_BACK = (7, 45, 400)
"""Names are looked for in the bills of so many days, newest first: an account may be renamed."""

_ACCOUNT = ("provider_name", "sub_account_id", "sub_account_name")


class AccountNames:
    """The names of an organization's accounts (``slug:sub_account_id``), read when first asked for.

    Bills are asked only for an account that the team did not name; their answers are cached as all
    answers are.
    """

    def __init__(self, given: Callable[[], Mapping[str, str]], ask: Ask) -> None:
        self._read_given, self._ask = given, ask

    @classmethod
    def of(cls, session: Session, organization: Organization, store: CostStore) -> AccountNames:
        """Return those of an organization."""
        return cls(lambda: given_names(session, organization), asker(session, organization, store))

    def given(self, account: str) -> str | None:
        """Return the team's name of an account; None when it gave none."""
        return self._given.get(account_id(account))

    def name(self, account: str) -> str | None:
        """Return the team's name of an account, else the newest in the bills; None without."""
        return self.given(account) or self._billed.get(account)

    def of_number(self, number: str) -> str | None:
        """Return the name of the one account with this ``sub_account_id``; None of none or several.

        For what was kept without a provider, such as restatements.
        """
        accounts = [account for account in self._billed if account.partition(":")[2] == number]
        return self.name(accounts[0]) if len(accounts) == 1 else None

    @cached_property
    def _given(self) -> Mapping[str, str]:
        return self._read_given()

    @cached_property
    def _billed(self) -> Mapping[str, str]:
        """Where bills cannot be asked now, accounts go by their numbers: a name is no figure."""
        try:
            return self._from_bills()
        except Exception as error:
            reason(error, "the names of accounts")
            return {}

    def _from_bills(self) -> Mapping[str, str]:
        names: dict[str, str] = {}
        today = utc_today()
        for days in _DAYS_BACK:
            span = DateRange(today - timedelta(days=days - 1), today)
            in_span: dict[str, str] = {}
            for row in self._ask(CostQuery(span, group_by=_ACCOUNT)).rows:
                provider, number, name = row.group
                account = account_of(provider, number)
                in_span[account] = max(in_span.get(account, ""), name or "")
            names = {account: name for account, name in in_span.items() if name} | names
        return names
