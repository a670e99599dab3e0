"""What stands on a bill beside use: credits, refunds and tax."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from costoptix.demo.catalogue import SERVICES, Product
from costoptix.demo.charges import (
    NOTHING,
    Row,
    account_columns,
    invoice_of,
    lump,
    period_of,
)
from costoptix.demo.company import ACCOUNTS, CompanyAccount, Provider
from costoptix.demo.story import CREDIT_A_DAY, Story
from costoptix.demo.usage import find_workload, usage_row
from costoptix.money import EXACT, rounded
from costoptix.periods import month_start


@dataclass(frozen=True, eq=False)
class Credit:
    """Money given back every day."""

    account: str
    service: str
    description: str
    amount: Decimal  # a day, in the account's currency
    ends: bool = False  # with the day before ``Story.credit_over``


@dataclass(frozen=True, eq=False)
class Refund:
    """Use taken back within the same billing period: a negative usage row."""

    account: str
    sku: str
    resource: str
    units: Decimal
    day_of_month: int
    months: tuple[int, ...]


CREDITS = (
    Credit("aws-prod", "ec2", "Migration programme credit", Decimal("9.50")),
    Credit("azure-dev", "vm", "Dev/test subscription credit", Decimal("1.80")),
    Credit("gcp-analytics", "bigquery", "Start-up programme credit", CREDIT_A_DAY, ends=True),
    Credit("gcp-apps", "gke", "Free tier: one zonal cluster", Decimal("2.40")),
)
REFUNDS = (
    Refund("aws-prod", "Data transfer out", "cdn-prod-01", Decimal(150), 18, (2, 4, 6, 8, 10, 12)),
    Refund("azure-europe", "Data stored", "sql-prod-01", Decimal(25), 9, (1, 4, 7, 10)),
    Refund("gcp-analytics", "Analysis", "warehouse-prod-01", Decimal(3), 22, (3, 6, 9, 12)),
)


def credits_of(provider: Provider, day: date, story: Story) -> Iterator[Row]:
    """Yield the credits given on ``day``."""
    for credit in CREDITS:
        account = ACCOUNTS[credit.account]
        is_over = credit.ends and day >= story.credit_over
        if account.provider is provider and not is_over:
            amount = -credit.amount
            yield {
                **_beside(account, SERVICES[credit.service], day),
                **lump(amount, listed=amount, contracted=amount),
                "ChargeCategory": "Credit",
                "ChargeDescription": credit.description,
                "ChargeFrequency": "Usage-Based",
            }


def refunds_of(provider: Provider, day: date) -> Iterator[Row]:
    """Yield the refunds of ``day``, as negative usage."""
    for refund in REFUNDS:
        is_due = day.day == refund.day_of_month and day.month in refund.months
        if is_due and ACCOUNTS[refund.account].provider is provider:
            workload = find_workload(refund.account, refund.sku)
            yield {
                **usage_row(workload, day, refund.resource, -refund.units),
                "ChargeDescription": f"Refund: {refund.sku}",
            }


def taxes_on(charges: Iterable[Row], provider: Provider, day: date) -> Iterator[Row]:
    """Yield the tax on ``charges``, a day's rows: one row per taxed account and service."""
    taxed = {
        account.id: account
        for account in ACCOUNTS.values()
        if account.provider is provider and account.tax_rate
    }
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [NOTHING] * 3)
    for row in charges:
        if row["SubAccountId"] in taxed:
            costs = [Decimal(row[name]) for name in ("BilledCost", "ListCost", "ContractedCost")]
            group = row["SubAccountId"], row["ServiceName"]
            sums[group] = [EXACT.add(*pair) for pair in zip(sums[group], costs, strict=True)]
    for (account_id, service_name), costs in sums.items():
        account = taxed[account_id]
        billed, listed, contracted = (_tax(account, cost) for cost in costs)
        if billed:
            yield {
                **_beside(account, _SERVICES_BY_NAME[service_name], day),
                **lump(billed, listed=listed, contracted=contracted),
                "ChargeCategory": "Tax",
                "ChargeDescription": f"Tax on {service_name}",
                "ChargeFrequency": "Usage-Based",
            }


_SERVICES_BY_NAME = {service.name: service for service in SERVICES.values()}


def _tax(account: CompanyAccount, cost: Decimal) -> Decimal:
    """Return the tax on ``cost``, rounded half away from zero to cents, as tax law has it."""
    return rounded(cost * account.tax_rate, 2)


def _beside(account: CompanyAccount, service: Product, day: date) -> dict[str, str]:
    return {
        **account_columns(account, service),
        **invoice_of(account, month_start(day)),
        **period_of(day),
    }
