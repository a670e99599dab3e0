"""How budgets stand: kept by the job, as of a version of the data and a day."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select

from costoptix import clock, drafts
from costoptix.access.permissions import Caller
from costoptix.budgets import job, service, standings
from costoptix.budgets.drafts import BudgetChange, BudgetDraft
from costoptix.budgets.standings import BudgetOrder
from costoptix.models import BudgetState, Job
from tests.support.budgets import keep_budget, statements
from tests.support.lake import Charge, Lake, new_organization


def listed(lake: Lake, order: BudgetOrder = BudgetOrder.NAME) -> list[standings.ListedBudget]:
    """The budgets of the lake's organization."""
    return standings.list_budgets(lake.session, lake.organization, order, limit=1000)


def test_a_standing_is_of_one_version_of_the_data_and_one_day(lake: Lake) -> None:
    lake.deliver(Charge(billed_cost=Decimal(85)))
    keep_budget(lake.session, lake.organization)
    (before,) = listed(lake)
    assert (before.standing, before.is_current) == (None, False)
    standings.keep_all(lake.session, lake.organization, lake.store)
    (now,) = listed(lake)
    assert (now.figures.state, now.figures.current_spend) == (BudgetState.WARNING, 85)
    assert now.is_current
    lake.deliver(Charge(billed_cost=Decimal(10)), source="others")
    (after,) = listed(lake)
    assert (after.figures.current_spend, after.is_current) == (85, False)
    standings.keep_all(lake.session, lake.organization, lake.store)
    (renewed,) = listed(lake)
    assert (renewed.figures.current_spend, renewed.is_current) == (95, True)
    clock.configure("2026-03-21T00:00:01Z")
    assert not listed(lake)[0].is_current


def test_an_organization_is_due_until_each_of_its_budgets_stands_as_of_now(lake: Lake) -> None:
    new_organization(lake.session)  # has no budget
    keep_budget(lake.session, lake.organization)
    job.make_due(lake.session)
    job.make_due(lake.session)
    (due,) = lake.session.scalars(select(Job))
    assert (due.kind, due.organization_id) == (job.JOB_KIND, lake.organization.id)
    standings.keep_all(lake.session, lake.organization, lake.store)
    assert standings.organizations_due(lake.session) == []
    lake.deliver(Charge())
    assert standings.organizations_due(lake.session) == [lake.organization.id]
    standings.keep_all(lake.session, lake.organization, lake.store)
    clock.configure("2026-03-21T00:00:01Z")
    assert standings.organizations_due(lake.session) == [lake.organization.id]


def test_a_change_gives_a_budget_its_standing_at_once(lake: Lake, writer: Caller) -> None:
    lake.deliver(Charge(billed_cost=Decimal(85)))
    draft = drafts.read(BudgetDraft, {"name": "All", "amount": "100", "currency": "USD"})
    budget = service.create(lake.session, lake.organization, writer, draft, lake.store)
    assert listed(lake)[0].figures.state is BudgetState.WARNING
    changed = drafts.read(BudgetChange, {"amount": "50"})
    service.change(lake.session, lake.organization, writer, budget, changed, lake.store)
    assert listed(lake)[0].figures.state is BudgetState.EXCEEDED


def test_a_budget_that_is_changed_while_the_job_computes_keeps_the_standing_of_its_change(
    lake: Lake, writer: Caller
) -> None:
    lake.deliver(Charge(billed_cost=Decimal(85)))
    budget = keep_budget(lake.session, lake.organization)
    changed = drafts.read(BudgetChange, {"amount": "50"})
    read, is_changed = lake.store.engine.read, []

    def read_slowly(*args: object) -> object:
        if not is_changed:
            is_changed.append(True)
            service.change(lake.session, lake.organization, writer, budget, changed, lake.store)
        return read(*args)

    lake.store.engine.read = read_slowly
    standings.keep_all(lake.session, lake.organization, lake.store)
    assert listed(lake)[0].figures.state is BudgetState.EXCEEDED


def test_a_budget_that_could_not_be_computed_may_get_another_name(
    lake: Lake, writer: Caller
) -> None:
    huge = Charge(billed_cost=Decimal("9e19"))
    lake.deliver(huge)
    lake.deliver(huge, source="others")
    budget = keep_budget(lake.session, lake.organization)
    changed = drafts.read(BudgetChange, {"name": "Another"})
    service.change(lake.session, lake.organization, writer, budget, changed, lake.store)
    (row,) = listed(lake)
    assert row.budget.name == "Another"
    assert row.error.startswith("cannot be computed: ")


def test_pages_of_a_sorted_list_hold_every_budget_once(lake: Lake) -> None:
    lake.deliver(Charge(billed_cost=Decimal(85)))
    for number in range(25):
        amount = Decimal(10 ** (number % 4) + number % 3)
        keep_budget(lake.session, lake.organization, name=f"Budget {number:02}", amount=amount)
    keep_budget(lake.session, lake.organization, name="Broken", account="aws")
    standings.keep_all(lake.session, lake.organization, lake.store)
    keep_budget(lake.session, lake.organization, name="Not computed yet")
    for order in BudgetOrder:
        whole = [row.budget.name for row in listed(lake, order)]
        paged: list[str] = []
        after = None
        while rows := standings.list_budgets(
            lake.session, lake.organization, order, limit=4, after=after
        ):
            paged += [row.budget.name for row in rows]
            after = standings.position(rows[-1], order)
        assert paged == whole
        assert len(set(paged)) == 27
        if order is BudgetOrder.MOST_USED:
            assert set(paged[-2:]) == {"Broken", "Not computed yet"}


def test_a_list_asks_the_cost_store_nothing(lake: Lake) -> None:
    lake.deliver(Charge())
    for number in range(100):
        keep_budget(lake.session, lake.organization, name=f"Budget {number}")
    standings.keep_all(lake.session, lake.organization, lake.store)
    with statements() as asked:
        assert len(listed(lake, BudgetOrder.MOST_USED)) == 100
    assert asked == []
