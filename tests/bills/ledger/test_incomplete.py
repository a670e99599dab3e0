"""What is said of a month while one of its two exports is missing."""

from __future__ import annotations

from sqlalchemy.orm import Session

from costoptix.access.permissions import Caller
from costoptix.bills.formats.azure import AZURE, Dataset
from costoptix.bills.ledger import undo
from costoptix.models import Organization
from tests.support.bills import TakeIn
from tests.support.datasets import ACTUAL, AMORTIZED, incomplete_months

LACKING = {
    dataset: AZURE.datasets.lacking({dataset}, {dataset})[dataset]
    for dataset in (Dataset.ACTUAL, Dataset.AMORTIZED)
}


def test_with_one_export_only_it_is_said_which_cost_lacks_what(
    take_in: TakeIn, session: Session, acme: Organization, operator: Caller
) -> None:
    actual = take_in(ACTUAL)
    assert incomplete_months(session, actual) == [LACKING[Dataset.ACTUAL]]
    amortized = take_in(AMORTIZED)
    assert incomplete_months(session, actual) == incomplete_months(session, amortized) == [None]
    undo.withdraw(session, acme, operator, actual)
    assert incomplete_months(session, amortized) == [LACKING[Dataset.AMORTIZED]]
    assert incomplete_months(session, actual) == [None]
